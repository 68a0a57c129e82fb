"""Why Value-at-Risk moved between two readings: trades, prices, covariance, scenarios, one after the other."""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from riskcore.exposures import Exposures
from riskcore.measures import METHODS, Measures, all_measures, historical_var_before, horizon_volatility
from riskcore.messages import Explained
from riskcore.model import MarketModel
from riskcore.vectors import BookVectors

Vector = NDArray[np.float64]
Kind = Literal["trades", "prices", "model"]

_KINDS: tuple[Kind, ...] = ("trades", "prices", "model")
_TRADES, _PRICES, _COVARIANCE, _SCENARIOS = range(4)
_FROM_NOTHING = 1e-6


class VarExplainer:
    r"""The change of every Value-at-Risk of a book, split by what caused it as the book takes it in.

    A change of the book's vectors is of one of three kinds: trades (at the prices taken in last), prices, and the
    model (a bar). Only where the kind changes is Value-at-Risk read, so

    ==========================================  ===============================
    since the reading before                    readings besides the one shown
    ==========================================  ===============================
    only prices, only trades, or only a bar     none
    prices and then a bar                       one
    trades and then prices, or then a bar       one
    trades, prices and then a bar               two
    ==========================================  ===============================

    and no matrix is touched for it: the vectors are moved by what they would be moved by anyway, in this order. The
    parts of a bar, with V the figure before it and :math:`\sigma` the closed-form volatility of the P&L:

    - parametric: all is covariance;
    - historical: all is scenarios, as the window moved on by a bar; filtered, covariance is what the scenarios of
      before lose at the volatilities of now less V (0 where they were too few), and scenarios the rest;
    - Monte Carlo: covariance is :math:`V (\sigma'/\sigma - 1)` (0 where :math:`\sigma` was 0, or less than a
      millionth of :math:`\sigma'`), scenarios the rest: what the fresh draws did.

    The part of what came last is the rest, so the parts add up. A reading in between that has no number (a position
    just bought is warming up) counts as the one before: the change goes to the part that follows.
    """

    def __init__(self, model: MarketModel, vectors: BookVectors) -> None:
        self._model, self._vectors = model, vectors
        self._confidence = np.array(model.settings.confidence)
        self._keys = [(method, confidence) for method in METHODS for confidence in model.settings.confidence]
        columns = len(self._keys)
        scenarios = [_COVARIANCE if method == "parametric" else _SCENARIOS for method, _ in self._keys]
        self._rest = {
            "trades": _row([_TRADES] * columns),
            "prices": _row([_PRICES] * columns),
            "model": _row(scenarios),
        }
        self._since: Vector = np.full(columns, np.nan)
        self._now: Vector = self._since.copy()
        self._level: Vector = self._since.copy()
        self._parts: Vector = np.zeros((4, columns))
        self._volatility, self._bars = 0.0, model.bars
        self._pending: Kind | None = "model"
        self._last: Kind | None = None
        self._opened = model.opened
        self._prices: Vector = model.prices.copy()
        self.traded = False
        """Quantities have changed that the vectors do not contain yet."""

    @property
    def unread(self) -> bool:
        """The vectors have moved since the last reading."""
        return self._pending is not None

    def take_in(self, exposures: Exposures) -> None:
        """Move the vectors by the trades alone, and see whether prices will move them next.

        ``exposures`` are of what is held now. O(N), and what the move costs.
        """
        vectors, model = self._vectors, self._model
        if model.n_instruments > len(self._prices):
            more = np.full(model.n_instruments - len(self._prices), np.nan)
            self._prices = np.append(self._prices, more)
        if self.traded:
            self.traded = False
            before = exposures.at(self._prices, np.nan_to_num(self._prices, nan=0.0))
            if (before != vectors.exposures).any():
                self.turn("trades")
                vectors.cover(exposures.covered(self._prices))
                vectors.move_to(before)
        running, self._opened = model.opened is not self._opened, model.opened
        if running or (exposures.at(model.prices, model.marks) != vectors.exposures).any():
            self.turn("prices")
        np.copyto(self._prices, model.prices)

    def turn(self, kind: Kind) -> None:
        """Say of which kind the next change is; what came before is read off if it was of another."""
        if self._pending not in (None, kind):
            self._settle(self._reading())
        self._pending = kind

    def on_bar(self) -> None:
        """The model has taken a bar; what is unread by now can no longer be told from it."""
        self._pending, self._opened = "model", self._model.opened

    def on_reading(self, measures: Measures) -> None:
        """Take the book's figures of now, which it has read anyway."""
        self._now = _figures(measures)
        if self._pending is not None:
            self._settle(self._now)

    def explain(self, since_seq: int) -> tuple[Explained, ...]:
        """The parts since the last call, from the figures read last, and begin anew."""
        known = np.isfinite(self._now - self._since).tolist()
        columns = zip(self._keys, self._whole_parts().T.tolist(), known, strict=True)
        told = tuple(Explained(*key, since_seq, *parts) for key, parts, both in columns if both)
        self._since = self._level = self._now
        self._parts, self._last = np.zeros_like(self._parts), None
        return told

    def _reading(self) -> Vector:
        """The figures as of what the vectors contain; NaN where there is none."""
        vectors, settings = self._vectors, self._model.settings
        vectors.move_to(vectors.exposures)  # after a bar the corrections may have changed
        if not vectors.covered.any():
            return np.zeros_like(self._level)
        if vectors.fewest_returns < settings.min_observations:
            return np.full_like(self._level, np.nan)
        return _figures(all_measures(self._model, vectors))

    def _settle(self, figures: Vector) -> None:
        volatility = horizon_volatility(self._model, self._vectors)
        level = np.where(np.isnan(figures), self._level, figures)
        change = level - self._level
        if self._pending == "model":
            covariance = self._from_covariance(change, volatility)
            self._parts[_COVARIANCE] += covariance
            self._parts[_SCENARIOS] += change - covariance
        else:
            self._parts[_TRADES if self._pending == "trades" else _PRICES] += change
        self._level, self._volatility, self._bars = level, volatility, self._model.bars
        self._last, self._pending = self._pending, None

    def _from_covariance(self, change: Vector, volatility: float) -> Vector:
        comparable = self._volatility > _FROM_NOTHING * volatility
        growth = volatility / self._volatility - 1.0 if comparable else 0.0
        parametric, historical, monte_carlo = self._by_method()
        covariance = np.zeros_like(change)
        covariance[parametric] = change[parametric]
        covariance[monte_carlo] = self._level[monte_carlo] * growth
        if self._model.settings.historical == "filtered":
            rescaled = historical_var_before(self._model, self._vectors, self._model.bars - self._bars)
            if rescaled is not None:
                covariance[historical] = rescaled - self._level[historical]
        return covariance

    def _by_method(self) -> tuple[slice, slice, slice]:
        n = len(self._confidence)
        return slice(0, n), slice(n, 2 * n), slice(2 * n, 3 * n)

    def _whole_parts(self) -> Vector:
        parts, change = self._parts.copy(), self._now - self._since
        if self._last is not None:
            rest = self._rest[self._last]
            np.put_along_axis(parts, rest, 0.0, axis=0)
            np.put_along_axis(parts, rest, change - parts.sum(axis=0), axis=0)
        return parts

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The state as a flat set of arrays, to be packed."""
        codes = [-1 if kind is None else _KINDS.index(kind) for kind in (self._pending, self._last)]
        return {
            "confidence": self._confidence,
            "since": self._since,
            "now": self._now,
            "level": self._level,
            "parts": self._parts,
            "volatility": np.array([self._volatility]),
            "prices": self._prices,
            "codes": np.array([*codes, self.traded, self._bars], np.int64),
        }

    def load(self, arrays: dict[str, NDArray[Any]]) -> None:
        """Take the state over from :meth:`arrays`; with other confidences it begins anew."""
        pending, last, traded, self._bars = arrays["codes"].tolist()
        self._prices, self.traded = arrays["prices"], bool(traded)
        if np.array_equal(arrays["confidence"], self._confidence):
            self._since, self._now = arrays["since"], arrays["now"]
            self._level, self._parts = arrays["level"], arrays["parts"]
            self._volatility = arrays["volatility"].item()
            self._pending = None if pending < 0 else _KINDS[pending]
            self._last = None if last < 0 else _KINDS[last]


def _figures(measures: Measures) -> Vector:
    return np.array([np.nan if m.var is None else m.var for m in measures])


def _row(numbers: list[int]) -> NDArray[np.intp]:
    return np.array([numbers], np.intp)
