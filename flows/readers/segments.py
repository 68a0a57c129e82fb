"""A journal, whole or one of its segments, as input of a replay."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from flows.journal import JournalReader
from flows.journal.packed import PACKED
from flows.journal.segment import HEADER_SIZE, MAGIC, first_offsets, read_header
from flows.messages import Record
from flows.readers.entry import Entry
from flows.readers.streams import BytesRead
from riskcore.errors import InputError

_RECORD_COST = 48


def is_journal(path: Path) -> bool:
    if path.is_dir():
        return bool(first_offsets(path))
    if path.name.endswith(PACKED):
        return True
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


@dataclass(frozen=True, slots=True)
class JournalFile:
    """The records of a journal's directory, or of one segment file in it."""

    path: Path
    position: int

    def records(self, bytes_read: BytesRead | None = None) -> Iterator[Record]:
        """Yield the records as they stand, up to where the journal ends now."""
        first, last = self._range()
        reader = JournalReader(self.path if last is None else self.path.parent, first)
        try:
            while run := reader.read(1000 if last is None else min(1000, last - reader.offset)):
                yield from run
                if bytes_read is not None:
                    bytes_read(sum(len(record.payload) + _RECORD_COST for record in run))
        finally:
            reader.close()

    def entries(self, bytes_read: BytesRead | None = None) -> Iterator[Entry]:
        for record in self.records(bytes_read):
            yield (
                record.stamp, self.position, record.line,
                record.kind, record.adapter, record.origin, record.payload,
            )  # fmt: skip

    def _range(self) -> tuple[int, int | None]:
        if self.path.is_dir():
            return first_offsets(self.path)[0], None
        first, firsts = _first_of(self.path), first_offsets(self.path.parent)
        if first not in firsts:
            raise InputError(
                f"{self.path}: a segment keeps the name that the journal gave it, the offset of its first record"
            )
        later = [other for other in firsts if other > first]
        return first, later[0] if later else 2**63 - 1


def _first_of(path: Path) -> int:
    if path.name.endswith(PACKED):
        name = path.name.removesuffix(PACKED)
        return int(name) if name.isascii() and name.isdigit() else -1
    with path.open("rb") as file:
        return read_header(path, file.read(HEADER_SIZE))
