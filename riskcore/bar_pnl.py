"""What a book has earned since the last bar ended: by what it held then, and with the trades since."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from riskcore.positions import Positions

Vector = NDArray[np.float64]


class BarPnl(NamedTuple):
    """P&L of one bar, base currency."""

    hypothetical: float
    """Of the positions held at its beginning, as if nothing had been traded."""
    actual: float
    """With the trades, each at its own price."""


class BarLedger:
    """P&L from bar to bar, whatever day begins in between.

    The positions of the bar's beginning are kept only from the first trade on: without one the two P&Ls are one. A book
    that never ends a bar pays nothing. O(N) a bar, and O(N) for the first trade in it.
    """

    def __init__(self) -> None:
        self._open = False
        self._since = 0.0
        self._untraded: Positions | None = None
        self._untraded_since = 0.0

    def end(self, positions: Positions, prices: Vector) -> BarPnl | None:
        """End a bar at these prices (NaN = none) and begin the next; None when its beginning is not known."""
        earned = positions.pnl(prices)
        told = self._told(earned, prices) if self._open else None
        self._open, self._since, self._untraded = True, earned, None
        return told

    def before_trade(self, positions: Positions) -> None:
        """Keep what is held, before it changes."""
        if self._open and self._untraded is None:
            self._untraded, self._untraded_since = positions.copy(), self._since

    def before_day(self, positions: Positions, prices: Vector) -> None:
        """Take over what was earned until now, before the positions' P&L begins anew at these prices."""
        if not self._open:
            return
        self._since -= positions.pnl(prices)
        if self._untraded is not None:
            self._untraded.grow(len(prices))
            self._untraded_since -= self._untraded.pnl(prices)
            self._untraded.start(prices)

    def forget(self) -> None:
        """Tell nothing of this bar: positions have other terms now than at its beginning."""
        self._open, self._untraded = False, None

    def _told(self, earned: float, prices: Vector) -> BarPnl:
        actual = earned - self._since + 0.0
        if self._untraded is None:
            return BarPnl(actual, actual)
        self._untraded.grow(len(prices))
        return BarPnl(self._untraded.pnl(prices) - self._untraded_since + 0.0, actual)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The arrays of the state, to be packed beside :meth:`meta`."""
        return {} if self._untraded is None else self._untraded.arrays()

    def meta(self) -> list[bool | float]:
        """The numbers of the state, as JSON-able data."""
        return [self._open, self._since, self._untraded_since]

    @classmethod
    def load(cls, arrays: dict[str, NDArray[Any]], meta: list[Any]) -> "BarLedger":
        """The ledger that :meth:`arrays` and :meth:`meta` described."""
        ledger = cls()
        ledger._open, ledger._since, ledger._untraded_since = meta
        ledger._untraded = Positions.load(arrays, {}) if arrays else None
        return ledger
