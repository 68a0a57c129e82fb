"""How fast a recording is read: paced by its stamps or as fast as possible, and changed while it runs."""

import time
from bisect import bisect_left
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import NamedTuple

from flows.messages import Record

WAIT_S = 0.005
SHORTEST_S = 0.0001
_stamp = attrgetter("stamp")


class Gait(NamedTuple):
    """How a recording is read now."""

    speed: float | None
    """In times the time that the stamps tell; None as fast as possible."""
    paused: bool = False


class Pace:
    """Says how many records are due. Only when a record comes depends on it, nothing else.

    Parameters
    ----------
    clock, sleep
        Seconds, monotonic; for tests.
    """

    def __init__(
        self,
        speed: float | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self.gait = Gait(speed)
        """May be set from another thread."""
        self._clock, self._sleep = clock, sleep
        self._counted: Gait | None = None
        self._origin = 0.0, 0

    def due(self, records: Sequence[Record]) -> int:
        """Return how many of these have come by now; waits up to 5 ms for the first of them."""
        gait = self.gait
        if gait.paused:
            self._counted = None
            self._sleep(WAIT_S)
            return 0
        if gait.speed is None:
            self._counted = None
            return len(records)
        if gait != self._counted:
            self._counted, self._origin = gait, (self._clock(), records[0].stamp)
        early_ns = records[0].stamp - self._reached(gait.speed)
        if early_ns > 0:
            self._sleep(min(max(early_ns / 1e9 / gait.speed, SHORTEST_S), WAIT_S))
        return bisect_left(records, self._reached(gait.speed) + 1, key=_stamp)

    def _reached(self, speed: float) -> int:
        began, first = self._origin
        return first + int((self._clock() - began) * 1e9 * speed)
