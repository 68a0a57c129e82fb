"""A segment opened for reading, compressed or not."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from flows.journal.packed import PACKED, PackedSegment
from flows.journal.segment import HEADER_SIZE, JournalError, read_header, segment_path


class Segment(Protocol):
    """The bytes of a segment, by their positions in it."""

    @property
    def size(self) -> int: ...
    def read_at(self, count: int, position: int) -> bytes: ...
    def start_of(self, offset: int) -> tuple[int, int]: ...
    def pieces(self) -> Iterator[tuple[int, int, bytes | str]]: ...
    def close(self) -> None: ...


class PlainSegment:
    """A segment as it was written; it may still grow."""

    def __init__(self, first: int, file: int) -> None:
        self._first, self._file = first, file

    @property
    def size(self) -> int:
        return os.fstat(self._file).st_size

    def read_at(self, count: int, position: int) -> bytes:
        return os.pread(self._file, count, position)

    def start_of(self, _offset: int) -> tuple[int, int]:
        """Nothing is known of what is in it: a record is looked for from the first on."""
        return self._first, HEADER_SIZE

    def pieces(self) -> Iterator[tuple[int, int, bytes | str]]:
        """All of it."""
        yield self._first, 0, self.read_at(self.size, 0)

    def close(self) -> None:
        os.close(self._file)


def open_segment(directory: Path, first: int) -> tuple[Path, Segment] | None:
    """Open the segment that begins with the record ``first``; None where there is none.

    Raises
    ------
    JournalError
        It cannot be read, or is not what its name says.
    """
    plain = segment_path(directory, first)
    # Twice: between a look at the one name and at the other it may have been compressed.
    for path in (plain, packed_path(plain), plain):
        try:
            file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise JournalError(f"{path}: cannot be read: {error.strerror}") from error
        segment: Segment = PlainSegment(first, file) if path is plain else PackedSegment(path, file)
        told = read_header(path, segment.read_at(HEADER_SIZE, 0)) if path is plain else segment.start_of(0)[0]
        if told != first:
            raise JournalError(f"{path}: byte 0 (header): the file is not named by its first offset")
        return path, segment
    return None


def packed_path(plain: Path) -> Path:
    """The name that the segment ``plain`` has once it is compressed."""
    return plain.with_name(plain.name.removesuffix(".segment") + PACKED)
