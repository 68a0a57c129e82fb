"""Prices that jump too far to be believed at once."""

from math import inf
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

Held = TypeVar("Held")
_SMALLEST = 0.02


class JumpFilter(Generic[Held]):
    r"""Hold back a price that jumps beyond what its instrument does, until the next one tells whether it
    was meant.

    A move from the newest price is suspect when :math:`|p/p_\text{newest} - 1| >
    \max(\text{jump}\cdot\sigma_i, 2\,\%)`, σ being the standard deviation of the instrument's bar returns; where these
    are absolute, when :math:`|p - p_\text{newest}| > \max(\text{jump}\cdot\sigma_i, 2\,\%\,|p_\text{newest}|)`.
    The next price confirms it when it lies within that limit of the suspect one; else the suspect one is
    refused. Nothing is suspect before an instrument has ``min_observations`` returns. A tick that does not
    jump costs one comparison by the caller against :attr:`limits`.
    """

    def __init__(self, jump: float, min_observations: int) -> None:
        self._jump, self._min_observations = jump, min_observations
        self.limits: list[float] = []
        """Largest believable move of each instrument over its newest price, inf where anything goes; 0 where the move
        must be judged in points."""
        self._points: dict[int, float] = {}
        self.suspects: dict[int, tuple[float, Held]] = {}
        """Price, and what the caller keeps with it, by instrument."""

    def learn(
        self,
        volatility: NDArray[np.float64],
        observations: NDArray[np.int64],
        absolute: NDArray[np.bool_] | None = None,
    ) -> None:
        """Set the limits by the volatility of a bar, shape (N,), and the returns it rests on. O(N)."""
        limits = np.maximum(self._jump * volatility, _SMALLEST)
        if absolute is not None and absolute.any():
            numbers = np.flatnonzero(absolute)
            self._points = dict(zip(numbers.tolist(), (self._jump * volatility[numbers]).tolist(), strict=True))
            limits[numbers] = 0.0
        limits[observations < self._min_observations] = inf
        self.limits = limits.tolist()

    def widen(self, n_instruments: int) -> None:
        """Make room up to ``n_instruments``; the new ones may do anything."""
        self.limits += [inf] * (n_instruments - len(self.limits))

    def judge(self, instrument: int, price: float, newest: float, item: Held) -> tuple[list[Held], list[Held]]:
        """Take a price that jumps, or comes after a suspect one; return what to believe now, and what to refuse."""
        suspect = self.suspects.pop(instrument, None)
        if suspect is not None and self._is_near(instrument, price, suspect[0]):
            return [suspect[1], item], []
        refused = [] if suspect is None else [suspect[1]]
        if self._is_near(instrument, price, newest):
            return [item], refused
        self.suspects[instrument] = (price, item)
        return [], refused

    def _is_near(self, instrument: int, price: float, other: float) -> bool:
        points = self._points.get(instrument)
        if points is None or self.limits[instrument] == inf:
            return self.limits[instrument] == inf or abs(price / other - 1.0) <= self.limits[instrument]
        return abs(price - other) <= max(points, _SMALLEST * abs(other))
