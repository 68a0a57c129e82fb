"""Why VaR moved between two moments: sums of what each snapshot says of itself."""

from storage.pool import Pool
from storage.rows import AsOfRow, PartsRow

_AS_OF = """
select id, event_ns, (payload ->> 'seq')::bigint, payload -> 'measures' from risk_snapshots
where run = %(run)s and portfolio = %(portfolio)s and event_time <= moment(%(at)s) and event_ns <= %(at)s
    {with_a_figure} order by event_time desc, id desc limit 1
"""
_FIRST = """
select id, event_ns, (payload ->> 'seq')::bigint, payload -> 'measures' from risk_snapshots
where run = %(run)s and portfolio = %(portfolio)s {with_a_figure} order by event_time, id limit 1
"""
_WITH_A_FIGURE = """
and exists (
    select from json_array_elements(payload -> 'measures') as measure
    where measure ->> 'method' = %(method)s and (measure ->> 'confidence')::float8 = %(confidence)s
        and measure ->> 'var' is not null
)
"""
# A bar's figures are stored behind those between bars that are of a later moment, so the chain is one of ids; the
# bound on time is there for the index.
_PARTS = """
select
    count(*),
    coalesce(sum((part ->> 'trades')::float8), 0),
    coalesce(sum((part ->> 'prices')::float8), 0),
    coalesce(sum((part ->> 'covariance')::float8), 0),
    coalesce(sum((part ->> 'scenarios')::float8), 0)
from risk_snapshots cross join lateral json_array_elements(payload -> 'explain') as part
where run = %(run)s and portfolio = %(portfolio)s and id > %(after)s and id <= %(until)s
    and event_time >= moment(%(since)s) - interval '1 day' and part ->> 'method' = %(method)s
    and (part ->> 'confidence')::float8 = %(confidence)s
"""


class Explanations(Pool):
    """Reads the parts that are stored with each snapshot."""

    async def as_of(self, run: str, portfolio: str, at: int) -> AsOfRow | None:
        """Return the last snapshot until a moment of event time."""
        parameters = {"run": run, "portfolio": portfolio, "at": at}
        rows = await self._rows(_AS_OF.format(with_a_figure=""), parameters)
        return AsOfRow(*rows[0]) if rows else None

    async def begin(self, run: str, portfolio: str, at: int, method: str, confidence: float) -> AsOfRow | None:
        """Return the last snapshot with such a figure until a moment of event time, or the first that has one."""
        parameters = {"run": run, "portfolio": portfolio, "at": at, "method": method, "confidence": confidence}
        for query in (_AS_OF, _FIRST):
            rows = await self._rows(query.format(with_a_figure=_WITH_A_FIGURE), parameters)
            if rows:
                return AsOfRow(*rows[0])
        return None

    async def explained(
        self, run: str, portfolio: str, first: AsOfRow, last: AsOfRow, method: str, confidence: float
    ) -> PartsRow:
        """Add up the parts of the snapshots behind ``first``, up to and with ``last``. O(snapshots between)."""
        rows = await self._rows(
            _PARTS,
            {
                "run": run, "portfolio": portfolio, "after": first.id, "until": last.id, "since": first.event_time,
                "method": method, "confidence": confidence,
            },
        )  # fmt: skip
        return PartsRow(*rows[0])
