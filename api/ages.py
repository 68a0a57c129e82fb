"""How old things are by a clock that nobody sets, though their own stamps are of clocks that somebody may."""

import time
from collections.abc import Callable
from typing import NamedTuple


class _Known(NamedTuple):
    stamp: int | str
    born: float
    looked: float


class Ages:
    """The ages of what is renewed again and again: signs of life, figures.

    What the clocks say of an age counts once, at the first sight of a name. From then on a stamp that stays grows old
    as time passes, and a later one is no older than the look before it. So a clock that is set, forwards or back, makes
    nothing old, and nothing young again.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[str, _Known] = {}

    def of(self, name: str, stamp: int | str, told_s: float) -> float:
        """Look at what bears this stamp and would be ``told_s`` old by the clocks; seconds, never negative. O(1)."""
        now, known = self._clock(), self._known.get(name)
        born = now - max(told_s, 0.0)
        if known is not None and stamp == known.stamp:
            born = known.born
        elif known is not None and stamp > known.stamp:  # type: ignore[operator] # a name has stamps of one kind
            born = max(born, known.looked)
        self._known[name] = _Known(stamp, born, now)
        return now - born
