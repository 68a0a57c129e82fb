"""When a second signal means more than the first."""

import time
from collections.abc import Callable

_ONE_WISH_S = 0.3


class Repeat:
    """Tells a second signal that a person meant from one that came twice.

    Whoever stops a process group often signals its leader, too: that is one wish, delivered within moments.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._first: float | None = None

    def meant(self) -> bool:
        """Whether this signal, arriving now, asks for more than the first one did."""
        now = self._clock()
        if self._first is None:
            self._first = now
        return now - self._first > _ONE_WISH_S
