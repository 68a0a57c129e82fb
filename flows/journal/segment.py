"""Segments: the files of a journal, each named by the offset of its first record."""

import os
from collections.abc import Iterator
from pathlib import Path
from struct import Struct

from crc32c import crc32c

from flows.journal.records import DURABLE, HEAD, PREFIX, Decoder
from flows.messages import Kind
from riskcore.errors import TailwatchError

SUFFIX = ".segment"
_SUFFIXES = ("segment", "segment.zst")
MAGIC = b"TWJOURNL"
VERSION = 1
_HEADER = Struct("<8sHHIQ")
_CHECK = Struct("<I")
HEADER_SIZE = _HEADER.size + _CHECK.size
_CLOCK_LENGTH = HEAD.size - 8 + DURABLE.size


class JournalError(TailwatchError):
    """A journal is damaged, incomplete or cannot be written."""


def segment_path(directory: Path, first: int) -> Path:
    return directory / f"{first:020d}{SUFFIX}"


def first_offsets(directory: Path) -> list[int]:
    """List the first offset of every segment, compressed or not, in order; empty where there is no journal yet."""
    if not directory.is_dir():
        return []
    found = [path.name.partition(".") for path in directory.iterdir()]
    stems = {stem for stem, _, suffix in found if suffix in _SUFFIXES and stem.isascii() and stem.isdigit()}
    return sorted(map(int, stems))


def sync_directory(directory: Path) -> None:
    """Make names durable that were given or taken in a directory."""
    file = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def header(first: int) -> bytes:
    head = _HEADER.pack(MAGIC, VERSION, 0, 0, first)
    return head + _CHECK.pack(crc32c(head))


def read_header(path: Path, head: bytes) -> int:
    """Return the first offset of the segment whose first bytes are ``head``.

    Raises
    ------
    JournalError
        These bytes are not an intact header of a version that this program reads.
    """
    if len(head) < HEADER_SIZE or not head.startswith(MAGIC):
        raise JournalError(f"{path}: byte 0 (header): this is not a journal segment")
    _, version, _, _, first = _HEADER.unpack_from(head)
    if crc32c(head[: _HEADER.size]) != _CHECK.unpack_from(head, _HEADER.size)[0]:
        raise JournalError(f"{path}: byte 0 (header): its checksum does not match")
    if version != VERSION:
        raise JournalError(f"{path}: format version {version}, this program reads {VERSION}")
    return int(first)


def damage_error(path: Path, position: int, offset: int, reason: str) -> JournalError:
    return JournalError(f"{path}: damaged at byte {position}, record {offset}: {reason}")


def proven_durable(rest: bytes) -> int:
    """Return the offset up to which the intact CLOCK records in ``rest`` prove records to be durable.

    ``rest`` is what follows damage, so records are searched for byte by byte. What a crash tore off the last
    write is proven by nothing behind it; damage below a proven offset is loss.
    """
    places = (place for place, _ in clock_positions(rest))
    return max((int(DURABLE.unpack_from(rest, place + HEAD.size)[0]) for place in places), default=0)


def clock_positions(content: bytes, position: int = 0) -> Iterator[tuple[int, int]]:
    """Find the intact CLOCK records in any bytes: where each begins, and its offset."""
    mark, decoder = PREFIX.pack(_CLOCK_LENGTH, 0)[:4], Decoder()
    while (position := content.find(mark, position)) >= 0:
        if position + HEAD.size <= len(content):
            number = HEAD.unpack_from(content, position)[2]
            records, _, _ = decoder.decode(content[position : position + 8 + _CLOCK_LENGTH], 0, number, 1)
            if records and records[0].kind is Kind.CLOCK:
                yield position, number
        position += 1
