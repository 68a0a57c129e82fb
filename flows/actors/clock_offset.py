"""How far a venue's clock runs ahead of ours, estimated from the ticks themselves.

An event time is never later than its receipt by more than the clocks differ; latency only makes it earlier.
So the estimate is the highest over the last minute of the median difference of each second: a single wrong
stamp moves no median, and a burst of old ticks moves no maximum.
"""

from collections import deque
from typing import Any

SECOND = 1_000_000_000
TOLERANCE = 5 * SECOND
"""An event time later than this beyond receipt and offset lies in the future."""
MAX_AHEAD = 5 * SECOND
"""A venue's clock is believed to run ahead by at most this: a watermark stays within 10 s of our clock."""
_SECONDS = 60
_PER_SECOND = 64


class ClockOffset:
    """The offset of one feed, nanoseconds: event time less receive time of what has hardly any latency."""

    __slots__ = ("_medians", "_sample", "_second", "offset", "tolerance")

    def __init__(self) -> None:
        self.offset = 0
        self.tolerance = TOLERANCE
        """The largest difference of event and receive time that is not the future."""
        self._second = -1
        self._sample: list[int] = []
        self._medians: deque[int] = deque(maxlen=_SECONDS)

    def observe(self, difference: int, received: int) -> None:
        """Take one accepted difference ``event_time - received``. O(1), and a sort of 64 once a second."""
        second = received // SECOND
        if second != self._second:
            self._turn(second, difference)
        elif len(self._sample) < _PER_SECOND:
            self._sample.append(difference)

    def _turn(self, second: int, difference: int) -> None:
        if self._sample:
            self._medians.append(sorted(self._sample)[len(self._sample) // 2])
        estimate = max(self._medians) if self._medians else difference
        self._set(min(estimate, MAX_AHEAD))
        self._second = second
        self._sample = [difference]

    def _set(self, offset: int) -> None:
        self.offset = offset
        self.tolerance = TOLERANCE + max(offset, 0)

    def state(self) -> dict[str, Any]:
        """What :meth:`restore` needs, as JSON-able data."""
        return {
            "offset": self.offset,
            "second": self._second,
            "sample": list(self._sample),
            "medians": list(self._medians),
        }

    @classmethod
    def restore(cls, state: dict[str, Any]) -> "ClockOffset":
        """Make the estimate that :meth:`state` described."""
        clock = cls()
        clock._set(state["offset"])
        clock._second = state["second"]
        clock._sample = list(state["sample"])
        clock._medians.extend(state["medians"])
        return clock
