from collections.abc import Callable
from pathlib import Path

import pytest

from flows.journal import JournalError, JournalReader, JournalWriter
from flows.journal.records import encode
from flows.journal.segment import first_offsets, header, segment_path
from flows.messages import Kind, Record

ReadAll = Callable[..., list[Record]]
Frames = Callable[..., list[bytes]]


def record(offset: int, kind: Kind = Kind.FRAME, payload: bytes = b"tick") -> Record:
    return Record(offset, 1_000 + offset, kind, "binance", "one", 0, payload)


def test_reading_begins_at_any_offset(written: Callable[..., Path], read_all: ReadAll) -> None:
    directory = written(8, 3, segment_bytes=400)
    everything = read_all(directory)
    for offset in range(len(everything) + 1):
        assert read_all(directory, offset) == everything[offset:]


def test_an_offset_behind_the_end_is_an_error_that_says_so(written: Callable[..., Path], read_all: ReadAll) -> None:
    directory = written()
    end = len(read_all(directory))
    with pytest.raises(JournalError, match=f"ends before record {end}, but {end + 1} is asked for"):
        JournalReader(directory, end + 1)


def test_an_offset_before_the_beginning_is_an_error_that_says_so(written: Callable[..., Path]) -> None:
    directory = written(6, 3, segment_bytes=400)
    first, second, *_ = first_offsets(directory)
    segment_path(directory, first).unlink()
    with pytest.raises(JournalError, match=f"begins at record {second}, but 0 is asked for"):
        JournalReader(directory)


def test_a_lost_segment_in_the_middle_is_an_error_that_says_so(written: Callable[..., Path], read_all: ReadAll) -> None:
    directory = written(8, 3, segment_bytes=400)
    _, second, third, *_ = first_offsets(directory)
    segment_path(directory, second).unlink()
    with pytest.raises(JournalError, match=f"ends before record {second}.*begins at {third}"):
        read_all(directory)


def test_a_journal_may_begin_after_its_reader(directory: Path) -> None:
    reader = JournalReader(directory)
    assert reader.read() == []
    writer = JournalWriter(directory)
    writer.append(Kind.FRAME, b"tick")
    writer.close()
    assert reader.read()[0].payload == b"tick"
    reader.close()


def test_a_growing_file_is_read_record_by_record_and_never_a_torn_one(directory: Path) -> None:
    directory.mkdir()
    path = segment_path(directory, 0)
    path.write_bytes(header(0))
    reader = JournalReader(directory)
    for number in range(3):
        content = encode([record(number)])
        for cut in range(0, len(content), 7):
            with path.open("ab") as file:
                file.write(content[cut : cut + 7])
            found = reader.read()
            assert found == ([record(number)] if cut + 7 >= len(content) else [])
    reader.close()


def test_a_tail_that_was_torn_off_and_written_anew_is_read_anew(directory: Path) -> None:
    directory.mkdir()
    path = segment_path(directory, 0)
    torn = encode([record(1, payload=b"never durable")])[:-4]
    path.write_bytes(header(0) + encode([record(0)]) + torn)
    reader = JournalReader(directory)
    assert reader.read() == [record(0)]
    assert reader.read() == []
    path.write_bytes(header(0) + encode([record(0), record(1, payload=b"the next run's")]))
    assert [found.payload for found in reader.read()] == [b"the next run's"]
    reader.close()


def test_only_what_is_proven_durable_reaches_other_processes(directory: Path) -> None:
    directory.mkdir()
    path = segment_path(directory, 0)

    def clock(offset: int, durable: int) -> Record:
        return record(offset, Kind.CLOCK, durable.to_bytes(8, "little"))

    path.write_bytes(header(0) + encode([record(0), clock(1, 0)]))
    reader = JournalReader(directory, durable_only=True)
    assert reader.read() == []
    with path.open("ab") as file:
        file.write(encode([record(2), clock(3, 2)]))
    assert [found.offset for found in reader.read(1)] == [0]
    assert reader.offset == 1
    assert [found.offset for found in reader.read()] == [1]
    assert reader.read() == []
    reader.close()


def test_a_closed_journal_proves_all_that_was_appended(written: Callable[..., Path], frames: Frames) -> None:
    directory = written()
    assert frames(directory, durable_only=True) == frames(directory)


def test_many_segments_are_followed_while_they_are_written(directory: Path) -> None:
    writer = JournalWriter(directory, 0.0, segment_bytes=300)
    reader = JournalReader(directory)
    seen: list[bytes] = []
    for number in range(60):
        writer.append(Kind.FRAME, b"%d" % number)
        assert writer.flush(5.0)
        seen += [found.payload for found in reader.read() if found.kind is Kind.FRAME]
    writer.close()
    while found_last := reader.read():
        seen += [found.payload for found in found_last if found.kind is Kind.FRAME]
    reader.close()
    assert seen == [b"%d" % number for number in range(60)]
    assert len(first_offsets(directory)) > 5


def test_a_reader_at_the_end_tells_what_a_crash_left_behind(written: Callable[..., Path]) -> None:
    directory = written()
    with segment_path(directory, 0).open("ab") as file:
        file.write(b"torn")
    reader = JournalReader(directory)
    while reader.read():
        pass
    assert reader.torn_bytes == 4
    reader.close()
