"""What the API reads."""

from collections.abc import Sequence

from riskcore.errors import InputError
from storage.pool import Pool
from storage.rows import EventRow, HistoryRow, PartRow, PositionRow, Progress, RunRow, TokenRow
from storage.tokens import CLOSE_SESSION, FIND, OPEN_SESSION, token_row

MAX_BUCKETS = 5_000
"""The longest series that one call of the history gives."""

_SECOND = 1_000_000_000
_AHEAD = 60 * _SECOND
"""A venue's clock may run ahead of ours: so much later may the event time of a figure be than its publication."""


class Reads(Pool):
    """The queries of the API on one pool of connections.

    ::

        async with Reads(url) as reads:
            event = await reads.latest_risk("live", "main")
    """

    async def newest_run(self) -> str | None:
        """Return the run registered last."""
        rows = await self._rows("select run from runs order by registered desc limit 1")
        return rows[0][0] if rows else None

    async def run(self, run: str) -> RunRow | None:
        rows = await self._rows(
            "select run, kind, settings, settings_hash, nanoseconds(registered) from runs where run = %s",
            [run],
        )
        return RunRow(*rows[0]) if rows else None

    async def portfolios(self, run: str) -> list[EventRow]:
        """Return the last snapshot of each portfolio, by name. One index lookup for each."""
        rows = await self._rows(
            "with recursive names as ("
            " (select portfolio from risk_snapshots where run = %(run)s order by portfolio limit 1)"
            " union all select (select s.portfolio from risk_snapshots s where s.run = %(run)s"
            " and s.portfolio > n.portfolio order by s.portfolio limit 1)"
            " from names n where n.portfolio is not null)"
            " select s.id, 'risk', n.portfolio, s.payload, s.transient from names n cross join lateral ("
            " select id, payload, transient from risk_snapshots where run = %(run)s and portfolio = n.portfolio"
            " order by event_time desc, id desc limit 1) s order by n.portfolio",
            {"run": run},
        )
        return [EventRow(*row) for row in rows]

    async def latest_risk(self, run: str, portfolio: str) -> EventRow | None:
        """Return the last snapshot of a portfolio; its id is the cursor to go on from."""
        rows = await self._rows(
            "select id, 'risk', portfolio, payload, transient from risk_snapshots where run = %s and portfolio = %s"
            " order by event_time desc, id desc limit 1",
            [run, portfolio],
        )
        return EventRow(*rows[0]) if rows else None

    async def events_after(
        self,
        run: str,
        after: int,
        portfolios: Sequence[str] | None = None,
        kinds: Sequence[str] | None = None,
        limit: int = 500,
    ) -> list[EventRow]:
        """Return up to `limit` events with an id above `after`, in order; None: all portfolios, all kinds."""
        rows = await self._rows(
            "select o.id, o.kind, o.portfolio, coalesce(o.payload, s.payload), coalesce(s.transient, false)"
            " from outbox o left join risk_snapshots s on o.kind = 'risk' and s.run = o.run"
            " and s.portfolio = o.portfolio and s.event_time = o.event_time and s.id = o.id"
            " where o.run = %(run)s and o.id > %(after)s"
            " and (%(portfolios)s::text[] is null or o.portfolio = any(%(portfolios)s))"
            " and (%(kinds)s::text[] is null or o.kind = any(%(kinds)s)) order by o.id limit %(limit)s",
            {
                "run": run,
                "after": after,
                "portfolios": None if portfolios is None else list(portfolios),
                "kinds": None if kinds is None else list(kinds),
                "limit": limit,
            },
        )
        return [EventRow(*row) for row in rows]

    async def oldest_id(self, run: str) -> int:
        """Return the id of the oldest event kept, 0 where there is none."""
        rows = await self._rows("select coalesce(min(id), 0) from outbox where run = %s", [run])
        return int(rows[0][0])

    async def newest_id(self, run: str) -> int:
        """Return the id of the newest event, 0 where there is none."""
        rows = await self._rows("select coalesce(max(id), 0) from outbox where run = %s", [run])
        return int(rows[0][0])

    async def risk_history(self, run: str, portfolio: str, start: int, end: int, resolution_s: int) -> list[HistoryRow]:
        """Return the last snapshot of each bucket of `resolution_s` in [`start`, `end`), by event time.

        Buckets begin at multiples of the resolution since 1970; empty ones are left out. One index lookup a
        bucket, however many snapshots there are.

        Raises
        ------
        InputError
            The range is empty or has more than ``MAX_BUCKETS`` buckets.
        """
        step = resolution_s * 1_000_000
        first = start // 1000 // step * step
        buckets = -(-(end // 1000 - first) // step)
        _check_range(start, end, resolution_s, buckets)
        rows = await self._rows(
            "select b.number, s.event_ns, s.id, (s.payload->>'market_value')::float8,"
            " (s.payload->>'pnl_today')::float8, s.payload->'measures'"
            " from (select number, moment((%(first)s::bigint + number * %(step)s::bigint) * 1000) as since"
            "   from generate_series(0, %(buckets)s - 1) number) b"
            " cross join lateral (select event_ns, id, payload from risk_snapshots"
            "   where run = %(run)s and portfolio = %(portfolio)s and event_time >= b.since"
            "   and event_time < b.since + %(step)s::bigint * interval '1 microsecond'"
            "   and event_ns >= %(start)s and event_ns < %(end)s"
            "   order by event_time desc, id desc limit 1) s order by b.number",
            {
                "run": run, "portfolio": portfolio, "first": first, "step": step, "buckets": buckets,
                "start": start, "end": end,
            },
        )  # fmt: skip
        return [HistoryRow((first + number * step) * 1000, *rest) for number, *rest in rows]

    async def first_moment(self, run: str, portfolio: str) -> int | None:
        """Return the event time of the oldest snapshot kept of a portfolio, None where there is none."""
        rows = await self._rows(
            "select event_ns from risk_snapshots where run = %s and portfolio = %s order by event_time, id limit 1",
            [run, portfolio],
        )
        return int(rows[0][0]) if rows else None

    async def risk_as_of(self, run: str, portfolio: str, known: int) -> EventRow | None:
        """Return what was last known of a portfolio at the moment `known`, by when it was published.

        Not what is known today of that moment: a figure that was published later is left out, however old its event
        time. To the microsecond. A replay publishes at no moment, so nothing of it is found.
        """
        rows = await self._rows(
            "select id, 'risk', portfolio, payload, transient from risk_snapshots"
            " where run = %(run)s and portfolio = %(portfolio)s and event_time <= moment(%(latest)s)"
            " and (payload->>'published_at')::timestamptz <= moment(%(known)s)"
            " order by event_time desc, id desc limit 1",
            {"run": run, "portfolio": portfolio, "known": known, "latest": known + _AHEAD},
        )
        return EventRow(*rows[0]) if rows else None

    async def positions(self, run: str, portfolio: str) -> list[PositionRow]:
        """Return a portfolio's positions by symbol."""
        rows = await self._rows(
            "select portfolio, symbol, quantity, average_price, multiplier, currency, desk, journal_offset"
            " from positions where run = %s and portfolio = %s order by symbol",
            [run, portfolio],
        )
        return [PositionRow(*row) for row in rows]

    async def books(self, run: str, portfolios: Sequence[str]) -> list[PositionRow]:
        """Return the positions of some portfolios, all as of one moment, by portfolio and symbol."""
        rows = await self._rows(
            "select portfolio, symbol, quantity, average_price, multiplier, currency, desk, journal_offset"
            " from positions where run = %s and portfolio = any(%s) order by portfolio, symbol",
            [run, list(portfolios)],
        )
        return [PositionRow(*row) for row in rows]

    async def token(self, digest: bytes) -> TokenRow | None:
        """Return whom a secret of this digest stands for, None where it is not, or no longer, good."""
        rows = await self._rows(FIND, [digest])
        return token_row(rows[0]) if rows else None

    async def open_session(self, digest: bytes, token: bytes, lifetime_s: float) -> TokenRow | None:
        """Make a session of a good token that ends with it; None where the token is not good."""
        rows = await self._rows(OPEN_SESSION, [digest, lifetime_s, token])
        return token_row(rows[0]) if rows else None

    async def close_session(self, digest: bytes) -> None:
        """End a session, and forget those that have ended by themselves."""
        await self._rows(CLOSE_SESSION, [digest])

    async def parts(self) -> list[PartRow]:
        """Return the last sign of life of every part, by name."""
        rows = await self._rows(
            "select part, run, state, nanoseconds(beat),"
            " extract(epoch from clock_timestamp() - beat)::float8 from parts order by part"
        )
        return [PartRow(*row) for row in rows]

    async def archive_progress(self, run: str) -> Progress:
        """Return how far the archive is, with counts since the run began: a rate is the difference of two."""
        rows = await self._rows(
            "select journal_offset, null::bytea, ticks, refused from archive_progress where run = %s", [run]
        )
        return Progress(*rows[0]) if rows else Progress(-1, None, 0, 0)

    async def ping(self) -> None:
        """Ask the database for a sign of life."""
        await self._rows("select 1")


def _check_range(start: int, end: int, resolution_s: int, buckets: int) -> None:
    if end <= start:
        raise InputError("the end of the history must lie after its start")
    if buckets > MAX_BUCKETS:
        finest = -(-(end - start) // (_SECOND * (MAX_BUCKETS - 1)))
        raise InputError(
            f"a resolution of {resolution_s} s makes {buckets} points, at most {MAX_BUCKETS} are given:"
            f" take {finest} s or more, or a shorter range"
        )
