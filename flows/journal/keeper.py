"""Keeps a journal small: compresses closed segments, and deletes those that are too old or too many.

It may run in any process but in one at a time: closed segments do not change, and a reader that has one open keeps it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import structlog

from flows.journal.files import packed_path
from flows.journal.packed import pack_segment
from flows.journal.reader import JournalReader
from flows.journal.segment import JournalError, first_offsets, segment_path, sync_directory

_log = structlog.get_logger(__name__)
BEGAN = "began"
"""Where the stamp of record 0 is kept once its segment may be deleted."""


@dataclass(frozen=True, slots=True)
class Retention:
    """How much of a journal is kept: nanoseconds of journal time, bytes on disk; None for all of it."""

    age: int | None = None
    size: int | None = None


KEEP_ALL = Retention()


class Keeper:
    """Tidies one journal.

    Parameters
    ----------
    needs
        Tells the first record that each consumer needs: no segment is deleted that holds it or a later one.
    """

    def __init__(self, directory: Path, retention: Retention, needs: Callable[[], Mapping[str, int]]) -> None:
        self._directory, self._retention, self._needs = directory, retention, needs
        self._damaged: set[int] = set()

    def tidy(self) -> None:
        """Compress and delete what is due. What cannot be done now, as on a full disk, is told and tried again.

        Raises
        ------
        JournalError
            A closed segment is damaged: it is told once, and left as it is.
        """
        firsts = first_offsets(self._directory)
        try:
            self._delete(firsts)
            for first in firsts[:-1]:
                self._pack(first)
        except OSError as error:
            raise JournalError(f"journal {self._directory}: cannot be tidied: {error.strerror or error}") from error

    def _pack(self, first: int) -> None:
        plain = segment_path(self._directory, first)
        if first in self._damaged or not plain.exists():
            return
        packed = packed_path(plain)
        try:
            if not packed.exists():
                pack_segment(plain, packed)
        except JournalError:
            self._damaged.add(first)
            raise
        plain.unlink()
        _log.info("a closed segment was compressed", file=str(packed), bytes=packed.stat().st_size)

    def _delete(self, firsts: list[int]) -> None:
        if self._retention == KEEP_ALL or len(firsts) < 2:
            return
        needed = min(self._needs().values(), default=0)
        sizes = {first: _size(self._directory, first) for first in firsts}
        now, total = _stamp(self._directory, firsts[-1]), sum(sizes.values())
        for first, following in pairwise(firsts):
            if following > needed or not self._is_due(following, now, total):
                return
            self._forget(first)
            total -= sizes[first]

    def _is_due(self, following: int, now: int, total: int) -> bool:
        age, size = self._retention.age, self._retention.size
        too_large = size is not None and total > size
        return too_large or (age is not None and _stamp(self._directory, following) < now - age)

    def _forget(self, first: int) -> None:
        began = self._directory / BEGAN
        if not began.exists():
            fresh = began.with_name(f"{BEGAN}.new")
            fresh.write_text(f"{_stamp(self._directory, first)}\n")
            fresh.rename(began)
            sync_directory(self._directory)
        plain = segment_path(self._directory, first)
        for path in (plain, packed_path(plain)):
            path.unlink(missing_ok=True)
        _log.info("a segment that is no longer to be kept was deleted", journal=str(self._directory), first=first)


def began_at(directory: Path) -> int | None:
    """The stamp of record 0, also where retention has deleted it; None where nothing is written yet."""
    firsts = first_offsets(directory)
    began = directory / BEGAN
    if firsts and firsts[0] > 0 and began.exists():
        return int(began.read_text())
    return _stamp(directory, 0) or None


def _stamp(directory: Path, offset: int) -> int:
    reader = JournalReader(directory, offset)
    try:
        records = reader.read(1)
        return records[0].stamp if records else 0
    finally:
        reader.close()


def _size(directory: Path, first: int) -> int:
    plain = segment_path(directory, first)
    return sum(path.stat().st_size for path in (plain, packed_path(plain)) if path.exists())
