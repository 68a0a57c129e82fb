"""Reads every stored event once and keeps the newest in memory, for all streams of this process.

A stream is nothing but a position. What it has missed is looked up here, or in the database when it is
further behind than memory reaches. So a slow reader costs no queue, and between past and present there is
neither hole nor double.
"""

import asyncio
import re
from collections import Counter, deque
from collections.abc import Callable, Sequence
from contextlib import aclosing

import structlog

from api import cursor
from api.cursor import Cursor
from api.frames import Event, frame
from api.jobs import JobBoard
from api.reading import Reader
from api.settings import ApiSettings
from riskcore.errors import TailwatchError
from storage.rows import EventRow, RunRow

PAGE = 500
FARTHEST = 5_000
RUN_CHECK_S = 1.0
_BREAK = re.compile(rb"[\r\n]")
ONE_LINE = bytes.maketrans(b"\r\n", b"  ")
"""In JSON line breaks stand between tokens only, where a space says the same."""

log = structlog.get_logger(__name__)


class Hub:
    """The present state of one run, and the events that led to it.

    Attributes
    ----------
    run
        The run that is shown; None before there is one.
    head
        Id of the newest event seen. ``latest`` holds the newest snapshot of each portfolio as of it.
    generation
        Grows when the events before are no longer those of the run shown: streams then begin anew.
    trouble
        Why the database cannot be read; None while it can.
    """

    def __init__(
        self, reader: Reader, settings: ApiSettings, on_event: Callable[[Event], None] = lambda _: None
    ) -> None:
        self._reader, self._on_event = reader, on_event
        self._settings = settings
        self._recent: deque[Event] = deque()
        self._tail = 0
        self._head_cursor = ""
        self._changed = asyncio.Event()
        self._run_checked = float("-inf")
        self.run: RunRow | None = None
        self.head = 0
        self.generation = 0
        self.latest: dict[str, Event] = {}
        self.jobs = JobBoard(reader)
        self.status = b""
        self.status_number = 0
        self.trouble: str | None = "the database has not answered yet"
        self.closing = False
        self.clients = 0
        self.clients_of: Counter[str] = Counter()
        self.published = 0
        self.kept_bytes = 0

    @property
    def cursor(self) -> str | None:
        """The place behind the newest event; None before there is a run."""
        return self._head_cursor or None

    def encoded(self, row: EventRow) -> Event:
        """Make the event that goes to clients; its payload is the stored bytes, on one line."""
        assert self.run is not None
        place = cursor.encode(cursor.after(self.run.run, row.id, row.payload))
        payload = row.payload.translate(ONE_LINE) if _BREAK.search(row.payload) else row.payload
        return Event(row.id, row.portfolio, row.kind, place, frame(row.kind, payload, place), row.transient)

    def recent(self, position: int) -> list[Event] | None:
        """List the events behind a position, oldest first; None when memory does not reach so far back.

        Costs O(events behind the position).
        """
        if position < self._tail:
            return None
        found: list[Event] = []
        for event in reversed(self._recent):
            if event.id <= position:
                break
            found.append(event)
        found.reverse()
        return found

    async def news(self, generation: int, position: int, status_number: int, job_number: int, longest_s: float) -> None:
        """Wait until there is something that a stream at this place has not seen, or so long."""
        unseen = self.head > position or self.status_number > status_number or self.jobs.number > job_number
        if not (unseen or self.generation != generation or self.closing):
            await self.change(longest_s)

    async def change(self, longest_s: float) -> None:
        """Wait for the next change of anything, or so long."""
        changed = self._changed
        try:
            async with asyncio.timeout(longest_s):
                await changed.wait()
        except TimeoutError:
            return

    def publish_status(self, payload: bytes) -> None:
        """Hand a new ``status`` event to every stream."""
        self.status = frame("status", payload)
        self.status_number += 1
        self._wake()

    def drain(self) -> None:
        """End every stream after the event it is at."""
        self.closing = True
        self._wake()

    async def follow_jobs(self) -> None:
        """Keep up with the jobs until cancelled."""
        await self.jobs.follow(self._wake)

    async def follow(self) -> None:
        """Keep up with the database until cancelled, through its restarts."""
        async with aclosing(self._reader.notifications()) as notifications:
            async for notification in notifications:
                run = self.run
                if notification is None or run is None or notification.run != run.run:
                    self._run_checked = float("-inf")
                try:
                    await self._advance()
                except TailwatchError as error:
                    self._note(str(error))

    async def _advance(self) -> None:
        await self._check_run()
        while self.run is not None:
            rows = await self._reader.events_after(self.run.run, self.head, limit=PAGE)
            self._publish([self.encoded(row) for row in rows])
            if len(rows) < PAGE:
                break
            if await self._reader.newest_id(self.run.run) - self.head > FARTHEST:
                await self._load(self.run)
        self._note(None)

    async def _check_run(self) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._run_checked < RUN_CHECK_S:
            return
        name = self._settings.run or await self._reader.newest_run()
        run = None if name is None else await self._reader.run(name)
        if run is not None and (self.run is None or run.run != self.run.run or await self._lost_its_head(run)):
            await self._load(run)
            self.generation += 1
            self._wake()
        self._run_checked = now

    async def _lost_its_head(self, run: RunRow) -> bool:
        return await self._cursor_of(run, self.head) != self._head_cursor

    async def _cursor_of(self, run: RunRow, identifier: int) -> str:
        rows = await self._reader.events_after(run.run, identifier - 1, limit=1) if identifier else ()
        if rows and rows[0].id == identifier:
            return cursor.encode(cursor.after(run.run, identifier, rows[0].payload))
        return cursor.encode(Cursor(run.run, 0, 0)) if identifier == 0 else ""

    async def _load(self, run: RunRow) -> None:
        newest = await self._reader.newest_id(run.run)
        rows = await self._reader.portfolios(run.run)
        head = max([newest, *(row.id for row in rows)])
        head_cursor = await self._cursor_of(run, head)
        self.run, self.head, self._tail, self._head_cursor = run, head, head, head_cursor
        self.latest = {row.portfolio: self.encoded(row) for row in rows}
        self._recent.clear()
        self.kept_bytes = 0
        self._wake()

    def _publish(self, events: Sequence[Event]) -> None:
        for event in events:
            if event.kind == "risk":
                self.latest[event.portfolio] = event
            self._recent.append(event)
            self.kept_bytes += len(event.frame)
            self.head, self._head_cursor = event.id, event.cursor
            self._on_event(event)
        while self.kept_bytes > self._settings.keep_bytes:
            dropped = self._recent.popleft()
            self.kept_bytes -= len(dropped.frame)
            self._tail = dropped.id
        if events:
            self.published += len(events)
            self._wake()

    def _note(self, trouble: str | None) -> None:
        if trouble is not None and self.trouble is None:
            log.warning("the database cannot be read; trying again", reason=trouble)
        if trouble != self.trouble:
            self.trouble = trouble
            self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
