"""A journal as lines of JSON, one record a line: what ``journal export --records`` writes."""

from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from flows.journal.records import MAX_PAYLOAD
from flows.messages import Kind, Record
from flows.readers.entry import Entry
from flows.readers.streams import BytesRead, lines
from riskcore.errors import TailwatchError

_LONGEST = 3 * MAX_PAYLOAD
_BEGINNING = b'{"offset":'


class _Line(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    offset: int
    stamp: int
    kind: str
    adapter: str = ""
    origin: str = ""
    line: int = 0
    payload: str = ""
    base64: bool = False
    """Whether the payload is written so, because it is no text."""


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Line).decode


def record_line(record: Record) -> bytes:
    """Write one record as a line."""
    try:
        payload, packed = record.payload.decode(), False
    except UnicodeDecodeError:
        payload, packed = b64encode(record.payload).decode(), True
    offset, stamp, kind, adapter, origin, line, _ = record
    return _encode(_Line(offset, stamp, kind.name.lower(), adapter, origin, line, payload, packed)) + b"\n"


def is_record_line(line: bytes) -> bool:
    """Whether a line is what :func:`record_line` wrote."""
    return line.startswith(_BEGINNING) and b'"kind":' in line


@dataclass(frozen=True, slots=True)
class RecordFile:
    """The records in a file of such lines."""

    path: Path
    position: int

    def records(self, bytes_read: BytesRead | None = None) -> Iterator[Record]:
        """Yield the records as they stood in the journal.

        Raises
        ------
        TailwatchError
            A line is none, or the next record is missing: file and line are named.
        """
        previous: int | None = None
        for first, run in lines(self.path, bytes_read, _LONGEST):
            for number, line in enumerate(run, first):
                if line:
                    record = self._read(number, line)
                    if previous is not None and record.offset <= previous:
                        raise TailwatchError(f"{self.path}: line {number}: record {record.offset} after {previous}")
                    previous = record.offset
                    yield record

    def entries(self, bytes_read: BytesRead | None = None) -> Iterator[Entry]:
        for record in self.records(bytes_read):
            yield (
                record.stamp, self.position, record.line,
                record.kind, record.adapter, record.origin, record.payload,
            )  # fmt: skip

    def _read(self, number: int, line: bytes) -> Record:
        try:
            told = _decode(line)
            payload = b64decode(told.payload, validate=True) if told.base64 else told.payload.encode()
            return Record(
                told.offset, told.stamp, Kind[told.kind.upper()], told.adapter, told.origin, told.line, payload
            )  # fmt: skip
        except (msgspec.MsgspecError, ValueError, KeyError) as error:
            raise TailwatchError(f"{self.path}: line {number}: is no record of a journal: {error}") from None
