"""Closed segments, compressed: the same bytes in zstd frames of whole records, with an index of their offsets.

::

    frame | frame | ... | skippable frame: TWINDEX1, count u32, 0 u32,
                          for each frame the offset of its first record, its position in the segment and here (u64),
                          size of the segment u64, CRC32C u32 of all that, size of the skippable frame u32

``zstd -d`` gives the segment back byte for byte. A frame holds about a mebibyte, so any record is found by
decompressing one frame. Little-endian.
"""

import os
from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path
from struct import Struct
from typing import IO, NamedTuple

import zstandard
from crc32c import crc32c

from flows.journal.records import Decoder
from flows.journal.segment import HEADER_SIZE, JournalError, damage_error, read_header, sync_directory

PACKED = ".segment.zst"
_MAGIC = 0x184D2A5D
_LEVEL = 3
_LOOK = 100
_SKIPPABLE = Struct("<II")
_INDEX = Struct("<8sII")
_ENTRY = Struct("<QQQ")
_SIZE = Struct("<Q")
_END = Struct("<II")
_SMALLEST = _SKIPPABLE.size + _INDEX.size + _SIZE.size + _END.size
_NAME = b"TWINDEX1"


class Entry(NamedTuple):
    """A frame: the offset of its first record, and where it begins in the segment and in the file."""

    offset: int
    position: int
    packed: int


def pack_segment(path: Path, packed: Path, frame_bytes: int = 1024 * 1024) -> None:
    """Compress a closed segment into ``packed``, durably; the file appears when it is whole. O(its size).

    Raises
    ------
    JournalError
        The segment is damaged; it then stays as it is.
    """
    content = path.read_bytes()
    entries = list(_cut(path, content, frame_bytes))
    new = packed.with_name(packed.name + ".new")
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "wb") as file:
            _write_frames(file, entries, content)
            os.fsync(file.fileno())
        new.rename(packed)
        sync_directory(packed.parent)
    finally:
        new.unlink(missing_ok=True)


def _write_frames(file: IO[bytes], entries: list[Entry], content: bytes) -> None:
    compressor = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True, write_content_size=True)
    bounds = [*(entry.position for entry in entries[1:]), len(content)]
    index = []
    for entry, stop in zip(entries, bounds, strict=True):
        index.append(entry._replace(packed=file.tell()))
        file.write(compressor.compress(content[entry.position : stop]))
    file.write(_index_frame(index, len(content)))
    file.flush()


def _cut(path: Path, content: bytes, frame_bytes: int) -> Iterator[Entry]:
    offset, position, began = read_header(path, content[:HEADER_SIZE]), HEADER_SIZE, 0
    yield Entry(offset, 0, 0)
    decoder = Decoder()
    while position < len(content):
        records, position, damage = decoder.decode(content, position, offset, _LOOK)
        offset += len(records)
        if damage is not None and position < len(content):
            raise damage_error(path, position, offset, damage.reason)
        if position - began >= frame_bytes and position < len(content):
            began = position
            yield Entry(offset, position, 0)


def _index_frame(index: list[Entry], size: int) -> bytes:
    entries = b"".join(_ENTRY.pack(*entry) for entry in index)
    body = _INDEX.pack(_NAME, len(index), 0) + entries + _SIZE.pack(size)
    length = len(body) + _END.size
    return _SKIPPABLE.pack(_MAGIC, length) + body + _END.pack(crc32c(body), _SKIPPABLE.size + length)


class PackedSegment:
    """Reads a compressed segment as if it were not: `read_at` takes positions in the segment.

    Raises
    ------
    JournalError
        The index is damaged, or while reading a frame: the message names file, byte and record.
    """

    def __init__(self, path: Path, file: int) -> None:
        self._path, self._file = path, file
        self._index, self.size, self._stop = self._read_index()
        self._positions = [entry.position for entry in self._index]
        self._at, self._frame = -1, b""

    def read_at(self, count: int, position: int) -> bytes:
        """Up to ``count`` bytes, at least one unless the end is reached; a frame that is asked for again is kept."""
        if position >= self.size:
            return b""
        parts, wanted = [], min(count, self.size - position)
        while wanted > 0:
            at = bisect_right(self._positions, position) - 1
            part = self._frame_at(at)[position - self._positions[at] :][:wanted]
            parts.append(part)
            position, wanted = position + len(part), wanted - len(part)
        return b"".join(parts)

    def start_of(self, offset: int) -> tuple[int, int]:
        """Where to begin to look for a record: an offset not after it, and the position it begins at."""
        at = max(0, bisect_right([entry.offset for entry in self._index], offset) - 1)
        entry = self._index[at]
        return entry.offset, max(entry.position, HEADER_SIZE)

    def pieces(self) -> Iterator[tuple[int, int, bytes | str]]:
        """Each frame: its first record, its position in the segment, and its bytes or why they cannot be had."""
        for at, entry in enumerate(self._index):
            try:
                yield entry.offset, entry.position, self._frame_at(at)
            except JournalError as error:
                yield entry.offset, entry.position, str(error)

    def close(self) -> None:
        os.close(self._file)

    def _frame_at(self, at: int) -> bytes:
        if at != self._at:
            entry = self._index[at]
            stop, packed = self._bounds(at)
            try:
                frame = zstandard.ZstdDecompressor().decompress(
                    os.pread(self._file, packed - entry.packed, entry.packed), max_output_size=stop - entry.position
                )
            except zstandard.ZstdError as error:
                raise damage_error(self._path, entry.packed, entry.offset, str(error)) from error
            if len(frame) != stop - entry.position:
                raise damage_error(self._path, entry.packed, entry.offset, "it is not as long as the index says")
            self._at, self._frame = at, frame
        return self._frame

    def _bounds(self, at: int) -> tuple[int, int]:
        if at + 1 < len(self._index):
            return self._index[at + 1].position, self._index[at + 1].packed
        return self.size, self._stop

    def _read_index(self) -> tuple[list[Entry], int, int]:
        length = os.fstat(self._file).st_size
        whole = int.from_bytes(os.pread(self._file, 4, max(0, length - 4)), "little")
        frame = os.pread(self._file, whole, length - whole) if _SMALLEST <= whole <= length else b""
        head, body, end = frame[: _SKIPPABLE.size], frame[_SKIPPABLE.size : -_END.size], frame[-_END.size :]
        if head != _SKIPPABLE.pack(_MAGIC, max(0, whole - _SKIPPABLE.size)):
            raise JournalError(f"{self._path}: byte {length} (index): it is missing or damaged")
        if crc32c(body) != _END.unpack(end)[0]:
            raise JournalError(f"{self._path}: byte {length - whole} (index): its checksum does not match")
        entries = [Entry(*fields) for fields in _ENTRY.iter_unpack(body[_INDEX.size : -_SIZE.size])]
        return entries, int(_SIZE.unpack(body[-_SIZE.size :])[0]), length - whole
