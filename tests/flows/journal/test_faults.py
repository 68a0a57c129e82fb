import errno
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from threading import Event

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from flows.journal import Appender, JournalError, JournalReader, JournalWriter
from flows.journal.segment import HEADER_SIZE, first_offsets, segment_path
from flows.journal.store import SegmentStore
from flows.messages import Kind, Record

ReadAll = Callable[..., list[Record]]
Frames = Callable[..., list[bytes]]
Written = Callable[..., Path]

SAME_DIRECTORY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
_fresh = count()


def copy_of(journal: Path, last: bytes) -> Path:
    """The same journal in a new directory, its last segment replaced."""
    place = journal.parent / f"copy-{next(_fresh)}"
    place.mkdir()
    for first in first_offsets(journal):
        segment_path(place, first).write_bytes(segment_path(journal, first).read_bytes())
    segment_path(place, first_offsets(journal)[-1]).write_bytes(last)
    return place


@pytest.fixture
def journal(written: Written) -> Path:
    return written(3, 3)


@pytest.fixture
def content(journal: Path) -> bytes:
    return segment_path(journal, 0).read_bytes()


@SAME_DIRECTORY
@given(data=st.data())
def test_any_torn_tail_is_cut_off_and_what_stood_before_it_stays(
    journal: Path, content: bytes, read_all: ReadAll, data: st.DataObject
) -> None:
    whole = read_all(journal)
    cut = data.draw(st.integers(HEADER_SIZE, len(content)))
    place = copy_of(journal, content[:cut])
    before = read_all(place)
    assert before == whole[: len(before)]
    JournalWriter(place).close()
    after = read_all(place)
    assert after[: len(before)] == before
    assert [record.offset for record in after] == list(range(len(after)))


def test_cutting_off_a_torn_tail_is_told(journal: Path, content: bytes) -> None:
    place = copy_of(journal, content[:-1])
    with capture_logs() as logs:
        JournalWriter(place).close()
    (entry,) = [log for log in logs if "torn tail" in log["event"]]
    assert entry["file"] == str(segment_path(place, 0))
    assert entry["dropped_bytes"] > 0


def test_a_tail_of_zeros_as_a_power_cut_leaves_it_is_cut_off(journal: Path, content: bytes, frames: Frames) -> None:
    place = copy_of(journal, content + bytes(4096))
    JournalWriter(place).close()
    assert frames(place) == frames(journal)
    assert segment_path(place, 0).stat().st_size < len(content) + 4096


@SAME_DIRECTORY
@given(data=st.data())
def test_a_changed_byte_below_what_is_proven_durable_is_found_and_named(
    journal: Path, content: bytes, read_all: ReadAll, data: st.DataObject
) -> None:
    proven = len(content) - len(closing_clock(content))
    place = data.draw(st.integers(0, proven - 1))
    changed = bytearray(content)
    changed[place] ^= data.draw(st.integers(1, 255))
    damaged = copy_of(journal, bytes(changed))
    with pytest.raises(JournalError, match=r"byte \d+.*(record \d+|header|version)") as in_reader:
        read_all(damaged)
    assert str(segment_path(damaged, 0)) in str(in_reader.value)
    with pytest.raises(JournalError, match=r"byte \d+.*(record \d+|header|version)"):
        JournalWriter(damaged)
    assert segment_path(damaged, 0).read_bytes() == changed


def closing_clock(content: bytes) -> bytes:
    return content[-40:]


def test_damage_in_a_closed_segment_is_found_whatever_it_is(written: Written, read_all: ReadAll) -> None:
    journal = written(6, 3, segment_bytes=400)
    path = segment_path(journal, 0)
    content = path.read_bytes()
    for cut in range(HEADER_SIZE, len(content)):
        path.write_bytes(content[:cut])
        with pytest.raises(JournalError, match=str(path)):
            read_all(journal)


def test_damage_in_what_was_written_while_reading_is_found(directory: Path, written: Written) -> None:
    written(3, 3)
    reader = JournalReader(directory)
    while reader.read():
        pass
    path = segment_path(directory, 0)
    end = path.stat().st_size
    written(3, 3)
    content = bytearray(path.read_bytes())
    content[end + 30] ^= 1
    path.write_bytes(content)
    with pytest.raises(JournalError, match=f"damaged at byte {end}"):
        reader.read()
    reader.close()


def test_a_foreign_file_is_not_taken_for_a_segment(journal: Path, content: bytes, read_all: ReadAll) -> None:
    place = copy_of(journal, b"ts,symbol,price\n" * 10)
    with pytest.raises(JournalError, match="not a journal segment"):
        read_all(place)


def test_a_segment_under_another_name_is_refused(journal: Path, content: bytes, read_all: ReadAll) -> None:
    segment_path(journal, 0).rename(segment_path(journal, 5))
    with pytest.raises(JournalError, match="not named by its first offset"):
        read_all(journal, 5)


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def append_until_refused(writer: JournalWriter) -> int:
    for number in count():
        try:
            writer.flush(0.0)
            writer.append(Kind.FRAME, b"%d" % number + bytes(500))
        except JournalError:
            return number
    raise AssertionError


def test_a_full_disk_stops_accepting_loudly_and_resumes_by_itself(directory: Path, frames: Frames) -> None:
    store = SegmentStore(directory, 2**20)
    writer = Appender(store, fsync_interval_s=0.0, retry_s=0.001)
    with capture_logs() as logs:
        with largest_file(20_000):
            accepted = append_until_refused(writer)  # type: ignore[arg-type]
            assert writer.error is not None
            assert "File too large" in writer.error
            with pytest.raises(JournalError, match="cannot be written"):
                writer.append(Kind.FRAME, b"refused")
        assert writer.flush(5.0)
    assert writer.error is None
    writer.append(Kind.FRAME, b"after")
    writer.close()
    assert {log["log_level"] for log in logs} >= {"error", "warning"}
    assert [payload.rstrip(b"\0") for payload in frames(directory)] == [
        *(b"%d" % number for number in range(accepted)),
        b"after",
    ]


def test_closing_on_a_full_disk_says_what_is_lost(directory: Path) -> None:
    writer = JournalWriter(directory, 0.0)
    with largest_file(20_000):
        append_until_refused(writer)
        with pytest.raises(JournalError, match="File too large"):
            writer.close()


class FailingStore:
    """A store whose sync fails, as a disk does that loses what it was given."""

    name = "failing"
    next_offset = last_stamp = 0

    def __init__(self) -> None:
        self.syncs = 0
        self.closed = Event()

    def append(self, records: Sequence[Record]) -> None: ...

    def sync(self) -> None:
        self.syncs += 1
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    def close(self) -> None:
        self.closed.set()


def test_a_failed_sync_is_never_tried_again() -> None:
    store = FailingStore()
    appender = Appender(store)
    offset = appender.append(Kind.FRAME, b"tick")
    with pytest.raises(JournalError, match="Input/output error"):
        appender.wait_durable(offset, 5.0)
    assert store.closed.wait(5.0)
    with pytest.raises(JournalError, match="Input/output error"):
        appender.append(Kind.FRAME, b"tick")
    with pytest.raises(JournalError, match="Input/output error"):
        appender.close()
    assert store.syncs == 1
    assert appender.durable == 0


WRITE_FOR_EVER = """
import sys
from flows.journal import JournalWriter
from flows.messages import Kind

writer = JournalWriter(sys.argv[1], 0.0, segment_bytes=20_000)
number = int(sys.argv[2])
while True:
    offset = writer.append(Kind.FRAME, b"%d" % number)
    writer.wait_durable(offset)
    print(number, flush=True)
    number += 1
"""


def test_nothing_durable_is_lost_to_kills_and_another_process_follows(directory: Path, frames: Frames) -> None:
    reader = JournalReader(directory, durable_only=True)
    followed: list[bytes] = []
    durable = -1
    for _ in range(4):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITE_FOR_EVER, str(directory), str(durable + 1)],
            stdout=subprocess.PIPE,
        )
        assert process.stdout is not None
        for line in process.stdout:
            durable = int(line)
            if durable % 100 == 99:
                with pytest.raises(JournalError, match="another process"):
                    JournalWriter(directory)
                break
        process.send_signal(signal.SIGKILL)
        durable = max([durable, *map(int, process.stdout.read().splitlines())])
        process.stdout.close()
        process.wait()
        while run := reader.read():
            followed += [record.payload for record in run if record.kind is Kind.FRAME]
        found = [int(payload) for payload in frames(directory)]
        assert found[: durable + 1] == list(range(durable + 1))
        assert len(found) <= durable + 2
        durable = len(found) - 1
    JournalWriter(directory).close()
    while run := reader.read():
        followed += [record.payload for record in run if record.kind is Kind.FRAME]
    reader.close()
    assert followed == frames(directory)
