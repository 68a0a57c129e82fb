"""One client's stream: what it asked for, where it is, and the bytes that come next."""

from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass

import msgspec
import structlog

from api.cursor import Cursor, after, decode
from api.frames import RETRY, Event, frame
from api.hub import Hub
from api.reading import Reader
from riskcore.errors import TailwatchError
from storage.outbox import ALL
from storage.rows import EventRow

KINDS = ("risk", "alert", "job", "status")
STORED_KINDS = frozenset(KINDS) - {"status"}
CHUNK_BYTES = 64 * 1024
"""Given to a connection at once: one event, or as many as fit; the newest of each job and the status come on top."""
UNCONFLATED = 100
PAGE = 500
LONGEST_WAIT_S = 30.0
RETRY_DATABASE_S = 1.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a client asked for; empty portfolios means all."""

    portfolios: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset(KINDS)

    def has(self, event: Event) -> bool:
        return event.kind in self.kinds and (not self.portfolios or event.portfolio in self.named)

    @property
    def named(self) -> frozenset[str]:
        """The portfolios as events name them: what is about all concerns each."""
        return self.portfolios | {ALL} if self.portfolios else self.portfolios


def newest_of_each(events: Iterable[Event]) -> list[Event]:
    """Leave out snapshots that a newer one of the same portfolio replaces; all else stays, in order.

    The figures of a bar and those between bars do not replace each other: they are prices of different moments.
    """
    kept: dict[object, Event] = {}
    for event in events:
        key = (event.portfolio, event.transient) if event.kind == "risk" else event.id
        kept.pop(key, None)
        kept[key] = event
    return list(kept.values())


class Following:
    """Follows the hub for one client, from a cursor or from the present.

    The state is a position that only grows, so no event comes twice; whatever lies behind it is looked
    up, in memory or in the database, so none is left out. A slow client stays at its position for longer,
    and then gets the newest snapshot of each portfolio but every alert. ``on_given`` hears, by run and ids, of the
    alerts that the client has taken out of our hands.
    """

    def __init__(
        self,
        hub: Hub,
        reader: Reader,
        wanted: Wanted,
        cursor: str | None,
        on_given: Callable[[str, Sequence[int]], None] = lambda _run, _alerts: None,
    ) -> None:
        self._hub = hub
        self._reader = reader
        self._wanted = wanted
        self._cursor = cursor
        self._generation: int | None = None
        self._position = 0
        self._target = 0
        self._snapshots: list[Event] = []
        self._pending: deque[tuple[bytes, int]] = deque()
        self._on_given = on_given
        self._run = ""
        self._given: list[int] = []
        self._status_number = 0
        self._job_number = 0
        self._database_away = False

    async def frames(self) -> AsyncIterator[bytes]:
        """Yield whole events, one or several at a time, until the hub is drained."""
        yield RETRY
        while not self._hub.closing:
            if not self._pending:
                await self._refill()
            chunk = self._chunk() + self._jobs() + self._status()
            if chunk:
                yield chunk
                if self._given:
                    self._on_given(self._run, self._given)
                    self._given = []
            else:
                await self._news()

    def _chunk(self) -> bytes:
        parts: list[bytes] = []
        size = 0
        while self._pending and (not parts or size + len(self._pending[0][0]) <= CHUNK_BYTES):
            bytes_of_it, alert = self._pending.popleft()
            parts.append(bytes_of_it)
            size += len(bytes_of_it)
            if alert:
                self._given.append(alert)
        return b"".join(parts)

    def _status(self) -> bytes:
        if self._status_number == self._hub.status_number:
            return b""
        self._status_number = self._hub.status_number
        return self._hub.status if "status" in self._wanted.kinds else b""

    def _jobs(self) -> bytes:
        jobs, before = self._hub.jobs, self._job_number
        self._job_number = jobs.number
        wanted, portfolios = "job" in self._wanted.kinds, self._wanted.portfolios
        if not wanted or before == jobs.number:
            return b""
        return b"".join(told.frame for told in jobs.since(before) if not portfolios or told.portfolio in portfolios)

    async def _news(self) -> None:
        if self._database_away:
            await self._hub.change(RETRY_DATABASE_S)
            return
        generation = self._hub.generation if self._generation is None else self._generation
        await self._hub.news(generation, self._position, self._status_number, self._job_number, LONGEST_WAIT_S)

    async def _refill(self) -> None:
        try:
            await self._look_up()
        except TailwatchError as error:
            log.debug("stream waits for the database", error=str(error))
            self._database_away = True
        else:
            self._database_away = False

    async def _look_up(self) -> None:
        if self._hub.run is None:
            return
        if self._generation != self._hub.generation:
            await self._begin()
        elif self._position < self._target:
            await self._page()
        elif (recent := self._hub.recent(self._position)) is None:
            await self._look_back()
        else:
            self._queue(newest_of_each(event for event in recent if self._wanted.has(event)))
            self._position = max(self._position, self._hub.head)

    def _queue(self, events: Iterable[Event]) -> None:
        assert self._hub.run is not None
        self._run = self._hub.run.run
        self._pending.extend((event.frame, event.id if event.kind == "alert" else 0) for event in events)

    async def _begin(self) -> None:
        generation = self._hub.generation
        reason = "run_changed"
        if self._generation is None:
            if self._cursor is None:
                reason = ""
            elif isinstance(verdict := await self._judge(self._cursor), str):
                reason = verdict
            elif generation == self._hub.generation:
                self._generation, self._position = generation, verdict
                return
            else:
                return
        self._generation = self._hub.generation
        self._present(reason)

    def _present(self, reason: str) -> None:
        if reason:
            self._pending.append((frame("reset", msgspec.json.encode({"schema": 1, "reason": reason})), 0))
        latest = sorted(self._hub.latest.values())
        self._queue(event for event in latest if self._wanted.has(event))
        self._position = self._hub.head
        self._target = 0

    async def _judge(self, text: str) -> int | str:
        """Give the position that a cursor stands for, or the reason for a reset."""
        run, cursor = self._hub.run, decode(text)
        if cursor is None or run is None:
            return "invalid_cursor"
        if cursor.run != run.run:
            return "other_run"
        oldest = await self._reader.oldest_id(run.run)
        if cursor.id < oldest - 1:
            return "too_old"
        if cursor.id < oldest or cursor.id == 0:
            return cursor.id
        rows = await self._reader.events_after(run.run, cursor.id - 1, limit=1)
        return _place_of(cursor, run.run, rows)

    async def _look_back(self) -> None:
        target = self._hub.head
        snapshots = sorted(self._hub.latest.values())
        events = await self._stored(self._wanted.kinds & STORED_KINDS, UNCONFLATED)
        if events is None:
            return
        if len(events) < UNCONFLATED:
            self._queue(events)
            self._position = max([target, *(event.id for event in events[-1:])])
            return
        self._target = target
        self._snapshots = [event for event in snapshots if self._wanted.has(event)]
        await self._page()

    async def _page(self) -> None:
        events = await self._stored(self._wanted.kinds & STORED_KINDS - {"risk"}, PAGE)
        if events is None:
            return
        reached = events[-1].id if len(events) == PAGE else self._target
        reached = min(reached, self._target)
        both = [*events, *self._snapshots]
        self._queue(sorted(event for event in both if self._position < event.id <= reached))
        self._position = reached

    async def _stored(self, kinds: frozenset[str], limit: int) -> list[Event] | None:
        """Read behind the position; None when the run has changed meanwhile."""
        run, generation = self._hub.run, self._hub.generation
        rows: Iterable[EventRow] = ()
        if run is not None and kinds:
            portfolios = sorted(self._wanted.named) or None
            rows = await self._reader.events_after(run.run, self._position, portfolios, sorted(kinds), limit)
        return [self._hub.encoded(row) for row in rows] if generation == self._hub.generation else None


def _place_of(cursor: Cursor, run: str, rows: Sequence[EventRow]) -> int | str:
    """Judge a cursor by the first event at or behind it."""
    if not rows:
        return "unknown_cursor"
    if rows[0].id != cursor.id:
        return "too_old"
    return cursor.id if after(run, rows[0].id, rows[0].payload) == cursor else "other_run"
