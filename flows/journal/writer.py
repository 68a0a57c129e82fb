"""The journal's writer: the appender, pointed at segments."""

import time
from collections.abc import Callable
from pathlib import Path

from flows.journal.appender import Appender
from flows.journal.store import SegmentStore

SEGMENT_BYTES = 64 * 1024 * 1024


class JournalWriter(Appender):
    """Appends to the journal in a directory.

    Opening it mends a torn tail (what a crash left of the last write, never a record that was durable).

    Raises
    ------
    JournalError
        Another process writes to this directory, or what is there is damaged: the message names file, byte
        and offset.
    """

    def __init__(
        self,
        directory: Path | str,
        fsync_interval_s: float = 0.005,
        *,
        segment_bytes: int = SEGMENT_BYTES,
        queue_bytes: int = 16 * 1024 * 1024,
        silence_s: float = 0.1,
        clock: Callable[[], int] = time.time_ns,
        steady: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self.directory = Path(directory)
        super().__init__(
            SegmentStore(self.directory, segment_bytes),
            fsync_interval_s=fsync_interval_s,
            silence_s=silence_s,
            queue_bytes=queue_bytes,
            clock=clock,
            steady=steady,
        )
