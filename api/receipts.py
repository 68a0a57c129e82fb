"""Notes which alerts somebody was given, so that those that nobody was given can be counted."""

import asyncio
from collections.abc import Iterable

import structlog

from api.reading import Reader
from riskcore.errors import TailwatchError

MOST = 10_000
"""Receipts in memory: while the database is away, and those noted lately."""
_AT_ONCE = 1_000
_RETRY_S = 1.0

log = structlog.get_logger(__name__)


class Receipts:
    """Takes note in memory, and stores it beside the streams: no reader waits for it.

    What is lost on the way, by a kill or while the database is away for long, counts as given to nobody.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._fresh: dict[tuple[str, int], None] = {}
        self._stored: dict[tuple[str, int], None] = {}
        self._some = asyncio.Event()

    def note(self, run: str, alerts: Iterable[int]) -> None:
        """Note that somebody was given these alerts, by their ids in the outbox. Costs O(alerts)."""
        for number in alerts:
            place = run, number
            if place not in self._stored and len(self._fresh) < MOST:
                self._fresh[place] = None
        if self._fresh:
            self._some.set()

    async def follow(self) -> None:
        """Store what is noted, until cancelled."""
        while True:
            await self._some.wait()
            batch = list(self._fresh)[:_AT_ONCE]
            try:
                await self._reader.note_received(batch)
            except TailwatchError as error:
                log.debug("receipts wait for the database", error=str(error))
                await asyncio.sleep(_RETRY_S)
                continue
            for place in batch:
                self._stored[place] = self._fresh.pop(place)
            while len(self._stored) > MOST:
                del self._stored[next(iter(self._stored))]
            if not self._fresh:
                self._some.clear()
