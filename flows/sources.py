"""Where a flow begins: one partition that reads the journal, or the records of files, in batches.

Checkpoints are decided by offsets and stamps of the records alone, so two runs over the same journal put them
behind the same records. Bytewax's own recovery is not used: a source is told where to begin.
"""

from bisect import bisect_left
from collections.abc import Iterable
from itertools import islice
from operator import attrgetter
from pathlib import Path
from threading import Event
from typing import NamedTuple

from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition

from flows.journal import Appender, JournalError, JournalReader
from flows.messages import Record
from flows.pace import WAIT_S, Pace
from flows.questions import Inbox, Question

BATCH = 1000
FIRST_CHECKPOINT = 1000
_stamp = attrgetter("stamp")


class SourceBatch(NamedTuple):
    """Records in journal order, and whether actors attach their state behind the last of them."""

    records: list[Record]
    checkpoint: bool
    offset: int
    """Of the last record up to here, and its stamp."""
    stamp: int
    questions: tuple[Question, ...] = ()
    """To be answered as of the last record."""


class Checkpoints(NamedTuple):
    """Where checkpoints are due: behind every ``records``-th record and each ``period_ns`` of stamps."""

    records: int = 100_000
    period_ns: int = 60_000_000_000
    when_behind: bool = True
    """Whether the period counts, too, where a whole batch could be read at once, so that more is waiting."""

    def cut(self, records: list[Record], previous_stamp: int) -> int:
        """Return how many of ``records`` come up to the first checkpoint; 0 when none is due in them."""
        first = records[0].offset
        by_count = self.records - first % self.records
        start = previous_stamp or records[0].stamp
        boundary = (start // self.period_ns + 1) * self.period_ns
        by_time = bisect_left(records, boundary, key=_stamp) + 1
        due = min(by_count, by_time) if self.when_behind or len(records) < BATCH else by_count
        return due if due <= len(records) else 0


EVERY_MINUTE = Checkpoints()


class _Partition(StatefulSourcePartition[SourceBatch, None]):
    """Cuts what ``_read`` gives into batches; a subclass says where records come from."""

    def __init__(self, stopping: Event, checkpoints: Checkpoints | None) -> None:
        self._stopping = stopping
        self._checkpoints = checkpoints
        self._pending: list[Record] = []
        self._offset, self._stamp = -1, 0

    def next_batch(self) -> list[SourceBatch]:
        if self._stopping.is_set():
            return self._last_words()
        records = self._pending or self._read()
        self._pending = []
        if not records:
            return self._without_records(self._questions())
        due = self._due(records, self._checkpoints) if self._checkpoints else 0
        if due:
            records, self._pending = records[:due], records[due:]
        self._offset, self._stamp = records[-1].offset, records[-1].stamp
        return [SourceBatch(records, bool(due), self._offset, self._stamp, self._questions())]

    def _without_records(self, questions: tuple[Question, ...]) -> list[SourceBatch]:
        if not questions:
            return []
        return [SourceBatch([], checkpoint=False, offset=self._offset, stamp=self._stamp, questions=questions)]

    def _questions(self) -> tuple[Question, ...]:
        return ()

    def _due(self, records: list[Record], checkpoints: Checkpoints) -> int:
        return checkpoints.cut(records, self._stamp)

    def _last_words(self) -> list[SourceBatch]:
        raise StopIteration

    def snapshot(self) -> None:
        return None

    def _read(self) -> list[Record]:
        raise NotImplementedError


class _JournalPartition(_Partition):
    def __init__(
        self,
        reader: JournalReader,
        writer: Appender | None,
        stopping: Event,
        checkpoints: Checkpoints | None,
        inbox: Inbox | None,
    ) -> None:
        super().__init__(stopping, checkpoints)
        self._reader, self._writer, self._inbox = reader, writer, inbox
        self._begun_at, self._distance = reader.offset, FIRST_CHECKPOINT
        self._said_last = False

    def _due(self, records: list[Record], checkpoints: Checkpoints) -> int:
        """Also behind the first 1,000 records, 2,000, 4,000, ...: who is killed again and again still gets on."""
        regular = checkpoints.cut(records, self._stamp)
        early = self._begun_at + self._distance - records[0].offset
        if self._distance >= checkpoints.records or early > len(records) or 0 < regular < early:
            return regular
        self._distance *= 2
        return early

    def _last_words(self) -> list[SourceBatch]:
        """A checkpoint where the reading stopped, so that the next run begins there."""
        if self._said_last or self._offset < 0 or not self._checkpoints:
            raise StopIteration
        self._said_last = True
        return [SourceBatch([], checkpoint=True, offset=self._offset, stamp=self._stamp)]

    def _questions(self) -> tuple[Question, ...]:
        if self._inbox is None or self._offset < 0:
            return ()
        return self._inbox.take(self._offset + 1)

    def _read(self) -> list[Record]:
        records = self._available()
        is_asked = self._inbox is not None and self._inbox.is_due(self._reader.offset)
        if not records and not is_asked:
            if self._writer is None:
                self._stopping.wait(WAIT_S)
            else:
                self._writer.wait_durable(self._reader.offset, WAIT_S)
            records = self._available()
        return records

    def _available(self) -> list[Record]:
        if self._writer is None:
            return self._reader.read(BATCH)
        return self._reader.read(min(BATCH, self._writer.durable - self._reader.offset))

    def close(self) -> None:
        self._reader.close()


class JournalSource(FixedPartitionedSource[SourceBatch, None]):
    """Reads a journal from ``offset`` on, for ever, until ``stopping`` is set; it ends with a checkpoint.

    Waits at most 5 ms for something new and wakes at once when ``writer`` has made it durable.

    Parameters
    ----------
    directory, offset
        The journal and the first record to read.
    writer
        The journal's writer where it lives in this process: nothing is read before it is durable. Without
        it the journal belongs to another process, and only what it proves to be durable is read.
    stopping
        Ends the flow; what has not been read by then is read by the next run.
    checkpoints
        Where batches end and are marked; None for nowhere.
    inbox
        Questions to hand on behind the records that they have to know.

    Raises
    ------
    JournalError
        From building the partition or from reading: see `JournalReader`.
    """

    def __init__(
        self,
        directory: Path | str,
        offset: int,
        writer: Appender | None,
        stopping: Event,
        checkpoints: Checkpoints | None = EVERY_MINUTE,
        inbox: Inbox | None = None,
    ) -> None:
        self._directory, self._offset = directory, offset
        self._writer, self._stopping, self._checkpoints = writer, stopping, checkpoints
        self._inbox = inbox

    def list_parts(self) -> list[str]:
        return ["journal"]

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> _JournalPartition:
        if self._writer is not None and self._offset > self._writer.durable:
            raise JournalError(
                f"journal {self._directory}: ends before record {self._writer.durable}, but {self._offset} is asked for"
            )
        reader = JournalReader(self._directory, self._offset, durable_only=self._writer is None)
        return _JournalPartition(reader, self._writer, self._stopping, self._checkpoints, self._inbox)


class _RecordPartition(_Partition):
    def __init__(
        self,
        records: Iterable[Record],
        pace: Pace,
        stopping: Event,
        checkpoints: Checkpoints | None,
    ) -> None:
        super().__init__(stopping, checkpoints)
        self._records = iter(records)
        self._pace = pace
        self._waiting: list[Record] = []

    def _read(self) -> list[Record]:
        if not self._waiting:
            self._waiting = list(islice(self._records, BATCH))
            if not self._waiting:
                raise StopIteration
        count = self._pace.due(self._waiting)
        records, self._waiting = self._waiting[:count], self._waiting[count:]
        return records


class RecordSource(FixedPartitionedSource[SourceBatch, None]):
    """Reads records as a file reader yields them; the flow ends with the last one.

    Parameters
    ----------
    records
        Stamps must not decrease. Read once, by one partition.
    pace
        When a record comes; by itself as fast as possible.
    """

    def __init__(
        self,
        records: Iterable[Record],
        stopping: Event | None = None,
        checkpoints: Checkpoints | None = None,
        pace: Pace | None = None,
    ) -> None:
        self._records, self._checkpoints = records, checkpoints
        self._stopping = stopping or Event()
        self._pace = pace or Pace()

    def list_parts(self) -> list[str]:
        return ["records"]

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> _RecordPartition:
        return _RecordPartition(self._records, self._pace, self._stopping, self._checkpoints)
