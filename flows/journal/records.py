"""How a record lies in a segment.

::

    length u32 | crc u32 | offset u64 | stamp u64 | kind u8 | adapter u8 | origin u16 | line u32
    adapter's name | origin's name | payload

Little-endian. ``length`` counts what follows the CRC32C, which covers just that; ``adapter`` and ``origin``
are the lengths of the two names in UTF-8. The offset stands in the record, so a record in the wrong place is
damage, too.
"""

from collections.abc import Sequence
from struct import Struct
from typing import NamedTuple

from crc32c import crc32c

from flows.messages import Kind, Record
from riskcore.errors import InputError

PREFIX = Struct("<II")
BODY = Struct("<QQBBHI")
HEAD = Struct("<IIQQBBHI")
DURABLE = Struct("<Q")
"""The payload of a CLOCK record: offsets below it had been made durable before it was written."""

MAX_PAYLOAD = 16 * 1024 * 1024
_MAX_LENGTH = BODY.size + 255 + 65_535 + MAX_PAYLOAD
_KINDS: dict[int, Kind] = {kind.value: kind for kind in Kind}
_NAMES_KEPT = 4096


class Damage(NamedTuple):
    """Why decoding stopped: at this byte of the buffer no intact record with the expected offset begins."""

    position: int
    reason: str
    needed: int
    """Bytes that the record asks for where it is only incomplete; 0 where its bytes are wrong."""


Head = tuple[int, int, int, int, int, int, int, int]
"""The fields before a record's names: length, CRC, offset, stamp, kind, lengths of the names, line."""


def walk(buffer: bytes, position: int, offset: int, limit: int) -> tuple[list[Head], int, Damage | None]:
    """Check up to ``limit`` records as :meth:`Decoder.decode` does, without making them: a third of its time."""
    heads: list[Head] = []
    view, end, size, shortest, kinds = memoryview(buffer), len(buffer), HEAD.size, BODY.size, _KINDS
    for expected in range(offset, offset + limit):
        if position + size > end:
            return heads, position, Damage(position, "the record is incomplete", size)
        head = HEAD.unpack_from(buffer, position)
        length, crc, number, _, kind, adapter, origin, _ = head
        stop = position + 8 + length
        if length > _MAX_LENGTH or length < shortest + adapter + origin:
            return heads, position, Damage(position, f"{length} cannot be a record's length", 0)
        if stop > end:
            return heads, position, Damage(position, "the record is incomplete", 8 + length)
        if crc32c(view[position + 8 : stop]) != crc:
            return heads, position, Damage(position, "its checksum does not match", 0)
        if number != expected or kind not in kinds:
            return heads, position, Damage(position, f"record {number} of kind {kind} stands here", 0)
        heads.append(head)
        position = stop
    return heads, position, None


class Decoder:
    """Turns bytes into records. It keeps the names that it has seen, so that each is one string object."""

    def __init__(self) -> None:
        self._names: dict[tuple[int, bytes], tuple[str, str]] = {}

    def decode(self, buffer: bytes, position: int, offset: int, limit: int) -> tuple[list[Record], int, Damage | None]:
        """Decode up to ``limit`` records from ``position`` on, the first of which must be number ``offset``.

        Returns the records, the position behind them and what ended them, if it was not the limit.
        """
        heads, behind, damage = walk(buffer, position, offset, limit)
        records: list[Record] = []
        for length, _, number, stamp, kind, adapter, origin, line in heads:
            stop = position + 8 + length
            payload = position + HEAD.size + adapter + origin
            names = buffer[position + HEAD.size : payload]
            known = self._names.get((adapter, names)) or self._learn(adapter, names)
            records.append(Record(number, stamp, _KINDS[kind], known[0], known[1], line, buffer[payload:stop]))
            position = stop
        return records, behind, damage

    def _learn(self, adapter: int, names: bytes) -> tuple[str, str]:
        if len(self._names) >= _NAMES_KEPT:
            self._names.clear()
        pair = names[:adapter].decode(errors="replace"), names[adapter:].decode(errors="replace")
        self._names[adapter, names] = pair
        return pair


def encode(records: Sequence[Record]) -> bytes:
    """Encode records one behind the other.

    Raises
    ------
    InputError
        A payload is larger than 16 MiB, or a name longer than its field.
    """
    parts: list[bytes] = []
    for record in records:
        adapter, origin, payload = record.adapter.encode(), record.origin.encode(), record.payload
        check_sizes(adapter, origin, payload)
        body = BODY.pack(record.offset, record.stamp, record.kind, len(adapter), len(origin), record.line)
        body += adapter + origin
        parts += (PREFIX.pack(len(body) + len(payload), crc32c(payload, crc32c(body))), body, payload)
    return b"".join(parts)


def check_sizes(adapter: bytes, origin: bytes, payload: bytes) -> None:
    if len(payload) > MAX_PAYLOAD:
        raise InputError(f"a record of {len(payload)} bytes is over the journal's limit of {MAX_PAYLOAD}")
    if len(adapter) > 255 or len(origin) > 65_535:
        raise InputError(f"the name {(adapter if len(adapter) > 255 else origin)[:40]!r}… is too long")
