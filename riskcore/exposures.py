r"""From what is held and what it costs to what it is exposed to.

The market value of a position is :math:`V_i = q_i m_i f_i p_i`, with f the newest quote-to-base rate. A rate is an
instrument as any other, so a position in another currency moves with two returns, its own and the rate's:

.. math:: dV_i = V_i\,(r_i + s\, r_f), \qquad s = 1,\ \text{or } -1 \text{ where the rate is quoted the other way round}

The exposure w of the book to an instrument is therefore the sum of all *lines* on it: the positions in it, those it
stands proxy for, and, where it is a rate, the values of all positions that it converts. Where returns are absolute, in
points (:meth:`~riskcore.model.MarketModel.describe`), the exposure of a position is its value per point, q m f, so that
w r is the P&L in any case.
"""

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from riskcore.errors import InputError
from riskcore.positions import ENDED, NO_RATE, Positions

Vector = NDArray[np.float64]
NO_PRICE = "no price yet"
UNRATED = "no rate yet"
UNMODELLED = "no returns: valued, but in no figure of risk"
OVER = "ended, or its proxy has: valued at the last price, but in no figure of risk"


class Lines(NamedTuple):
    """What adds up to the exposures: all arrays of one length. Each line is a position, or a rate that converts some.

    ``amounts`` are changes of value for a return of 1 of ``columns``; ``instruments`` what the line is called by.
    """

    instruments: NDArray[np.intp]
    columns: NDArray[np.intp]
    amounts: Vector
    of_rate: NDArray[np.bool_]


class Market(Protocol):
    """What is asked of the market model."""

    @property
    def absolute(self) -> NDArray[np.bool_]: ...


class Exposures:
    """Values and exposures of the positions of one book at given prices; arrays are (N,), base currency.

    Positions in base currency with returns of their own cost one product; the others a few passes over those that are
    held.
    """

    def __init__(self, positions: Positions, market: Market) -> None:
        self._positions, self._market = positions, market
        self.scale: Vector = np.zeros(len(positions.quantity))
        """Value per price, before a rate that moves."""
        self.held: NDArray[np.bool_] = np.zeros(len(positions.quantity), np.bool_)
        self.plain = True
        """All held are in base currency and move with returns of their own: w is ``scale * marks``."""
        self._dirty = False
        self._converted = self._lent = np.empty(0, np.intp)
        self.follow_all()

    def grow(self) -> None:
        """Follow the positions to more instruments."""
        more = len(self._positions.quantity) - len(self.scale)
        self.scale, self.held = np.pad(self.scale, (0, more)), np.pad(self.held, (0, more))
        self._dirty = True

    def follow(self, instrument: int) -> None:
        """Take in a position that has changed. O(1)."""
        positions = self._positions
        quantity, unit = positions.quantity.item(instrument), positions.unit.item(instrument)
        self.held[instrument] = quantity != 0.0
        self.scale[instrument] = quantity * unit if unit == unit else 0.0  # noqa: PLR0124 - NaN is no rate
        self.plain = self.plain and not (self.held[instrument] and self._is_special(instrument))
        self._dirty = True

    def follow_all(self) -> None:
        """Take in all positions anew."""
        positions = self._positions
        self.held = positions.quantity != 0.0
        self.scale = positions.quantity * np.nan_to_num(positions.unit, nan=0.0)
        self.plain, self._dirty = False, True
        self._sort_out()

    def _is_special(self, instrument: int) -> bool:
        positions = self._positions
        rated = positions.rated_by[instrument] != NO_RATE or np.isnan(positions.unit[instrument])
        return bool(rated or positions.column[instrument] != instrument or self._market.absolute[instrument])

    def _sort_out(self) -> None:
        if not self._dirty:
            return
        positions = self._positions
        self._converted = np.flatnonzero(self.held & (positions.rated_by != NO_RATE))
        self._lent = np.flatnonzero(self.held & (positions.column != np.arange(len(self.held))))
        odd = self.held & (np.isnan(positions.unit) | self._absolute)
        self.plain = not (len(self._converted) or len(self._lent) or odd.any())
        self._dirty = False

    @property
    def rates(self) -> NDArray[np.intp]:
        """The instruments that convert a position held."""
        self._sort_out()
        return np.unique(self._positions.rated_by[self._converted])

    def values(self, marks: Vector) -> Vector:
        """Market value V of each position at these prices (0 = none): q m f p, 0 without a price or a rate."""
        values = self.scale * marks
        if not self.plain:
            self._sort_out()
            converted = self._converted
            values[converted] *= np.nan_to_num(self._positions.rates(marks)[converted], nan=0.0)
        return values

    def cash(self, marks: Vector) -> float | None:
        """The value that is in other currencies and not margined; None where no position is in another."""
        self._sort_out()
        if not len(self._converted):
            return None
        cash = self._converted[~self._positions.margined[self._converted]]
        return float(self.values(marks)[cash].sum())

    def at(self, prices: Vector, marks: Vector) -> Vector:
        """Exposures w at these prices: NaN = none, and in ``marks`` 0. O(N)."""
        if self.plain:
            return self.scale * marks
        lines = self.lines(prices, marks)
        exposures: Vector = np.bincount(lines.columns, lines.amounts, len(self.scale)).astype(np.float64, copy=False)
        return exposures

    def lines(self, prices: Vector, marks: Vector) -> Lines:
        """The lines that add up to :meth:`at`; without those of positions that have no price, rate or returns. O(N)."""
        positions, values, valued = self._positions, self.values(marks), self.valued(prices)
        self._sort_out()
        own = np.flatnonzero(valued & (positions.column >= 0))
        cash = self._converted[~positions.margined[self._converted]]
        amounts = np.where(positions.inverse[cash], -values[cash], values[cash])
        rates = np.unique(positions.rated_by[cash[valued[cash]]])
        totals = np.bincount(positions.rated_by[cash], amounts, len(values))[rates]
        return Lines(
            np.concatenate((own, rates)),
            np.concatenate((positions.column[own], rates)),
            np.concatenate((self._per_return(values, prices)[own], totals)),
            np.arange(len(own) + len(rates)) >= len(own),
        )

    def _per_return(self, values: Vector, prices: Vector) -> Vector:
        # By return of what moves it: the value, or the value per point.
        points = self._in_points()
        if not points.any():
            return values
        return np.where(points, self.scale * np.nan_to_num(self._positions.rates(prices), nan=0.0), values)

    @property
    def _absolute(self) -> NDArray[np.bool_]:
        return self._market.absolute[: len(self.held)]  # the market may have grown meanwhile

    def _in_points(self) -> NDArray[np.bool_]:
        itself = self._positions.column == np.arange(len(self.held))
        own: NDArray[np.bool_] = self._absolute & itself
        return own

    def valued(self, prices: Vector) -> NDArray[np.bool_]:
        """Which positions have a value at these prices (NaN = none): held, with a price and a rate."""
        priced: NDArray[np.bool_] = self.held & ~np.isnan(prices)
        return priced if self.plain else priced & ~np.isnan(self._positions.rates(prices))

    def covered(self, prices: Vector) -> NDArray[np.bool_]:
        """Which instruments' returns the figures rest on, at these prices (NaN = none)."""
        if self.plain:
            return self.valued(prices)
        covered = np.zeros(len(self.held), np.bool_)
        covered[self.lines(prices, np.nan_to_num(prices, nan=0.0)).columns] = True
        return covered

    def missing(self, prices: Vector) -> dict[int, str]:
        """Held positions that no figure of risk contains, with the reason."""
        positions, valued, rates = self._positions, self.valued(prices), self._positions.rates(prices)
        reasons = {}
        for instrument in np.flatnonzero(self.held & ~(valued & (positions.column >= 0))).tolist():
            if np.isnan(rates[instrument]):
                reasons[instrument] = UNRATED
            elif not valued[instrument]:
                reasons[instrument] = NO_PRICE
            else:
                reasons[instrument] = OVER if positions.column[instrument] == ENDED else UNMODELLED
        return reasons

    def pnl(self, prices: Vector, marks: Vector, moves: Vector) -> Vector:
        """P&L of each position when prices move by these returns (points where they are absolute): revalued.

        A position in another currency is revalued at its new price and converted at the new rate; a margined one has no
        value to convert, only its P&L. ``InputError`` when a rate falls to 0 or below.
        """
        positions, values = self._positions, self.values(marks)
        if self.plain:
            return values * moves
        self._sort_out()
        moved = self.valued(prices) & (positions.column >= 0)
        pnl = np.where(moved, self._per_return(values, prices) * moves[positions.column], 0.0)
        converted = self._converted
        growth = 1.0 + moves[positions.rated_by[converted]]
        if (growth <= 0.0).any():
            raise InputError("an exchange rate cannot fall by 100 % or more: shock it by less")
        growth = np.where(positions.inverse[converted], 1.0 / growth, growth)
        kept = np.where(positions.margined[converted], 0.0, values[converted])
        pnl[converted] = pnl[converted] * growth + kept * (growth - 1.0)
        return pnl
