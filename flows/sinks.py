"""Where the risk flow ends: a file of NDJSON, or the outbox of the database."""

import heapq
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any, BinaryIO

from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition

from flows.actors.merge import Merged
from flows.alongside import Alongside
from flows.encoding import encode_alert, encode_alert_line, encode_event, encode_line
from flows.insistence import Insistence
from flows.messages import Accepted, Checkpoint, End, FeedBatch, Gap, Moment, Refused
from flows.messages import Event as FlowEvent
from flows.timestamps import format_timestamp, parse_timestamp
from storage.archive import ArchiveStore
from storage.outbox import OutboxStore
from storage.rows import AnswerRow, OutboxRow, PositionRow, Written


class _Partition(StatefulSinkPartition[Merged, None]):
    def snapshot(self) -> None:
        return None


class _NdjsonPartition(_Partition):
    """Writes lines sorted by (event time, portfolio).

    Figures between bars run ahead of the bar that is not closed yet, by the lateness; they wait until it is.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._waiting: list[tuple[int, str, int, bytes]] = []
        self._count = 0

    def write_batch(self, items: list[Merged]) -> None:
        for item in items:
            if isinstance(item, Moment):
                for snapshot in item.snapshots:
                    self._push(item.event_time, snapshot.portfolio, encode_line(snapshot))
                for alert in item.alerts:
                    self._push(parse_timestamp(alert.event_time), alert.portfolio, encode_alert_line(alert))
                if item.snapshots and item.snapshots[0].moment == "bar":
                    self._release(item.event_time)

    def _push(self, event_time: int, portfolio: str, line: bytes) -> None:
        self._count += 1
        heapq.heappush(self._waiting, (event_time, portfolio, self._count, line))

    def _release(self, until: int) -> None:
        while self._waiting and self._waiting[0][0] <= until:
            self._file.write(heapq.heappop(self._waiting)[-1])

    def close(self) -> None:
        while self._waiting:
            self._file.write(heapq.heappop(self._waiting)[-1])


class NdjsonSink(FixedPartitionedSink[Merged, None]):
    """One line of JSON a snapshot, free of everything that a wall clock decides."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def list_parts(self) -> list[str]:
        return ["file"]

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> _NdjsonPartition:
        return _NdjsonPartition(self._file)


class _OutboxPartition(_Partition):
    """Hands batches to a thread that stores them in their order, and checkpoints behind what it has stored.

    One transaction at a time is on its way; the flow goes on with the next batch, and answers questions, meanwhile.
    """

    def __init__(
        self,
        store: OutboxStore,
        checkpoint: Callable[[tuple[Checkpoint, ...]], None],
        on_stored: Callable[[Moment], None],
        storing: Insistence,
        answering: Insistence,
        clock: Callable[[], int] | None,
    ) -> None:
        self._store, self._checkpoint, self._on_stored = store, checkpoint, on_stored
        self._storing, self._answering = storing, answering
        self._clock = clock
        self._offset, self._ordinal = -1, 0
        self._alongside = Alongside("outbox")

    def write_batch(self, items: list[Merged]) -> None:
        self._answer([item for item in items if isinstance(item, AnswerRow)])
        told = [item for item in items if not isinstance(item, AnswerRow)]
        if told:
            self._alongside.give(partial(self._store_all, told))

    def close(self) -> None:
        self._alongside.close()

    def _store_all(self, told: list[Moment | tuple[Checkpoint, ...]]) -> None:
        moments: list[Moment] = []
        for item in told:
            if isinstance(item, Moment):
                moments.append(item)
            elif self._stored(moments):
                moments = []
                stored = self._store.newest.journal_offset
                self._checkpoint(tuple(part._replace(stored=stored) for part in item))
        self._stored(moments)

    def _answer(self, answers: list[AnswerRow]) -> None:
        if answers:
            self._answering.insist(partial(self._store.answer_questions, answers))

    def _stored(self, moments: list[Moment]) -> bool:
        answers = [answer for moment in moments for answer in moment.said.answers]
        rows = [row for moment in moments for row in self._rows(moment)]
        stated, changed = _newest_positions(moments)
        trades = [trade for moment in moments for trade in moment.said.trades]
        limits = [row for moment in moments for row in moment.limits]
        silences = [row for moment in moments for row in moment.silences]
        verdicts = [verdict for moment in moments for verdict in moment.said.verdicts]
        named: dict[str, Any] = {"answers": answers, "limits": limits, "silences": silences, "verdicts": verdicts}
        named["instruments"] = [row for moment in moments for row in moment.said.instruments]
        if any((rows, stated, trades, changed, *named.values())):
            self._storing.insist(partial(self._store.write, rows, stated, trades, changed, **named))
        if self._storing.given_up:
            return False
        if moments:
            self._on_stored(moments[-1])
        return True

    def _published(self, moment: Moment) -> tuple[str | None, float | None]:
        if self._clock is None:
            return None, None
        now = self._clock()
        return format_timestamp(now), round((now - moment.event_time) / 1e6, 3)

    def _rows(self, moment: Moment) -> list[OutboxRow]:
        if moment.offset != self._offset:
            self._offset, self._ordinal = moment.offset, 0
        published, lag_ms = self._published(moment)
        first = self._ordinal
        self._ordinal += len(moment.snapshots) + len(moment.alerts)
        risk = [
            OutboxRow(
                snapshot.portfolio,
                moment.offset,
                "risk",
                ordinal,
                moment.event_time,
                encode_event(snapshot, published, lag_ms),
                transient=snapshot.moment == "tick",
            )
            for ordinal, snapshot in enumerate(moment.snapshots, first)
        ]
        return risk + _alert_rows(moment, first + len(risk))


def _alert_rows(moment: Moment, first: int) -> list[OutboxRow]:
    """Behind the figures that caused them, in the same transaction."""
    return [
        OutboxRow(
            alert.portfolio,
            moment.offset,
            "alert",
            ordinal,
            parse_timestamp(alert.event_time),
            encode_alert(alert),
        )
        for ordinal, alert in enumerate(moment.alerts, first)
    ]


def _newest_positions(moments: list[Moment]) -> tuple[list[PositionRow], list[PositionRow]]:
    """Whole books as they are after these moments, and single positions of other books."""
    books: dict[str, dict[str, PositionRow]] = {}
    singles: dict[tuple[str, str], PositionRow] = {}
    for moment in moments:
        stated: dict[str, dict[str, PositionRow]] = {}
        for row in moment.said.holdings:
            stated.setdefault(row.portfolio, {})[row.symbol] = row
        books |= stated
        for row in moment.said.changed:
            if row.portfolio in books:
                books[row.portfolio][row.symbol] = row
            else:
                singles[row.portfolio, row.symbol] = row
    single = [row for (portfolio, _), row in singles.items() if portfolio not in books]
    return [row for book in books.values() for row in book.values()], single


class OutboxSink(FixedPartitionedSink[Merged, None]):
    """Stores snapshots as events for the clients, and a checkpoint only behind what is stored.

    A batch is one transaction. What an earlier run stored already is recognised by its place in the journal. ``clock``
    tells when events are published; None for a recording, whose figures have no such moment.
    """

    def __init__(
        self,
        store: OutboxStore,
        stopping: Event,
        checkpoint: Callable[[tuple[Checkpoint, ...]], None] = lambda _: None,
        on_stored: Callable[[Moment], None] = lambda _: None,
        clock: Callable[[], int] | None = time.time_ns,
    ) -> None:
        self._storing = Insistence("outbox", stopping)
        self._arguments = (store, checkpoint, on_stored, self._storing, Insistence("answers", stopping), clock)

    @property
    def trouble(self) -> str | None:
        """Why nothing can be stored at present; None while all is well."""
        return self._storing.trouble

    def list_parts(self) -> list[str]:
        return ["outbox"]

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> _OutboxPartition:
        return _OutboxPartition(*self._arguments)


class _ArchivePartition(StatefulSinkPartition[FeedBatch, None]):
    """Holds batches until one carries the decoder's state or ends a recording; one transaction stores them with it.

    One transaction at a time is on its way, in a thread of its own: the next ones are read and decoded meanwhile.
    """

    def __init__(
        self, store: ArchiveStore, on_stored: Callable[[FeedBatch, Written], None], storing: Insistence
    ) -> None:
        self._store, self._on_stored, self._storing = store, on_stored, storing
        self._events: list[FlowEvent] = []
        self._alongside = Alongside("archive")

    def write_batch(self, items: list[FeedBatch]) -> None:
        for batch in items:
            self._events += batch.events
            is_last = not batch.events or isinstance(batch.events[-1], End)
            if batch.state is not None or is_last:
                events, self._events = self._events, []
                self._alongside.give(partial(self._commit, batch, events))
            if is_last:
                self._alongside.wait()

    def close(self) -> None:
        self._alongside.close()

    def _commit(self, batch: FeedBatch, events: list[FlowEvent]) -> None:
        accepted = [event for event in events if isinstance(event, Accepted)]
        refused = [event for event in events if isinstance(event, Refused)]
        gaps = [event for event in events if isinstance(event, Gap)]
        written: list[Written] = []

        def write() -> None:
            written.append(self._store.write(accepted, refused, gaps, batch.offset, batch.state))

        if self._storing.insist(write):
            self._on_stored(batch, written[0])

    def snapshot(self) -> None:
        return None


class ArchiveSink(FixedPartitionedSink[FeedBatch, None]):
    """Stores ticks, refused ticks and gaps, each exactly once: the archive's offset is in the same transaction."""

    def __init__(
        self,
        store: ArchiveStore,
        stopping: Event,
        on_stored: Callable[[FeedBatch, Written], None] = lambda _batch, _written: None,
    ) -> None:
        self._store, self._on_stored = store, on_stored
        self._storing = Insistence("archive", stopping)

    @property
    def trouble(self) -> str | None:
        """Why nothing can be stored at present; None while all is well."""
        return self._storing.trouble

    def list_parts(self) -> list[str]:
        return ["archive"]

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> _ArchivePartition:
        return _ArchivePartition(self._store, self._on_stored, self._storing)


@contextmanager
def whole_file(path: Path, stopping: Event | None = None) -> Iterator[BinaryIO]:
    """A file that appears in its place when it is whole: after an error, or when told to stop, there is none."""
    partial = path.with_name(path.name + ".partial")
    try:
        with partial.open("wb") as file:
            yield file
        if stopping is None or not stopping.is_set():
            partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
