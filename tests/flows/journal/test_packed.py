"""A compressed segment is read as if it were not, from any record on, and damage in it is found."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from flows.journal import JournalError, JournalReader, JournalWriter
from flows.journal.files import packed_path
from flows.journal.packed import pack_segment
from flows.journal.segment import first_offsets, segment_path
from flows.journal.verification import salvage
from flows.messages import Kind, Record
from flows.readers import read_files

ReadAll = Callable[..., list[Record]]
Written = Callable[..., Path]


def pack(journal: Path, frame_bytes: int = 300) -> Path:
    """Compress every segment but the last, into many small frames; return the first."""
    for first in first_offsets(journal)[:-1]:
        plain = segment_path(journal, first)
        pack_segment(plain, packed_path(plain), frame_bytes)
        plain.unlink()
    return packed_path(segment_path(journal, 0))


@pytest.fixture
def everything(written: Written, read_all: ReadAll, directory: Path, monkeypatch: pytest.MonkeyPatch) -> list[Record]:
    monkeypatch.setattr("flows.journal.packed._LOOK", 1)
    written(30, 3, segment_bytes=3000)
    return read_all(directory)


def test_it_is_read_from_every_record_on(directory: Path, everything: list[Record], read_all: ReadAll) -> None:
    assert len(first_offsets(directory)) > 3
    pack(directory)
    assert not list(directory.glob("*.new"))
    for offset in range(len(everything) + 1):
        assert read_all(directory, offset) == everything[offset:]


def test_it_is_what_zstd_takes_it_for(directory: Path, everything: list[Record]) -> None:
    content = segment_path(directory, 0).read_bytes()
    path = pack(directory)
    assert path.stat().st_mode & 0o077 == 0
    frames = zstandard.ZstdDecompressor().stream_reader(path.read_bytes(), read_across_frames=True)
    assert frames.read() == content


def test_a_record_is_found_by_one_frame(
    directory: Path, everything: list[Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    pack(directory)
    last = first_offsets(directory)[1] - 1
    taken: list[int] = []
    plain = zstandard.ZstdDecompressor

    class Counting:
        def decompress(self, data: bytes, max_output_size: int) -> bytes:
            taken.append(len(data))
            return plain().decompress(data, max_output_size=max_output_size)

    monkeypatch.setattr("flows.journal.packed.zstandard.ZstdDecompressor", Counting)
    reader = JournalReader(directory, last)
    assert reader.read(1)[0] == everything[last]
    reader.close()
    assert len(taken) == 1


def test_a_reader_goes_on_while_its_segment_is_compressed(directory: Path, everything: list[Record]) -> None:
    reader = JournalReader(directory)
    found = reader.read(2)
    pack(directory)
    while run := reader.read(2):
        found += run
    reader.close()
    assert found == everything


def test_the_writer_goes_on_behind_compressed_segments(
    directory: Path, everything: list[Record], frames: Callable[..., list[bytes]]
) -> None:
    pack(directory)
    segment_path(directory, first_offsets(directory)[-1]).write_bytes(
        segment_path(directory, first_offsets(directory)[-1]).read_bytes()[:36]
    )
    writer = JournalWriter(directory)
    assert writer.last_stamp >= everything[first_offsets(directory)[-1] - 1].stamp
    writer.append(Kind.FRAME, b"next")
    writer.close()
    assert frames(directory)[-1] == b"next"


def test_it_replays_whole_or_alone(directory: Path, everything: list[Record]) -> None:
    path = pack(directory)
    assert list(read_files([directory])) == everything
    assert [record.payload for record in read_files([path])] == [
        record.payload for record in everything[: first_offsets(directory)[1]]
    ]


def test_a_changed_byte_is_found_and_named_or_changes_nothing_and_all_other_frames_stay_readable(
    directory: Path, everything: list[Record], read_all: ReadAll
) -> None:
    path = pack(directory)
    content = path.read_bytes()
    index = len(content) - int.from_bytes(content[-4:], "little")
    places, harmless = range(0, len(content), 7), 0
    for place in places:
        changed = bytearray(content)
        changed[place] ^= 0x01
        path.write_bytes(changed)
        found = list(salvage(directory))
        told = [part for part in found if isinstance(part, str)]
        records = [record for part in found if not isinstance(part, str) for record in part]
        assert [everything[record.offset] for record in records] == records
        if not told:
            # A bit of a frame's header that means nothing.
            harmless += 1
            assert read_all(directory) == everything
            continue
        assert len(told) == 1
        assert f"{path}: " in told[0]
        assert len(records) >= len(everything) - (first_offsets(directory)[1] if place >= index else 12)
        with pytest.raises(JournalError, match=rf"{path.name}: (damaged at )?byte \d+"):
            read_all(directory)
    assert harmless < len(places) / 20


def test_a_damaged_segment_is_never_compressed(directory: Path, everything: list[Record]) -> None:
    plain = segment_path(directory, 0)
    content = bytearray(plain.read_bytes())
    content[len(content) // 2] ^= 1
    plain.write_bytes(content)
    with pytest.raises(JournalError, match=r"damaged at byte \d+, record \d+"):
        pack_segment(plain, packed_path(plain))
    assert plain.read_bytes() == content
    assert not list(directory.glob("*.zst*"))


def test_zstd_itself_reads_it(directory: Path, everything: list[Record]) -> None:
    content = segment_path(directory, 0).read_bytes()
    path = pack(directory)
    try:
        unpacked = subprocess.run(["zstd", "-dc", str(path)], capture_output=True, check=True).stdout
    except FileNotFoundError:
        pytest.skip("NOT RUN: zstd is not installed")
    assert unpacked == content
