"""What every reader of a format yields."""

from collections.abc import Iterator
from typing import Protocol

from flows.messages import Kind
from flows.timestamps import LIMIT

Entry = tuple[int, int, int, Kind, str, str, bytes]
"""Time (received, or else the tick's), position on the command line, line, kind, adapter, origin, payload.

A plain tuple whose first three fields are the order of a merge.
"""

Entries = Iterator[Entry]


class TimeOf(Protocol):
    """Finds the time of one line and the payload in it; raises ``ValueError`` where there is none."""

    def __call__(self, line: bytes) -> tuple[int, bytes]: ...


def receive_time(digits: bytes) -> int:
    """Read the receive time that stands before a frame: nanoseconds in digits."""
    if not digits.isdigit() or len(digits) > 19 or (time := int(digits)) > LIMIT:
        raise ValueError(digits[:40])
    return time
