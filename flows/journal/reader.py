"""Reading a journal from an offset on, while it grows, from any process."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from flows.journal.files import Segment, open_segment
from flows.journal.records import DURABLE, Damage, Decoder, walk
from flows.journal.segment import (
    HEADER_SIZE,
    JournalError,
    damage_error,
    first_offsets,
    proven_durable,
)
from flows.messages import Kind, Record

_CHUNK = 1024 * 1024
_HELD = 1000
_Found = TypeVar("_Found")
_Decode = Callable[[bytes, int, int, int], tuple[list[_Found], int, Damage | None]]


class JournalReader:
    """Reads the records of a journal in order, each intact or not at all.

    Parameters
    ----------
    directory
        It need not exist yet when ``offset`` is 0.
    offset
        The first record to read.
    durable_only
        Hand out only what the journal itself proves to be durable. It is for processes other than the
        writer's: what they had read beyond it, a power cut could take out of the journal again. Costs the
        delay of one batch.

    Raises
    ------
    JournalError
        The journal begins after ``offset`` or ends before it, or is damaged: file, byte and offset are named.
    """

    def __init__(self, directory: Path | str, offset: int = 0, *, durable_only: bool = False) -> None:
        self.directory = Path(directory)
        self._offset = offset
        self._durable_only = durable_only
        self._proven = 0
        self._held: list[Record] = []
        self._decoder = Decoder()
        self._segment: Segment | None = None
        self._first, self._path = -1, self.directory
        self._buffer = b""
        self._start = self._position = 0
        self._listed, self._firsts = 0, list[int]()
        self._seek()

    @property
    def offset(self) -> int:
        """The offset of the record that the next ``read`` begins with."""
        return self._held[0].offset if self._held else self._offset

    @property
    def torn_bytes(self) -> int:
        """Bytes behind the last intact record, once ``read`` has come to the end: what a crash left of a write."""
        return 0 if self._segment is None else self._segment.size - self._start - self._position

    def read(self, limit: int = 1000) -> list[Record]:
        """Read up to ``limit`` records; empty when there is nothing new."""
        if not self._durable_only:
            return self._read(limit)
        while self._proven < self.offset + limit and (records := self._read(_HELD)):
            self._held += records
            self._proven = max(self._proven, *map(_proof, records))
        count = min(limit, len(self._held), max(0, self._proven - self.offset))
        ready, self._held = self._held[:count], self._held[count:]
        return ready

    def close(self) -> None:
        if self._segment is not None:
            self._segment.close()
            self._segment = None

    def _seek(self) -> None:
        target, self._offset = self._offset, 0
        firsts = first_offsets(self.directory)
        if firsts and firsts[0] > target:
            raise JournalError(f"journal {self.directory}: begins at record {firsts[0]}, but {target} is asked for")
        self._offset = max((first for first in firsts if first <= target), default=0)
        if target > self._offset and self._open_next() and self._segment is not None:
            self._offset, self._start = self._segment.start_of(target)
        while self._offset < target:
            if not self._advance(walk, min(target - self._offset, 10_000)):
                raise JournalError(
                    f"journal {self.directory}: ends before record {self._offset}, but {target} is asked for"
                )

    def _read(self, limit: int) -> list[Record]:
        return self._advance(self._decoder.decode, limit)

    def _advance(self, decode: "_Decode[_Found]", limit: int) -> "list[_Found]":
        if limit <= 0 or (self._segment is None and not self._open_next()):
            return []
        while True:
            found, self._position, damage = decode(self._buffer, self._position, self._offset, limit)
            if found:
                self._offset += len(found)
                return found
            if damage is None or not self._refill(damage):
                return []

    def _open_next(self) -> bool:
        opened = open_segment(self.directory, self._offset)
        if opened is None:
            return False
        self.close()
        self._first, (self._path, self._segment) = self._offset, opened
        self._buffer, self._start, self._position = b"", HEADER_SIZE, 0
        return True

    def _refill(self, damage: Damage) -> bool:
        """Load what lies behind the last intact record; False when that is nothing new."""
        segment = self._opened()
        self._start += self._position
        self._buffer = segment.read_at(max(_CHUNK, damage.needed), self._start)
        self._position = 0
        if damage.needed and len(self._buffer) >= damage.needed:
            return True
        if not damage.needed and self._decoder.decode(self._buffer, 0, self._offset, 1)[0]:
            return True
        return self._at_end(segment, damage)

    def _at_end(self, segment: Segment, damage: Damage) -> bool:
        if not self._buffer and self._offset != self._first and self._open_next():
            return True
        later = self._later_segments()
        size = segment.size
        if not self._buffer and self._offset in later:
            return self._open_next()
        if damage.needed and size >= self._start + damage.needed:
            return True
        rest = segment.read_at(size - self._start, self._start)
        if not self._buffer and later:
            raise JournalError(
                f"{self._path}: ends before record {self._offset}, but the next segment begins at {later[0]}"
            )
        if later or proven_durable(rest) > self._offset:
            raise damage_error(self._path, self._start, self._offset, damage.reason)
        return False

    def _later_segments(self) -> list[int]:
        changed = self.directory.stat().st_mtime_ns
        if changed != self._listed:
            self._firsts, self._listed = first_offsets(self.directory), changed
        return [first for first in self._firsts if first > self._first]

    def _opened(self) -> Segment:
        if self._segment is None:
            raise JournalError(f"journal {self.directory}: is closed")
        return self._segment


def _proof(record: Record) -> int:
    return int(DURABLE.unpack(record.payload)[0]) if record.kind is Kind.CLOCK else 0
