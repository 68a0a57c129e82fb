"""Closed segments are compressed, and deleted when they are too old or too many and nobody needs them."""

import errno
from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest

from flows.crew import run_of
from flows.journal import JournalError, JournalWriter, Keeper, Retention
from flows.journal.consumers import needs, note_need
from flows.journal.files import packed_path
from flows.journal.segment import first_offsets, segment_path
from flows.messages import Kind, Record

ReadAll = Callable[..., list[Record]]
SECOND = 1_000_000_000


@pytest.fixture
def journal(directory: Path) -> Path:
    """Ten segments, one a second of journal time."""
    now = 0
    writer = JournalWriter(directory, 0.0, segment_bytes=500, clock=lambda: now)
    for second in range(10):
        now = (1_700_000_000 + second) * SECOND
        writer.append(Kind.FRAME, b"x" * 500, "binance", "one")
        assert writer.flush(5.0)
    writer.close()
    return directory


def names(journal: Path) -> list[str]:
    return sorted(path.name for path in journal.iterdir() if "segment" in path.name)


def keeper(journal: Path, need: int = 10**9, **retention: int) -> Keeper:
    return Keeper(journal, Retention(**retention), lambda: {"engine": need, "archive": 10**9})


def test_all_but_the_last_segment_are_compressed_and_nothing_changes(journal: Path, read_all: ReadAll) -> None:
    before, firsts = read_all(journal), first_offsets(journal)
    keeper(journal).tidy()
    keeper(journal).tidy()
    assert names(journal) == [f"{first:020d}.segment.zst" for first in firsts[:-1]] + [f"{firsts[-1]:020d}.segment"]
    assert read_all(journal) == before


def test_what_a_crash_left_half_done_is_done_again(journal: Path, read_all: ReadAll) -> None:
    before, first = read_all(journal), segment_path(journal, 0)
    content = first.read_bytes()
    keeper(journal).tidy()
    first.write_bytes(content)
    (journal / "00000000000000000002.segment.zst.new").write_bytes(b"half")
    assert read_all(journal) == before
    JournalWriter(journal).close()
    keeper(journal).tidy()
    assert not first.exists()
    assert not list(journal.glob("*.new"))
    assert read_all(journal)[: len(before)] == before


def test_segments_older_than_the_age_are_deleted(journal: Path) -> None:
    firsts = first_offsets(journal)
    keeper(journal, age=3 * SECOND + 1).tidy()
    left = first_offsets(journal)
    assert 0 < len(left) < len(firsts)
    assert left == firsts[-len(left) :]
    reader = [record for record in firsts if record in left]
    assert reader == left


def test_segments_beyond_the_size_are_deleted_oldest_first(journal: Path) -> None:
    keeper(journal).tidy()
    sizes = [path.stat().st_size for path in sorted(journal.iterdir()) if "segment" in path.name]
    keeper(journal, size=sum(sizes[4:])).tidy()
    assert len(first_offsets(journal)) == len(sizes) - 4


def test_nothing_is_deleted_that_a_consumer_needs(journal: Path, read_all: ReadAll) -> None:
    firsts = first_offsets(journal)
    for need in (0, firsts[2] - 1, firsts[2], firsts[2] + 1):
        keeper(journal, need=need, size=1).tidy()
        assert first_offsets(journal)[0] <= need
        assert read_all(journal, need)[0].offset == need
    assert first_offsets(journal)[0] == firsts[2]


def test_the_last_segment_is_never_deleted(journal: Path) -> None:
    keeper(journal, size=1).tidy()
    assert len(first_offsets(journal)) == 1


def test_without_a_limit_everything_is_kept(journal: Path) -> None:
    firsts = first_offsets(journal)
    keeper(journal).tidy()
    assert first_offsets(journal) == firsts


def test_a_run_keeps_its_name_when_its_first_record_is_gone(journal: Path) -> None:
    name = run_of(journal, Event())
    keeper(journal, size=1).tidy()
    assert first_offsets(journal)[0] > 0
    assert run_of(journal, Event()) == name


def test_a_new_journal_in_the_old_place_is_another_run(journal: Path) -> None:
    name = run_of(journal, Event())
    keeper(journal, size=1).tidy()
    for path in journal.glob("*.segment*"):
        path.unlink()
    writer = JournalWriter(journal)
    writer.close()
    assert run_of(journal, Event()) != name


def test_a_consumer_that_never_spoke_needs_everything(journal: Path) -> None:
    note_need(journal, "engine", 7)
    note_need(journal, "reports", 3)
    assert needs(journal, ("archive", "engine")) == {"archive": 0, "engine": 7, "reports": 3}
    Keeper(journal, Retention(size=1), lambda: needs(journal, ("archive", "engine"))).tidy()
    assert first_offsets(journal)[0] == 0
    note_need(journal, "archive", 9)
    Keeper(journal, Retention(size=1), lambda: needs(journal, ("archive", "engine"))).tidy()
    assert 0 < first_offsets(journal)[0] <= 3


def test_a_need_that_cannot_be_read_deletes_nothing(journal: Path) -> None:
    note_need(journal, "engine", 7)
    (journal / "consumers" / "engine").write_text("")
    with pytest.raises(JournalError, match="does not hold the offset"):
        Keeper(journal, Retention(size=1), lambda: needs(journal)).tidy()
    assert first_offsets(journal)[0] == 0


def test_a_damaged_segment_is_told_once_and_left_as_it_is(journal: Path) -> None:
    path = segment_path(journal, first_offsets(journal)[1])
    content = bytearray(path.read_bytes())
    content[200] ^= 1
    path.write_bytes(content)
    one = keeper(journal)
    with pytest.raises(JournalError, match=r"damaged at byte"):
        one.tidy()
    one.tidy()
    assert path.read_bytes() == content
    assert len(list(journal.glob("*.zst"))) == len(first_offsets(journal)) - 2


def test_a_full_disk_stops_compressing_and_leaves_nothing_half(
    journal: Path, read_all: ReadAll, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = read_all(journal)

    def full(_file: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("flows.journal.packed.os.fsync", full)
        with pytest.raises(JournalError, match="cannot be tidied: No space left on device"):
            keeper(journal).tidy()
    assert not list(journal.glob("*.new"))
    assert read_all(journal) == before
    keeper(journal).tidy()
    assert packed_path(segment_path(journal, 0)).exists()
