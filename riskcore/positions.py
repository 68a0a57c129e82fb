"""What a portfolio holds, and what it has earned since a reference moment."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from riskcore.cost_basis import CostBasis
from riskcore.errors import InputError

Vector = NDArray[np.float64]


@dataclass(slots=True)
class Positions:
    r"""Quantities and units of N instruments; all arrays (N,).

    The exposure is :math:`w = q\, m f\, p`, ``unit`` being :math:`m f` (contract multiplier times
    quote-to-base rate). The P&L since the reference is :math:`\sum m f (q p - \text{cost})`: ``cost`` is
    what the quantity of the reference was worth then plus what was paid since, in quote currency. Quantity
    of which no price was known yet waits in ``unvalued`` for the first one.

    Quantities are exact: the sums of fills as they are written (:class:`~riskcore.cost_basis.CostBasis`).
    """

    quantity: Vector
    multiplier: Vector
    rate: Vector
    unit: Vector
    cost: Vector
    unvalued: Vector
    bases: dict[int, CostBasis] = field(default_factory=dict)
    """What was paid for each instrument that was ever held."""

    @classmethod
    def flat(cls, n_instruments: int) -> "Positions":
        """Nothing held, multiplier and rate 1."""
        zeros, ones = np.zeros, np.ones
        n = n_instruments
        return cls(zeros(n), ones(n), ones(n), ones(n), zeros(n), zeros(n))

    def grow(self, n_instruments: int) -> None:
        """Make room up to ``n_instruments``."""
        blank = Positions.flat(n_instruments - len(self.quantity))
        for name in _ARRAYS:
            setattr(self, name, np.append(getattr(self, name), getattr(blank, name)))

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
        basis = self._basis(instrument)
        basis.trade(quantity, None if np.isnan(price) else price)
        self._move(instrument, float(basis.quantity), quantity, price)

    def hold(self, instrument: int, quantity: float, average_price: float | None, price: float) -> None:
        """Bring the position to this quantity; for the P&L since the reference a trade of the difference at ``price``.

        What was paid is ``average_price`` from now on, unknown if None. An equal quantity changes nothing.
        """
        basis, before = self._basis(instrument), self.quantity.item(instrument)
        if quantity != before:
            basis.restate(quantity, average_price)
            self._move(instrument, quantity, quantity - before, price)

    def _basis(self, instrument: int) -> CostBasis:
        return self.bases.get(instrument) or self.bases.setdefault(instrument, CostBasis())

    def _move(self, instrument: int, quantity: float, change: float, price: float) -> None:
        self.quantity[instrument] = quantity
        if np.isnan(price):
            self.unvalued[instrument] += change
        else:
            self.cost[instrument] += change * price

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

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The state as a flat set of arrays, to be packed beside :meth:`meta`."""
        return {name: getattr(self, name) for name in _ARRAYS}

    def meta(self) -> dict[str, list[str | None]]:
        """The decimals of the state, as JSON-able data."""
        return {str(instrument): basis.state() for instrument, basis in self.bases.items()}

    @classmethod
    def load(cls, arrays: dict[str, NDArray[Any]], meta: dict[str, list[str | None]]) -> "Positions":
        """The positions that :meth:`arrays` and :meth:`meta` described."""
        bases = {int(instrument): CostBasis.restore(state) for instrument, state in meta.items()}
        return cls(**{name: arrays[name] for name in _ARRAYS}, bases=bases)


_ARRAYS = ("quantity", "multiplier", "rate", "unit", "cost", "unvalued")
