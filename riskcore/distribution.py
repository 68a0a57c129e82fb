"""The histogram of P&L scenarios, with bins that stay where they are from one snapshot to the next."""

from math import floor, isfinite, log10
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from riskcore.messages import Distribution, Method

_BINS_PER_VOLATILITY = 5.0
_MOST_BINS = 200
_NO_RISK = 1e-250


class Step(NamedTuple):
    """The width ``digit * 10**power``, digit 1, 2 or 5, in two numbers: its multiples are exact decimals."""

    digit: int
    power: int

    def times(self, count: int) -> float:
        if self.power >= 0:
            return count * self.digit * 10.0**self.power
        return count * self.digit / 10.0**-self.power


def distribution_of(method: Method, pnl: NDArray[np.float64], volatility: float) -> Distribution | None:
    """Count scenarios (n,) in bins of equal width; None when there is no risk to show.

    The width is the largest of 1, 2, 5 times a power of ten not above a fifth of ``volatility``, and every
    edge is a multiple of it. Between two snapshots bins are so added or dropped at the ends, never moved,
    until the volatility crosses one of those steps. A bin holds its lower edge. Scenarios far out make bins
    wider, so that there are never more than 200. O(n).
    """
    if not volatility > _NO_RISK or not len(pnl):
        return None
    lowest, highest = float(np.min(pnl)), float(np.max(pnl))
    if not isfinite(highest - lowest):
        return None
    step = nice_step(max(volatility / _BINS_PER_VOLATILITY, 2.5 * (highest - lowest) / _MOST_BINS))
    bins = np.floor(pnl / step.times(1)).astype(np.int64)
    first = int(bins.min())
    counts = np.bincount(bins - first)
    edges = tuple(step.times(first + i) for i in range(len(counts) + 1))
    return Distribution(method, edges, tuple(counts.tolist()))


def nice_step(size: float) -> Step:
    """The largest step not above ``size`` > 0."""
    power = floor(log10(size)) + 1  # one up: log10 may round a power of ten down
    steps = (Step(digit, exponent) for exponent in (power, power - 1, power - 2) for digit in (5, 2, 1))
    return next(step for step in steps if step.times(1) <= size)
