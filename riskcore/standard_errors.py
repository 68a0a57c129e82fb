r"""How far a simulated Value-at-Risk and Expected Shortfall may be off: standard errors for independent scenarios.

With :math:`k = n(1-\alpha)` scenarios expected beyond Value-at-Risk, :math:`L_{(j)}` the j-th worst loss, and
:math:`\rho` the mean square of excesses over the square of their mean,

.. math:: \mathrm{stderr}(\mathrm{VaR}) = \sqrt{\frac{\alpha}{k}}\, \frac{L_{(i)} - L_{(j)}}{\sum_{m=i}^{j-1} 1/m},
          \qquad \mathrm{stderr}(\mathrm{ES}) = (\mathrm{ES} - \mathrm{VaR}) \sqrt{\frac{\rho - (1-\alpha)}{k}}

The first is :math:`\sqrt{\alpha(1-\alpha)/n}/f` with the density f from the spacing of order statistics (Woodruff 1952;
Bloch, Gastwirth 1968), here one and a half standard deviations of rank to either side and measured in the logarithm of
the rank: exact for an exponential tail (Rényi 1953), where a spacing in ranks is a tenth too wide with ten scenarios
beyond. The second is that of the influence function :math:`(L - \mathrm{VaR})^+/(1-\alpha)` (Chen 2008); a handful of
scenarios says little of :math:`\rho`, so it is read off the worst hundred where fewer lie beyond Value-at-Risk.
"""

from math import floor, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FEWEST = 5
"""Scenarios beyond Value-at-Risk without which a standard error says nothing: its own is over a third of it."""
_SHAPE = 100
_SPREAD = 1.5


class TailErrors(NamedTuple):
    """Where in the tail the standard errors of one confidence are read."""

    low: int
    high: int
    slope: float
    """Of the standard error of Value-at-Risk by the difference of the losses at ``low`` and ``high``."""
    shape: int
    """So many of the worst give ρ, their excesses over the next."""
    tail: float
    beyond: float

    @property
    def depth(self) -> int:
        """The last place of the tail that is read, counted from the worst."""
        return max(self.high, self.shape)

    def read(
        self, worst: NDArray[np.float64], excess: float, beyond: NDArray[np.float64], total: float
    ) -> tuple[float, float]:
        """Of Value-at-Risk and Expected Shortfall, ``excess`` more, from the worst P&L in rising order.

        ``beyond`` are the excesses of those beyond Value-at-Risk over it, ``total`` their sum.
        """
        at_risk = (worst.item(self.high) - worst.item(self.low)) * self.slope
        if len(beyond) != self.shape:
            beyond = worst.item(self.shape) - worst[: self.shape]
            total = float(np.add.reduce(beyond))
        ratio = self.shape * float(beyond.dot(beyond)) / total**2 if total > 0.0 else 1.0
        return at_risk, excess * sqrt(max(ratio - self.tail, 0.0) / self.beyond)


def tail_errors(n: int, confidence: float, rank: int) -> TailErrors | None:
    """For n scenarios, so many of them beyond Value-at-Risk; None where that is too few."""
    tail = 1.0 - confidence
    beyond = n * tail
    if rank < FEWEST:
        return None
    spread = max(floor(_SPREAD * sqrt(beyond * confidence)), 1)
    low, high = max(rank - spread, 0), min(rank + spread, n - 1)
    slope = sqrt(confidence / beyond) / sum(1.0 / place for place in range(low + 1, high + 1))
    return TailErrors(low, high, slope, max(rank, min(_SHAPE, n // 2)), tail, beyond)
