"""A journal's store on disk: keeps batches of records in segments and mends a torn tail at opening."""

import fcntl
import os
from collections.abc import Sequence
from pathlib import Path

import structlog

from flows.journal.files import open_segment
from flows.journal.records import encode, walk
from flows.journal.segment import (
    HEADER_SIZE,
    JournalError,
    damage_error,
    first_offsets,
    header,
    proven_durable,
    read_header,
    segment_path,
    sync_directory,
)
from flows.messages import Record

_log = structlog.get_logger(__name__)


class SegmentStore:
    """Writes a journal's segments. One process at a time, held by a lock on the file ``lock``.

    Parameters
    ----------
    directory
        Made with mode 0700 where it is missing.
    segment_bytes
        A segment that has reached this size is closed, and the next one begun.
    """

    def __init__(self, directory: Path, segment_bytes: int) -> None:
        self.directory = directory
        self._segment_bytes = segment_bytes
        self.next_offset = 0
        self.last_stamp = 0
        self._file, self._size = -1, 0
        self._lock = _lock_directory(directory)
        try:
            self._open_last()
        except OSError as error:
            os.close(self._lock)
            raise JournalError(f"journal {directory}: {error.strerror}") from error
        except BaseException:
            os.close(self._lock)
            raise

    @property
    def name(self) -> str:
        return f"journal {self.directory}"

    def append(self, records: Sequence[Record]) -> None:
        """Write a batch with one call. After an ``OSError`` the segment is as it was before."""
        if self._size >= self._segment_bytes:
            self._rotate(records[0].offset)
        rest = memoryview(encode(records))
        try:
            while rest:
                rest = rest[os.write(self._file, rest) :]
        except OSError:
            os.ftruncate(self._file, self._size)
            os.lseek(self._file, self._size, os.SEEK_SET)
            raise
        self._size = os.lseek(self._file, 0, os.SEEK_CUR)
        self.next_offset = records[-1].offset + 1

    def sync(self) -> None:
        os.fdatasync(self._file)

    def close(self) -> None:
        os.close(self._file)
        os.close(self._lock)

    def _rotate(self, first: int) -> None:
        path = _create_segment(self.directory, first)
        os.close(self._file)
        self._file, self._size = _open_at_end(path)

    def _open_last(self) -> None:
        for leftover in self.directory.glob("*.new"):
            leftover.unlink()
        firsts = first_offsets(self.directory)
        if not firsts:
            _create_segment(self.directory, 0)
            firsts = [0]
        self.next_offset = firsts[-1]
        path = segment_path(self.directory, firsts[-1])
        intact = self._scan(path)
        self._file, self._size = _open_at_end(path)
        if intact < self._size:
            os.ftruncate(self._file, intact)
            os.fdatasync(self._file)
            self._size = os.lseek(self._file, intact, os.SEEK_SET)
        if len(firsts) > 1 and not self.last_stamp:
            self.last_stamp = _last_stamp(self.directory, firsts[-2])

    def _scan(self, path: Path) -> int:
        content = path.read_bytes()
        if read_header(path, content[:HEADER_SIZE]) != self.next_offset:
            raise JournalError(f"{path}: byte 0 (header): the file is not named by its first offset")
        position = HEADER_SIZE
        while True:
            heads, position, damage = walk(content, position, self.next_offset, 10_000)
            if heads:
                self.next_offset, self.last_stamp = self.next_offset + len(heads), heads[-1][3]
            if damage is not None:
                break
        if position < len(content):
            if proven_durable(content[position:]) > self.next_offset:
                raise damage_error(path, position, self.next_offset, damage.reason)
            _log.warning(
                "the journal's torn tail was cut off",
                file=str(path), byte=position, offset=self.next_offset, dropped_bytes=len(content) - position,
            )  # fmt: skip
        return position


def _lock_directory(directory: Path) -> int:
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise JournalError(f"journal {directory}: cannot be opened: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        raise JournalError(f"journal {directory}: another process is writing to it; stop that one first") from error
    return lock


def _create_segment(directory: Path, first: int) -> Path:
    path = segment_path(directory, first)
    new = path.with_suffix(".new")
    file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.write(file, header(first))
        os.fsync(file)
    finally:
        os.close(file)
    new.rename(path)
    sync_directory(directory)
    return path


def _open_at_end(path: Path) -> tuple[int, int]:
    file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    return file, os.lseek(file, 0, os.SEEK_END)


def _last_stamp(directory: Path, first: int) -> int:
    opened = open_segment(directory, first)
    if opened is None:
        return 0
    _, segment = opened
    heads, _, _ = walk(segment.read_at(segment.size, 0), HEADER_SIZE, first, 2**62)
    segment.close()
    return heads[-1][3] if heads else 0
