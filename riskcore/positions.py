"""What a portfolio holds, and what it has earned since a reference moment."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from riskcore.errors import InputError

Vector = NDArray[np.float64]


@dataclass(slots=True)
class Positions:
    r"""Quantities and units of N instruments; all arrays (N,).

    The exposure is :math:`w = q\, m f\, p`, ``unit`` being :math:`m f` (contract multiplier times
    quote-to-base rate). The P&L since the reference is :math:`\sum m f (q p - \text{cost})`: ``cost`` is
    what the quantity of the reference was worth then plus what was paid since, in quote currency. Quantity
    of which no price was known yet waits in ``unvalued`` for the first one.
    """

    quantity: Vector
    multiplier: Vector
    rate: Vector
    unit: Vector
    cost: Vector
    unvalued: Vector

    @classmethod
    def flat(cls, n_instruments: int) -> "Positions":
        """Nothing held, multiplier and rate 1."""
        zeros, ones = np.zeros, np.ones
        n = n_instruments
        return cls(zeros(n), ones(n), ones(n), ones(n), zeros(n), zeros(n))

    def grow(self, n_instruments: int) -> None:
        """Make room up to ``n_instruments``."""
        blank = Positions.flat(n_instruments - len(self.quantity))
        for field in fields(self):
            setattr(self, field.name, np.append(getattr(self, field.name), getattr(blank, field.name)))

    def check(self, instrument: int) -> None:
        """Raise ``InputError`` unless there is such an instrument."""
        if not 0 <= instrument < len(self.quantity):
            raise InputError(f"a trade is of one of the {len(self.quantity)} instruments, not of number {instrument}")

    def describe(self, instrument: int, multiplier: float, rate: float) -> None:
        """Set contract multiplier and quote-to-base rate of one instrument."""
        if not (np.isfinite(multiplier) and multiplier > 0 and np.isfinite(rate) and rate > 0):
            raise InputError(f"multiplier and rate are positive numbers, not {multiplier} and {rate}")
        self.multiplier[instrument], self.rate[instrument] = multiplier, rate
        self.unit[instrument] = multiplier * rate

    def trade(self, instrument: int, quantity: float, price: float) -> None:
        """Add a signed quantity bought at ``price``; NaN when not known: it then counts from the next price."""
        if not np.isfinite(quantity):
            raise InputError(f"a traded quantity is a finite number, not {quantity}")
        self.quantity[instrument] += quantity
        if np.isnan(price):
            self.unvalued[instrument] += quantity
        else:
            self.cost[instrument] += quantity * price

    def settle(self, prices: Vector) -> None:
        """Value at these prices what waits for one."""
        ready = np.flatnonzero((self.unvalued != 0.0) & ~np.isnan(prices))
        if len(ready):
            self.cost[ready] += self.unvalued[ready] * prices[ready]
            self.unvalued[ready] = 0.0

    def start(self, prices: Vector) -> None:
        """Count P&L from these prices on."""
        known = ~np.isnan(prices)
        self.cost = np.where(known, self.quantity * np.nan_to_num(prices, nan=0.0), 0.0)
        self.unvalued = np.where(known, 0.0, self.quantity)

    def pnl(self, prices: Vector) -> float:
        """P&L since the reference in base currency."""
        self.settle(prices)
        value = (self.quantity - self.unvalued) * np.nan_to_num(prices, nan=0.0)
        return float(self.unit @ (value - self.cost))
