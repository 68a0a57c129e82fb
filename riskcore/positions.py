"""What a portfolio holds, what it was paid, and what it has earned since a reference moment."""

from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from riskcore.checks import check_instrument
from riskcore.cost_basis import CostBasis
from riskcore.errors import InputError

Vector = NDArray[np.float64]
NO_RATE = -1
"""In ``rated_by``: the rate is a number that stays."""
NO_RETURNS = -1
"""In ``column``: no returns move the position."""
ENDED = -2
"""In ``column``: none any more, what moved it has ended."""


class Rate(NamedTuple):
    """A quote-to-base rate that moves: the price of an instrument (EURUSD in USD), or one over it (``inverse``)."""

    instrument: int
    inverse: bool = False


@dataclass(slots=True)
class Positions:
    r"""Quantities and units of N instruments; all arrays (N,).

    The market value is :math:`V = q\, m f\, p`, ``unit`` being :math:`m f` (contract multiplier times quote-to-base
    rate; without f where that is the price of ``rated_by``). The P&L since the reference is value less ``paid``: what
    the quantity of the reference was worth then plus what was paid since, each at the rate of its moment, so the P&L
    has the move of the rate in it. A ``margined`` position (a future) has no value that a rate could move: its P&L is
    reckoned in quote currency, against ``cost``, and converted now. Quantity of which no price or rate was known yet
    waits in ``unvalued`` for the first.

    Quantities are exact: the sums of fills as they are written (:class:`~riskcore.cost_basis.CostBasis`).
    """

    quantity: Vector
    multiplier: Vector
    unit: Vector
    """NaN where there is no rate."""
    rated_by: NDArray[np.int64]
    inverse: NDArray[np.bool_]
    margined: NDArray[np.bool_]
    column: NDArray[np.int64]
    """The instrument whose returns move the position: itself, its proxy, or none."""
    cost: Vector
    paid: Vector
    unvalued: Vector
    bases: dict[int, CostBasis] = field(default_factory=dict)
    """What was paid for each instrument that was ever held."""

    @classmethod
    def flat(cls, n_instruments: int, first: int = 0) -> "Positions":
        """Nothing held, multiplier and rate 1, of instruments numbered from ``first`` on."""
        n, no = n_instruments, np.zeros(n_instruments, np.bool_)
        return cls(
            quantity=np.zeros(n),
            multiplier=np.ones(n),
            unit=np.ones(n),
            rated_by=np.full(n, NO_RATE, np.int64),
            inverse=no,
            margined=no.copy(),
            column=np.arange(first, first + n, dtype=np.int64),
            cost=np.zeros(n),
            paid=np.zeros(n),
            unvalued=np.zeros(n),
        )

    def copy(self) -> "Positions":
        """The same positions, to be traded elsewhere. O(N); what was paid is shared until one of them trades it."""
        return Positions(**{name: array.copy() for name, array in self.arrays().items()}, bases=dict(self.bases))

    def grow(self, n_instruments: int) -> None:
        """Make room up to ``n_instruments``."""
        n = len(self.quantity)
        blank = Positions.flat(n_instruments - n, first=n)
        for name in _ARRAYS:
            setattr(self, name, np.append(getattr(self, name), getattr(blank, name)))

    def check(self, instrument: int) -> None:
        """Raise ``InputError`` unless there is such an instrument."""
        check_instrument(instrument, len(self.quantity))

    def describe(
        self, instrument: int, multiplier: float, rate: float | Rate | None, *, margined: bool, column: int
    ) -> bool:
        """Set what one unit of an instrument is; tell whether that changed its value."""
        fixed = rate if isinstance(rate, int | float) else 1.0 if isinstance(rate, Rate) else np.nan
        if not (np.isfinite(multiplier) and multiplier > 0) or fixed <= 0 or np.isinf(fixed):
            raise InputError(f"multiplier and rate are positive numbers, not {multiplier} and {rate}")
        by = rate if isinstance(rate, Rate) else Rate(NO_RATE)
        terms = (multiplier, multiplier * fixed, by.instrument, by.inverse, margined, column)
        arrays = (self.multiplier, self.unit, self.rated_by, self.inverse, self.margined, self.column)
        before = [array.item(instrument) for array in arrays]
        for array, term in zip(arrays, terms, strict=True):
            array[instrument] = term
        return not np.array_equal(before[:-1], [float(term) for term in terms[:-1]], equal_nan=True)

    def rates(self, prices: Vector) -> Vector:
        """Quote-to-base rate f of each instrument at these prices (NaN or 0 = none), shape (N,), NaN = none.

        The fixed part is in ``unit``: 1 where the rate does not move.
        """
        rates = np.where(np.isnan(self.unit), np.nan, 1.0)
        moving = np.flatnonzero(self.rated_by != NO_RATE)
        quotes = prices[self.rated_by[moving]]
        quotes = np.where(quotes > 0.0, quotes, np.nan)
        rates[moving] = np.where(self.inverse[moving], 1.0 / quotes, quotes)
        return rates

    def trade(self, instrument: int, quantity: float, price: float, prices: Vector) -> None:
        """Add a signed quantity bought at ``price``; NaN when not known: it then counts from the next price.

        ``prices`` (N,) are those of now, for the rate.
        """
        basis = self._own_basis(instrument)
        basis.trade(quantity, None if np.isnan(price) else price)
        self._move(instrument, float(basis.quantity), quantity, price, prices)

    def hold(self, instrument: int, quantity: float, average_price: float | None, prices: Vector) -> None:
        """Bring the position to this quantity; for the P&L since the reference a trade of the difference at ``prices``.

        What was paid is ``average_price`` from now on, unknown if None. An equal quantity changes nothing.
        """
        before = self.quantity.item(instrument)
        if quantity != before:
            self._own_basis(instrument).restate(quantity, average_price)
            self._move(instrument, quantity, quantity - before, prices.item(instrument), prices)

    def _own_basis(self, instrument: int) -> CostBasis:
        known = self.bases.get(instrument)
        own = self.bases[instrument] = CostBasis() if known is None else replace(known)
        return own

    def _move(self, instrument: int, quantity: float, change: float, price: float, prices: Vector) -> None:
        self.quantity[instrument] = quantity
        unit = self.unit.item(instrument) * self._rate(instrument, prices)
        if np.isnan(price) or np.isnan(unit):
            self.unvalued[instrument] += change
        else:
            self.cost[instrument] += change * price
            self.paid[instrument] += change * price * unit

    def _rate(self, instrument: int, prices: Vector) -> float:
        by = self.rated_by.item(instrument)
        if by == NO_RATE:
            return 1.0
        quote = prices.item(by)
        if not quote > 0.0:
            return float("nan")
        return 1.0 / quote if self.inverse[instrument] else quote

    def settle(self, prices: Vector) -> None:
        """Value at these prices what waits for one, or for a rate."""
        if not self.unvalued.any():
            return
        unit = self.unit * self.rates(prices)
        ready = np.flatnonzero((self.unvalued != 0.0) & ~np.isnan(prices) & ~np.isnan(unit))
        self.cost[ready] += self.unvalued[ready] * prices[ready]
        self.paid[ready] += self.unvalued[ready] * prices[ready] * unit[ready]
        self.unvalued[ready] = 0.0

    def start(self, prices: Vector) -> None:
        """Count P&L from these prices on."""
        unit = self.unit * self.rates(prices)
        known = ~np.isnan(prices) & ~np.isnan(unit)
        self.cost = np.where(known, self.quantity * np.nan_to_num(prices, nan=0.0), 0.0)
        self.paid = np.where(known, self.cost * np.nan_to_num(unit, nan=0.0), 0.0)
        self.unvalued = np.where(known, 0.0, self.quantity)

    def restart(self, instrument: int, prices: Vector) -> None:
        """Reckon what was paid anew after the unit has changed: at the rate of now."""
        unit = self.unit.item(instrument) * self._rate(instrument, prices)
        if np.isnan(unit):
            self.unvalued[instrument] = self.quantity[instrument]
            self.cost[instrument] = self.paid[instrument] = 0.0
        else:
            self.paid[instrument] = self.cost[instrument] * unit

    def pnl(self, prices: Vector) -> float:
        """P&L since the reference in base currency."""
        self.settle(prices)
        unit = np.nan_to_num(self.unit * self.rates(prices), nan=0.0)
        value = (self.quantity - self.unvalued) * np.nan_to_num(prices, nan=0.0)
        against = np.where(self.margined, self.cost * unit, self.paid)
        return float(np.sum(unit * value - against)) + 0.0

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


_ARRAYS = (
    "quantity",
    "multiplier",
    "unit",
    "rated_by",
    "inverse",
    "margined",
    "column",
    "cost",
    "paid",
    "unvalued",
)
