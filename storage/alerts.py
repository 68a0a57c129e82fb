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

    async def silences(self, run: str) -> list[bytes]:
        """Return the silences that were not ended, by id."""
        rows = await self._rows(
            "select definition from silences where run = %s and definition is not null order by id", [run]
        )
        return [definition for (definition,) in rows]
