"""What the API reads of limits, alerts and silences."""

from collections.abc import Sequence
from typing import NamedTuple

from storage.pool import Pool


class StoredLimit(NamedTuple):
    """A limit and where it stands, both JSON."""

    name: str
    definition: bytes
    standing: bytes


class StoredAlert(NamedTuple):
    id: int
    portfolio: str
    payload: bytes


class Alerts(Pool):
    """The queries on limits and alerts."""

    async def limits(self, run: str, portfolio: str) -> list[StoredLimit]:
        """Return the limits of a portfolio that are in force, by name."""
        rows = await self._rows(
            "select name, definition, standing from limits where run = %s and portfolio = %s"
            " and definition is not null order by name",
            [run, portfolio],
        )
        return [StoredLimit(*row) for row in rows]

    async def alert(self, run: str, name: str) -> StoredAlert | None:
        """Return the event of this alert id."""
        rows = await self._rows(
            "select id, portfolio, payload from outbox where run = %s and kind = 'alert' and payload->>'id' = %s",
            [run, name],
        )
        return StoredAlert(*rows[0]) if rows else None

    async def alerts(
        self, run: str, *, since: int, after: int, portfolios: Sequence[str] | None, limit: int
    ) -> list[StoredAlert]:
        """Return events of alerts in the order in which they were told, with an id above `after`.

        `since` is event time in nanoseconds; None for `portfolios` is all.
        """
        rows = await self._rows(
            "select id, portfolio, payload from outbox where run = %(run)s and kind = 'alert' and id > %(after)s"
            " and event_ns >= %(since)s and (%(portfolios)s::text[] is null or portfolio = any(%(portfolios)s))"
            " order by id limit %(limit)s",
            {
                "run": run,
                "after": after,
                "since": since,
                "portfolios": None if portfolios is None else list(portfolios),
                "limit": limit,
            },
        )
        return [StoredAlert(*row) for row in rows]

    async def note_received(self, places: Sequence[tuple[str, int]]) -> None:
        """Note that somebody was given the alerts of these runs and ids."""
        await self._rows(
            "insert into received (run, id) select * from unnest(%s::text[], %s::bigint[]) on conflict do nothing"
            " returning 1",
            [[run for run, _ in places], [number for _, number in places]],
        )

    async def undelivered(self, run: str) -> int:
        """Return how many alerts of the last seven days nobody was given; acknowledgements are answers themselves."""
        rows = await self._rows(
            "select count(*) from outbox o where o.run = %s and o.kind = 'alert'"
            " and o.event_time > clock_timestamp() - interval '7 days'"
            " and o.payload->>'state' is distinct from 'acknowledged'"
            " and not exists (select from received r where r.run = o.run and r.id = o.id)",
            [run],
        )
        return int(rows[0][0])

    async def silences(self, run: str) -> list[bytes]:
        """Return the silences that were not ended, by id."""
        rows = await self._rows(
            "select definition from silences where run = %s and definition is not null order by id", [run]
        )
        return [definition for (definition,) in rows]
