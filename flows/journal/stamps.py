"""The stamps of the journal's records: wall time that never goes back and never stands still for long."""

import time
from collections.abc import Callable

import structlog

_log = structlog.get_logger(__name__)
_SET_BACK_NS = 1_000_000_000
"""A clock that is behind the stamps by more was set; by less it is being steered."""


class Stamps:
    """Nanoseconds since the epoch as the clock tells them, whatever is done to the clock.

    Where it is set back the stamps go on from where they were, as fast as time passes. If they stood still instead,
    every tick would soon lie in the future of its own receipt, and be refused for as long as the clock was set back.
    Where it is set forward they go with it.

    Parameters
    ----------
    last
        The stamp of the newest record; none that comes is earlier.
    steady
        Nanoseconds of a clock that nobody sets.
    """

    def __init__(self, last: int, steady: Callable[[], int] = time.monotonic_ns) -> None:
        self.last = last
        self._steady = steady
        self._looked = steady()
        self._is_back = False

    def next(self, told: int) -> int:
        """The stamp of a record that comes at ``told`` by the clock."""
        now = self._steady()
        passed, self._looked = now - self._looked, now
        is_back = self.last - told > _SET_BACK_NS
        if is_back and not self._is_back:
            _log.warning("the clock was set back: stamps go on from where they were", seconds=(self.last - told) / 1e9)
        self._is_back = is_back
        self.last = self.last + passed if is_back else max(self.last, told)
        return self.last
