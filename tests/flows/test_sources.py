import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Timer

import bytewax.operators as op
import pytest
from bytewax.dataflow import Dataflow
from bytewax.testing import TestingSink, run_main
from hypothesis import given
from hypothesis import strategies as st

from flows.journal import Appender, JournalError, JournalReader, JournalWriter
from flows.journal.store import SegmentStore
from flows.messages import Kind, Record
from flows.pace import Pace
from flows.sources import BATCH, Checkpoints, JournalSource, RecordSource, SourceBatch

SECOND = 1_000_000_000


def record(offset: int, stamp: int = SECOND, payload: bytes = b"tick") -> Record:
    return Record(offset, stamp, Kind.FRAME, "tailwatch", "file", offset + 1, payload)


def run(
    source: JournalSource | RecordSource, on_batch: Callable[[SourceBatch], SourceBatch] = lambda batch: batch
) -> list[SourceBatch]:
    batches: list[SourceBatch] = []
    flow = Dataflow("test")
    op.output("out", op.map("seen", op.input("in", flow, source), on_batch), TestingSink(batches))
    run_main(flow)
    return batches


def checkpoints_in(batches: list[SourceBatch]) -> list[int]:
    return [batch.offset for batch in batches if batch.checkpoint]


def all_records(batches: list[SourceBatch]) -> list[Record]:
    return [found for batch in batches for found in batch.records]


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[JournalWriter]:
    opened = JournalWriter(tmp_path / "journal")
    yield opened
    opened.close()


def drained(source: JournalSource, stopping: Event, wanted: int) -> list[SourceBatch]:
    """Take batches from the partition itself until ``wanted`` frames have come."""
    partition = source.build_part("in", "journal", None)
    batches: list[SourceBatch] = []
    deadline = time.monotonic() + 10
    while sum(r.kind is Kind.FRAME for r in all_records(batches)) < wanted:
        assert time.monotonic() < deadline
        batches += partition.next_batch()
    stopping.set()
    batches += partition.next_batch()
    with pytest.raises(StopIteration):
        partition.next_batch()
    partition.close()
    return batches


def test_a_journal_flows_through_bytewax_until_it_is_stopped(tmp_path: Path, writer: JournalWriter) -> None:
    for number in range(2_500):
        writer.append(Kind.FRAME, b"%d" % number)
    stopping = Event()
    assert writer.flush(5.0)
    end = writer.durable

    def stop_at_end(batch: SourceBatch) -> SourceBatch:
        if batch.offset >= end - 1:
            stopping.set()
        return batch

    batches = run(JournalSource(tmp_path / "journal", 0, writer, stopping), stop_at_end)
    offsets = [found.offset for found in all_records(batches)]
    assert offsets[:end] == list(range(end))
    assert max(len(batch.records) for batch in batches) == BATCH


@pytest.mark.parametrize("offset", [0, 1, 777, 1_500])
def test_a_source_resumes_at_its_offset(tmp_path: Path, writer: JournalWriter, offset: int) -> None:
    for number in range(1_500):
        writer.append(Kind.FRAME, b"%d" % number)
    assert writer.flush(5.0)
    stopping = Event()
    writer.append(Kind.FRAME, b"last")
    source = JournalSource(tmp_path / "journal", offset, writer, stopping)
    first = next(found.offset for found in all_records(drained(source, stopping, 1)))
    assert first == offset


def test_an_offset_behind_the_journals_end_is_refused(tmp_path: Path, writer: JournalWriter) -> None:
    source = JournalSource(tmp_path / "journal", 10_000, writer, Event())
    with pytest.raises(JournalError, match="10000 is asked for"):
        source.build_part("in", "journal", None)


def test_a_waiting_source_wakes_when_a_record_is_durable(tmp_path: Path, writer: JournalWriter) -> None:
    stopping = Event()
    source = JournalSource(tmp_path / "journal", writer.durable, writer, stopping)
    timer = Timer(0.02, writer.append, (Kind.FRAME, b"late"))
    timer.start()
    assert b"late" in [found.payload for found in all_records(drained(source, stopping, 1))]
    timer.join()


def test_a_source_of_another_process_reads_what_is_proven(tmp_path: Path, writer: JournalWriter) -> None:
    writer.append(Kind.FRAME, b"tick")
    stopping = Event()
    source = JournalSource(tmp_path / "journal", 0, None, stopping)
    assert all_records(drained(source, stopping, 1))[0].payload == b"tick"


def test_records_of_files_flow_to_their_end() -> None:
    records = [record(number) for number in range(2_345)]
    batches = run(RecordSource(records))
    assert all_records(batches) == records
    assert [len(batch.records) for batch in batches] == [1000, 1000, 345]
    assert checkpoints_in(batches) == []


def test_a_stopped_replay_ends_early() -> None:
    stopping = Event()
    stopping.set()
    assert run(RecordSource([record(0)], stopping)) == []


def test_checkpoints_stand_behind_every_so_many_records() -> None:
    records = [record(number) for number in range(2_345)]
    batches = run(RecordSource(records, checkpoints=Checkpoints(records=300)))
    assert checkpoints_in(batches) == [299, 599, 899, 1199, 1499, 1799, 2099]
    assert all_records(batches) == records


def test_a_journal_is_checkpointed_early_and_where_the_reading_stops(tmp_path: Path, writer: JournalWriter) -> None:
    for number in range(9_500):
        writer.append(Kind.FRAME, str(number).encode())
    assert writer.flush(20.0)
    begin = 700
    stopping = Event()
    source = JournalSource(tmp_path / "journal", begin, writer, stopping, Checkpoints(records=5_000))
    batches = drained(source, stopping, 9_500 - begin)
    found = [batch.offset for batch in batches if batch.checkpoint]
    assert found == [begin + 999, begin + 1_999, begin + 3_999, 4_999, found[-1]]
    assert not batches[-1].records
    assert found[-1] == all_records(batches)[-1].offset


def test_checkpoints_stand_behind_the_first_record_of_each_period() -> None:
    stamps = [1, 2, 9, 11, 12, 19, 20, 55, 56]
    records = [record(number, stamp * SECOND) for number, stamp in enumerate(stamps)]
    batches = run(RecordSource(records, checkpoints=Checkpoints(period_ns=10 * SECOND)))
    assert [records[offset].stamp // SECOND for offset in checkpoints_in(batches)] == [11, 20, 55]


def test_who_is_behind_is_cut_by_count_alone(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path / "journal", silence_s=3600.0, clock=lambda: 0)
    for number in range(9_500):
        writer.append(Kind.FRAME, str(number).encode(), stamp=number * SECOND)
    assert writer.flush(20.0)
    together = Checkpoints(records=4_000, period_ns=SECOND, when_behind=False)
    stopping = Event()
    batches = drained(JournalSource(tmp_path / "journal", 0, writer, stopping, together), stopping, 9_500)
    found = [batch.offset for batch in batches if batch.checkpoint]
    assert found[:4] == [999, 1_999, 3_999, 7_999]
    assert len(found) > 100, "the last records, less than a batch, are cut by time"
    writer.close()


@given(
    st.lists(st.integers(0, 30), min_size=1, max_size=60),
    st.integers(1, 20),
    st.integers(1, 50),
    st.lists(st.integers(1, 7), min_size=1),
)
def test_checkpoints_do_not_depend_on_how_records_arrive(
    steps: list[int], every: int, period: int, arrivals: list[int]
) -> None:
    stamps = [1_000 + sum(steps[: number + 1]) for number in range(len(steps))]
    records = [record(number, stamp) for number, stamp in enumerate(stamps)]
    checkpoints = Checkpoints(every, period)

    def cuts(sizes: Callable[[int], int]) -> list[int]:
        found, previous, rest, turn = [], 0, records, 0
        while rest:
            arrived, rest = rest[: sizes(turn)], rest[sizes(turn) :]
            turn += 1
            while arrived:
                due = checkpoints.cut(arrived, previous)
                if due:
                    found.append(arrived[due - 1].offset)
                taken = due or len(arrived)
                previous, arrived = arrived[taken - 1].stamp, arrived[taken:]
        return found

    assert cuts(lambda turn: arrivals[turn % len(arrivals)]) == cuts(lambda _: len(records))


class FakeTime:
    def __init__(self) -> None:
        self.now = 100.0

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert 0 < seconds <= 0.005
        self.now += seconds


@pytest.mark.parametrize("speed", [1.0, 10.0])
def test_a_paced_replay_takes_the_time_that_the_stamps_tell(speed: float) -> None:
    time_ = FakeTime()
    records = [record(number, stamp * SECOND) for number, stamp in enumerate([50, 50, 51, 60])]
    source = RecordSource(records, pace=Pace(speed, time_.clock, time_.sleep))
    partition = source.build_part("in", "records", None)
    emitted: list[tuple[int, float]] = []
    while len(emitted) < len(records):
        for batch in partition.next_batch():
            emitted += [(found.offset, time_.now - 100.0) for found in batch.records]
    assert [offset for offset, _ in emitted] == [0, 1, 2, 3]
    for (_, moment), due in zip(emitted, [0, 0, 1, 10], strict=True):
        assert due / speed <= moment <= due / speed + 0.01


def test_pacing_changes_nothing_but_time() -> None:
    time_ = FakeTime()
    records = [record(number, number * SECOND // 50) for number in range(300)]
    checkpoints = Checkpoints(records=70, period_ns=SECOND)
    fast = run(RecordSource(records, checkpoints=checkpoints))
    paced = run(RecordSource(records, checkpoints=checkpoints, pace=Pace(1.0, time_.clock, time_.sleep)))
    assert all_records(paced) == all_records(fast)
    assert checkpoints_in(paced) == checkpoints_in(fast)


class HeldSync(SegmentStore):
    """Segments that are written at once and synced only when they are let through."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory, 2**20)
        self.through, self.reached = Event(), Event()

    def sync(self) -> None:
        self.reached.set()
        self.through.wait()
        super().sync()


def test_nothing_is_read_before_it_is_durable(tmp_path: Path) -> None:
    store = HeldSync(tmp_path / "journal")
    writer = Appender(store, fsync_interval_s=0.0)
    writer.append(Kind.FRAME, b"tick")
    assert store.reached.wait(5.0)
    stopping = Event()
    source = JournalSource(tmp_path / "journal", 0, writer, stopping)
    partition = source.build_part("in", "journal", None)
    reader = JournalReader(tmp_path / "journal")
    assert reader.read() != []
    reader.close()
    assert partition.next_batch() == []
    store.through.set()
    assert writer.flush(5.0)
    assert partition.next_batch()[0].records[0].payload == b"tick"
    partition.close()
    writer.close()
