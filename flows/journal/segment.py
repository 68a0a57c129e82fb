"""Segments: the files of a journal, each named by the offset of its first record."""

from pathlib import Path
from struct import Struct

from crc32c import crc32c

from flows.journal.records import DURABLE, HEAD, PREFIX, Decoder
from flows.messages import Kind
from riskcore.errors import TailwatchError

SUFFIX = ".segment"
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
    """List the first offset of every segment, in order; empty where there is no journal yet."""
    if not directory.is_dir():
        return []
    stems = [path.stem for path in directory.iterdir() if path.suffix == SUFFIX]
    return sorted(int(stem) for stem in stems if stem.isascii() and stem.isdigit())


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
    proven, position = 0, 0
    mark, decoder = PREFIX.pack(_CLOCK_LENGTH, 0)[:4], Decoder()
    while (position := rest.find(mark, position)) >= 0:
        if position + HEAD.size <= len(rest):
            number = HEAD.unpack_from(rest, position)[2]
            records, _, _ = decoder.decode(rest[position : position + 8 + _CLOCK_LENGTH], 0, number, 1)
            if records and records[0].kind is Kind.CLOCK:
                proven = max(proven, DURABLE.unpack(records[0].payload)[0])
        position += 1
    return proven
