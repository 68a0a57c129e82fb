import stat
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from threading import Event, Thread

import pytest

from flows.journal import Appender, JournalError, JournalReader, JournalWriter
from flows.journal.segment import first_offsets, segment_path
from flows.messages import Kind, Record
from riskcore.errors import InputError

ReadAll = Callable[..., list[Record]]
Frames = Callable[..., list[bytes]]
SECOND = 1_000_000_000


class Clock:
    def __init__(self, now: int) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


class HeldStore:
    """A store in memory whose writes wait until they are let through."""

    name = "held"

    def __init__(self) -> None:
        self.next_offset = self.last_stamp = 0
        self.through, self.reached = Event(), Event()
        self.batches: list[list[Record]] = []

    def append(self, records: list[Record]) -> None:  # type: ignore[override]
        self.reached.set()
        self.through.wait()
        self.batches.append(records)

    def sync(self) -> None: ...
    def close(self) -> None: ...


def test_records_come_back_in_order_with_all_their_fields(
    directory: Path, writer: JournalWriter, read_all: ReadAll
) -> None:
    offset = writer.append(Kind.FRAME, b"tick", "binance", "socket-1", 1_000, line=3)
    writer.append(Kind.COMMAND, b"{}", stamp=2_000)
    assert writer.flush(5.0)
    records = [record for record in read_all(directory) if record.kind is not Kind.CLOCK]
    assert records == [
        Record(offset, 1_000, Kind.FRAME, "binance", "socket-1", 3, b"tick"),
        Record(records[1].offset, 2_000, Kind.COMMAND, "", "", 0, b"{}"),
    ]


def test_offsets_are_dense_and_go_on_after_opening_again(written: Callable[..., Path], read_all: ReadAll) -> None:
    written(2, 3)
    directory = written(2, 3)
    offsets = [record.offset for record in read_all(directory)]
    assert offsets == list(range(len(offsets)))
    assert len(offsets) > 12


def test_every_batch_ends_with_a_clock_record(directory: Path, writer: JournalWriter, read_all: ReadAll) -> None:
    writer.append(Kind.FRAME, b"tick")
    assert writer.flush(5.0)
    assert [record.kind for record in read_all(directory)][-1] is Kind.CLOCK


def test_silence_is_told_by_clock_records(directory: Path, read_all: ReadAll) -> None:
    writer = JournalWriter(directory, silence_s=0.001)
    assert writer.wait_durable(3, 5.0)
    writer.close()
    assert {record.kind for record in read_all(directory)} == {Kind.CLOCK}


def test_stamps_go_on_as_time_passes_where_the_clock_is_set_back(directory: Path, read_all: ReadAll) -> None:
    clock, steady = Clock(7_200 * SECOND), Clock(0)
    writer = JournalWriter(directory, clock=clock, steady=steady, silence_s=3600.0)
    writer.append(Kind.FRAME, b"before")
    for passed in (2, 3):
        clock.now, steady.now = 3_600 * SECOND, steady.now + passed * SECOND
        writer.append(Kind.FRAME, b"an hour back")
    writer.append(Kind.FRAME, b"own stamp", stamp=1)
    writer.close()
    steady.now += SECOND  # while nobody wrote
    reopened = JournalWriter(directory, clock=clock, steady=steady, silence_s=3600.0)
    reopened.append(Kind.FRAME, b"next run")
    clock.now = 9_000 * SECOND
    reopened.append(Kind.FRAME, b"set right")
    reopened.close()
    stamps = [record.stamp // SECOND for record in read_all(directory) if record.kind is Kind.FRAME]
    assert stamps == [7_200, 7_202, 7_205, 7_205, 7_205, 9_000]


def test_stamps_stand_still_where_the_clock_is_steered_back(directory: Path, read_all: ReadAll) -> None:
    clock = Clock(10 * SECOND)
    writer = JournalWriter(directory, clock=clock, silence_s=3600.0)
    writer.append(Kind.FRAME, b"before")
    clock.now -= SECOND // 2
    writer.append(Kind.FRAME, b"after")
    writer.close()
    assert {record.stamp for record in read_all(directory)} == {10 * SECOND}


def test_threads_share_one_order(directory: Path, writer: JournalWriter, read_all: ReadAll) -> None:
    def produce(name: str) -> None:
        for number in range(500):
            writer.append(Kind.FRAME, b"%d" % number, "tailwatch", name)

    threads = [Thread(target=produce, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert writer.flush(5.0)
    records = read_all(directory)
    assert all(first.stamp <= second.stamp for first, second in pairwise(records))
    for name in "abc":
        assert [int(r.payload) for r in records if r.origin == name] == list(range(500))


def test_nothing_is_durable_before_its_sync() -> None:
    store = HeldStore()
    appender = Appender(store, fsync_interval_s=0.0)
    offset = appender.append(Kind.FRAME, b"tick")
    assert store.reached.wait(5.0)
    assert appender.durable == 0
    assert not appender.wait_durable(offset, 0.0)
    store.through.set()
    assert appender.wait_durable(offset, 5.0)
    appender.close()


def test_a_full_queue_blocks_until_there_is_space() -> None:
    store = HeldStore()
    appender = Appender(store, fsync_interval_s=0.0, queue_bytes=2_000)
    appender.append(Kind.FRAME, bytes(1_000))
    assert store.reached.wait(5.0)
    appended = Event()

    def append_more() -> None:
        appender.append(Kind.FRAME, bytes(1_000))
        appended.set()

    thread = Thread(target=append_more)
    thread.start()
    assert not appended.wait(0.05)
    store.through.set()
    assert appended.wait(5.0)
    thread.join()
    appender.close()
    assert sum(len(record.payload) == 1_000 for batch in store.batches for record in batch) == 2


def test_a_record_larger_than_the_queue_passes_alone() -> None:
    store = HeldStore()
    store.through.set()
    appender = Appender(store, queue_bytes=100)
    appender.append(Kind.FRAME, bytes(1_000))
    assert appender.flush(5.0)
    appender.close()


def test_a_batch_goes_out_in_one_write() -> None:
    store = HeldStore()
    appender = Appender(store, fsync_interval_s=0.0)
    appender.append(Kind.FRAME, b"first")
    assert store.reached.wait(5.0)
    for number in range(100):
        appender.append(Kind.FRAME, b"%d" % number)
    store.through.set()
    assert appender.flush(5.0)
    assert max(map(len, store.batches)) == 101
    appender.close()


def test_segments_are_closed_at_their_size_and_named_by_their_first_record(
    written: Callable[..., Path], read_all: ReadAll
) -> None:
    directory = written(6, 3, segment_bytes=400)
    firsts = first_offsets(directory)
    assert len(firsts) > 2
    records = read_all(directory)
    assert [record.offset for record in records] == list(range(len(records)))
    assert [read_all(directory, first)[0].offset for first in firsts] == firsts


def test_files_are_for_the_owner_alone(written: Callable[..., Path]) -> None:
    directory = written()
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()} == {0o600}


def test_a_second_writer_is_refused(directory: Path, writer: JournalWriter) -> None:
    with pytest.raises(JournalError, match=f"{directory}: another process is writing"):
        JournalWriter(directory)


def test_a_closed_writer_takes_nothing_more(directory: Path) -> None:
    writer = JournalWriter(directory)
    writer.close()
    writer.close()
    with pytest.raises(JournalError, match="closed"):
        writer.append(Kind.FRAME, b"")


def test_what_is_too_large_is_refused_at_once_and_harms_nobody(directory: Path, writer: JournalWriter) -> None:
    with pytest.raises(InputError, match="limit"):
        writer.append(Kind.FRAME, bytes(17 * 1024 * 1024))
    assert writer.wait_durable(writer.append(Kind.FRAME, b"next"), 5.0)


def test_a_half_made_segment_is_forgotten(written: Callable[..., Path], directory: Path, frames: Frames) -> None:
    written(1, 2)
    leftover = segment_path(directory, 99).with_suffix(".new")
    leftover.write_bytes(b"TWJ")
    written(1, 2)
    assert not leftover.exists()
    assert len(frames(directory)) == 4


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalError, match="file/journal"):
        JournalWriter(tmp_path / "file" / "journal")


def test_a_reader_in_the_same_process_sees_what_is_durable(directory: Path, writer: JournalWriter) -> None:
    reader = JournalReader(directory)
    for number in range(50):
        offset = writer.append(Kind.FRAME, b"%d" % number)
        assert writer.wait_durable(offset, 5.0)
        payloads = [record.payload for record in reader.read() if record.kind is Kind.FRAME]
        assert payloads == [b"%d" % number]
    reader.close()
