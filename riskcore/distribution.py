"""The histogram of P&L scenarios, with bins that stay where they are from one snapshot to the next."""

from math import floor, log10

import numpy as np
from numpy.typing import NDArray

from riskcore.messages import Distribution, Method

_BINS_PER_VOLATILITY = 5.0
_MOST_BINS = 200


def distribution_of(method: Method, pnl: NDArray[np.float64], volatility: float) -> Distribution | None:
    """Count scenarios (n,) in bins of equal width; None when there is no risk to show.

    The width is the largest of 1, 2, 5 times a power of ten not above a fifth of ``volatility`` and every
    edge is a multiple of it, so that between two snapshots bins are added or dropped at the ends, never
    moved, until volatility crosses one of those steps. A bin holds its lower edge. O(n).
    """
    if not volatility > 0.0 or not len(pnl):
        return None
    width = nice_step(volatility / _BINS_PER_VOLATILITY)
    lowest, highest = float(np.min(pnl)), float(np.max(pnl))
    while (highest - lowest) / width > _MOST_BINS:
        width = nice_step(width * 2.5)
    bins = np.floor(pnl / width).astype(np.int64)
    first = int(bins.min())
    counts = np.bincount(bins - first)
    edges = tuple((first + i) * width for i in range(len(counts) + 1))
    return Distribution(method, edges, tuple(counts.tolist()))


def nice_step(size: float) -> float:
    """The largest number of the series … 0.1 0.2 0.5 1 2 5 10 … not above ``size`` > 0."""
    exponent = floor(log10(size))
    for digit, power in ((10, exponent), (5, exponent), (2, exponent), (1, exponent)):
        step = digit * 10.0**power if power >= 0 else digit / 10.0**-power
        if step <= size:
            return step
    return nice_step(size * 0.999)
