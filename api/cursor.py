"""Cursors of the stream: opaque to clients, good on every API process and after every restart.

A cursor holds the run, the id of an event in it and a checksum of that event's bytes. So a cursor of
another database, in which a run of the same name has the same id, is told apart. A checksum over the
whole tells what is not ours at all.
"""

import base64
import struct
import zlib
from typing import NamedTuple

LONGEST = 512
_VERSION = 1
_HEAD = struct.Struct(">BQI")
_CHECK = struct.Struct(">I")


class Cursor(NamedTuple):
    """A place in the stream: just behind the event ``id`` of the run; 0 is before the first."""

    run: str
    id: int
    check: int
    """CRC32 of the event's payload; 0 for id 0."""


def after(run: str, identifier: int, payload: bytes) -> Cursor:
    """Give the place behind an event."""
    return Cursor(run, identifier, zlib.crc32(payload))


def encode(cursor: Cursor) -> str:
    """Write a cursor in letters, digits, ``-`` and ``_``."""
    body = _HEAD.pack(_VERSION, cursor.id, cursor.check) + cursor.run.encode()
    return base64.urlsafe_b64encode(body + _CHECK.pack(zlib.crc32(body))).rstrip(b"=").decode()


def decode(text: str) -> Cursor | None:
    """Read a cursor back; None for whatever we did not write. Costs nothing for very long texts."""
    if len(text) > LONGEST:
        return None
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        body, check = raw[: -_CHECK.size], raw[-_CHECK.size :]
        version, identifier, event_check = _HEAD.unpack_from(body)
        if version != _VERSION or _CHECK.unpack(check)[0] != zlib.crc32(body):
            return None
        cursor = Cursor(body[_HEAD.size :].decode(), identifier, event_check)
    except (ValueError, struct.error):
        return None
    return cursor if encode(cursor) == text else None
