"""Which identifiers have been seen: repeats found exactly, gaps declared once, late arrivals let in.

A series remembers the next identifier it expects and the ranges that are missing below it. What lies in a
missing range is new, everything else below is a repeat: exact in any order of arrival, as long as there are
no more than ``MAX_RANGES`` holes; of more, the oldest are forgotten and what is older still is refused as
``forgotten``.

A repeat has the time that it had. So a number that was seen and comes with a time newer than every other is the
first of a new numbering, taken up when the next number confirms it.
"""

from array import array
from bisect import bisect_right
from collections import deque
from collections.abc import Sequence
from typing import Any, Literal

from flows.feeds.adapter import DuplicateReason

MAX_RANGES = 1024
MAX_IDENTIFIER = 2**62
MAX_JUMP = 10**9
"""A jump beyond this is no outage: the series takes it up only when the next identifier confirms it."""

MAX_NAMES = 256
"""Of identifiers in no order so many are remembered for each symbol."""

JITTER = 100_000_000
"""Newer by so many nanoseconds at most may be late, or a correction: symbols are not in step to the last one."""

GapRange = tuple[int, int]
Verdict = None | GapRange | DuplicateReason | Literal["bad_identifier"]
"""None: new. A range: new, and these before it are missing. A reason: not to be counted."""


class Series:
    """One numbering: of a symbol's trades, or of a feed's ticks.

    Parameters
    ----------
    remembered
        Of so many identifiers (a power of two) the price is kept, to tell a conflict from a repeat. First
        wins.
    declares
        Whether a hole is a gap to be told; False where the venue leaves holes itself.
    """

    __slots__ = (
        "_candidate",
        "_expected",
        "_forgotten",
        "_heard",
        "_ids",
        "_mask",
        "_missing",
        "_newest",
        "_prices",
        "_start",
        "declares",
        "healed",
    )

    def __init__(self, remembered: int, *, declares: bool = True) -> None:
        self.declares = declares
        self.healed = 0
        """Identifiers that came after their gap had been declared."""
        self._expected: int | None = None
        self._candidate: tuple[int, int, int | None] | None = None
        self._heard = -1
        self._newest = self._start = 0
        self._forgotten = -1
        self._missing: list[list[int]] = []
        self._mask = remembered - 1
        self._ids = array("q", [-1]) * remembered
        self._prices = array("d", [0.0]) * remembered

    def restart(self) -> None:
        """Forget the numbering: what comes next is the first of a new one."""
        self._expected, self._heard = None, -1

    def hear(self, last: int) -> GapRange | None:
        """Take the venue's word on its newest identifier: what is not there when it speaks again is missing.

        It speaks of trades that may still be on their way, so its word before this one counts.
        """
        heard, self._heard = self._heard, last if last < MAX_IDENTIFIER else -1
        if self._expected is None or not 0 <= heard - self._expected < MAX_JUMP:
            return None
        gap = (self._expected, heard)
        self._missing.append(list(gap))
        self._bound()
        self._expected = heard + 1
        return gap

    def admit(self, identifier: int, price: float, event_time: int) -> Verdict:
        """Judge one identifier. O(1) in order, O(log holes) otherwise."""
        if identifier != self._expected:
            return self._irregular(identifier, price, event_time)
        self._expected = identifier + 1
        self._keep(identifier, price, event_time)
        return None

    def _keep(self, identifier: int, price: float, event_time: int) -> None:
        slot = identifier & self._mask
        self._ids[slot] = identifier
        self._prices[slot] = price
        if event_time > self._newest:  # noqa: PLR1730  (max() is three times as slow)
            self._newest = event_time

    def _irregular(self, identifier: int, price: float, event_time: int) -> Verdict:
        if not 0 <= identifier < MAX_IDENTIFIER:
            return "bad_identifier"
        if self._expected is None:
            self._begin(identifier)
            self._keep(identifier, price, event_time)
            return None
        if self._candidate is not None and identifier == self._candidate[0] and event_time <= self._candidate[1]:
            return self._repeat(identifier, price)
        if identifier < self._expected:
            return self._behind(identifier, price, event_time)
        if identifier - self._expected > MAX_JUMP:
            return self._stray(identifier, price, event_time)
        return self._skip(identifier, price, event_time)

    def _begin(self, identifier: int) -> None:
        self._expected = identifier + 1
        self._candidate = None
        self._start = identifier
        self._forgotten = -1
        self._missing = [[0, identifier - 1]] if identifier else []

    def _behind(self, identifier: int, price: float, event_time: int) -> Verdict:
        at = bisect_right(self._missing, identifier, key=_first) - 1
        newer = event_time - self._newest
        is_missing = at >= 0 and identifier <= self._missing[at][1]
        if is_missing and (newer <= JITTER or not self.declares):
            return self._heal(at, identifier, price, event_time)
        if newer <= 0:
            return self._repeat(identifier, price)
        return self._stray(identifier, price, event_time, believed=newer > JITTER)

    def _heal(self, at: int, identifier: int, price: float, event_time: int) -> Verdict:
        first, last = self._missing[at]
        parts = ([first, identifier - 1], [identifier + 1, last])
        self._missing[at : at + 1] = [hole for hole in parts if hole[0] <= hole[1]]
        self._bound()
        self._keep(identifier, price, event_time)
        if identifier > self._start:
            self.healed += 1
        return None

    def _repeat(self, identifier: int, price: float) -> Verdict:
        if identifier <= self._forgotten:
            return "forgotten"
        slot = identifier & self._mask
        return "conflict" if self._ids[slot] == identifier and self._prices[slot] != price else "repeated"

    # Not the next of this numbering, nor late, nor a repeat: perhaps the first of another.
    def _stray(self, identifier: int, price: float, event_time: int, *, believed: bool = True) -> Verdict:
        before, self._candidate = self._candidate, (identifier, event_time, self._expected)
        if before is not None and before[2] == self._expected and 0 < identifier - before[0] <= MAX_JUMP:
            self._begin(before[0])
            return self.admit(identifier, price, event_time)
        if not believed:
            return self._repeat(identifier, price)
        self._keep(identifier, price, 0)
        return None

    def _skip(self, identifier: int, price: float, event_time: int) -> Verdict:
        gap = (self._expected or 0, identifier - 1)
        self._missing.append(list(gap))
        self._bound()
        self._expected = identifier + 1
        self._keep(identifier, price, event_time)
        return gap if self.declares else None

    def _bound(self) -> None:
        if len(self._missing) > MAX_RANGES:
            self._forgotten = self._missing.pop(0)[1]

    def state(self) -> dict[str, Any]:
        """What :meth:`restore` needs beside :attr:`memory`, as JSON-able data."""
        return {
            "remembered": self._mask + 1,
            "expected": self._expected,
            "candidate": self._candidate,
            "start": self._start,
            "forgotten": self._forgotten,
            "missing": [list(hole) for hole in self._missing],
            "newest": self._newest,
            "heard": self._heard,
            "declares": self.declares,
            "healed": self.healed,
        }

    @property
    def memory(self) -> tuple["array[int]", "array[float]"]:
        """The identifiers and prices remembered."""
        return self._ids, self._prices

    @classmethod
    def restore(cls, state: dict[str, Any], ids: bytes, prices: bytes) -> "Series":
        """Make the series that :meth:`state` and :attr:`memory` described."""
        series = cls(state["remembered"], declares=state["declares"])
        series._expected = state["expected"]
        series._candidate = None if state["candidate"] is None else tuple(state["candidate"])
        series._start, series._forgotten = state["start"], state["forgotten"]
        series._missing, series._newest = state["missing"], state["newest"]
        series.healed, series._heard = state["healed"], state.get("heard", -1)
        series._ids, series._prices = array("q", ids), array("d", prices)
        return series


def _first(hole: list[int]) -> int:
    return hole[0]


class Rising:
    """A numbering with holes of its own, which arrives in order: it proves repeats and nothing else."""

    __slots__ = ("_last", "_newest", "fresh")

    def __init__(self, last: int = -1, newest: int = 0, *, fresh: bool = False) -> None:
        self._last = last
        self._newest = newest
        self.fresh = fresh

    def admit(self, identifier: int, event_time: int) -> Verdict:
        """Judge one identifier. O(1)."""
        if not 0 <= identifier < MAX_IDENTIFIER:
            return "bad_identifier"
        if identifier <= self._last and not (self.fresh and event_time > self._newest + JITTER):
            return "repeated"
        self._last, self.fresh = identifier, False
        self._newest = max(self._newest, event_time)
        return None

    def state(self) -> dict[str, Any]:
        """The arguments that make this again."""
        return {"last": self._last, "newest": self._newest, "fresh": self.fresh}


class Names:
    """Identifiers in no order at all, of which the newest few are remembered.

    The same identifier at another event time is another trade: exchanges that a venue brings together number each on
    its own.
    """

    __slots__ = ("_prices", "_seen")

    def __init__(self, seen: Sequence[tuple[int, int, float]] = ()) -> None:
        self._seen = deque((identifier, event_time) for identifier, event_time, _ in seen)
        self._prices = {(identifier, event_time): price for identifier, event_time, price in seen}

    def admit(self, identifier: int, price: float, event_time: int) -> Verdict:
        """Judge one identifier. O(1)."""
        if not 0 <= identifier < MAX_IDENTIFIER:
            return "bad_identifier"
        name = identifier, event_time
        known = self._prices.get(name)
        if known is not None:
            return "repeated" if known == price else "conflict"
        self._prices[name] = price
        self._seen.append(name)
        if len(self._seen) > MAX_NAMES:
            del self._prices[self._seen.popleft()]
        return None

    def state(self) -> list[tuple[int, int, float]]:
        """The argument that makes this again."""
        return [(*name, self._prices[name]) for name in self._seen]
