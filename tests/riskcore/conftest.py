"""A market in which everything happens, and a book recomputed from all that happened."""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import fsum, isnan, sqrt

import numpy as np
import pytest
from numpy.typing import NDArray

from riskcore import MarketModel, RiskBook, RiskSettings, measures, parametric, quantile
from riskcore.normals import bar_normals, history_normals
from riskcore.settings import NANOSECONDS

Array = NDArray[np.float64]


@dataclass
class Recomputed:
    """All bars so far, and every figure from them by sums over the whole history: no recursion."""

    settings: RiskSettings
    rows: list[Array] = field(default_factory=list)
    normals: list[Array] = field(default_factory=list)
    quantities: dict[int, float] = field(default_factory=dict)
    prices: dict[int, float] = field(default_factory=dict)
    history: int = 0
    words: list[int] = field(default_factory=list)

    def bar(self, index: int, returns: Array) -> None:
        self.words.append(index)
        self.rows.append(returns)
        self.normals.append(bar_normals(self.settings.seed, index, self.settings.paths))

    def past(self, returns: Array) -> None:
        self.words.append(-1 - self.history)
        self.rows.append(returns)
        self.normals.append(history_normals(self.settings.seed, self.history, self.settings.paths))
        self.history += 1

    @property
    def exposures(self) -> dict[int, float]:
        held = {i: q for i, q in self.quantities.items() if q != 0.0 and i in self.prices}
        return {i: q * self.prices[i] for i, q in held.items()}

    def _returns(self, i: int) -> list[float]:
        return [float(row[i]) if i < len(row) else float("nan") for row in self.rows]

    def _weights(self, power: float) -> list[float]:
        decay = np.longdouble(self.settings.decay)
        return [float(decay ** (power * age)) for age in range(len(self.rows) - 1, -1, -1)]

    def _mass(self, i: int) -> float:
        return fsum(w for w, r in zip(self._weights(1.0), self._returns(i), strict=True) if not isnan(r))

    def volatility(self) -> float:
        """Of the P&L over the horizon: the weighted norm of the corrected returns of the whole book in each bar."""
        w = self.exposures
        corrected = {i: exposure / sqrt(self._mass(i)) for i, exposure in w.items() if self._mass(i) > 0}
        pnl = [
            fsum(u * np.nan_to_num(r) for u, r in zip(corrected.values(), bar, strict=True))
            for bar in self._bars(corrected)
        ]
        return sqrt(
            self.settings.bars_in_horizon * fsum(a * x * x for a, x in zip(self._weights(1.0), pnl, strict=True))
        )

    def _bars(self, instruments: dict[int, float]) -> list[tuple[float, ...]]:
        columns = [self._returns(i) for i in instruments]
        return list(zip(*columns, strict=True)) if columns else [()] * len(self.rows)

    def historical(self) -> Array:
        w = self.exposures
        recent = self._bars(w)[-4 * self.settings.window :]
        whole = [bar for bar in recent if not any(isnan(r) for r in bar)][-self.settings.window :]
        k = sqrt(self.settings.bars_in_horizon)
        return np.array([k * fsum(x * r for x, r in zip(w.values(), bar, strict=True)) for bar in whole])

    def paths(self) -> Array:
        w = self.exposures
        total = np.zeros(self.settings.paths)
        k = sqrt(self.settings.bars_in_horizon)
        corrected = {i: exposure / sqrt(self._mass(i)) for i, exposure in w.items() if self._mass(i) > 0}
        for weight, normals, bar in zip(self._weights(0.5), self.normals, self._bars(corrected), strict=True):
            move = fsum(u * np.nan_to_num(r) for u, r in zip(corrected.values(), bar, strict=True))
            total += k * weight * move * normals
        return total


@dataclass
class Market:
    """A stream of random events, told to model, books and recomputation alike."""

    settings: RiskSettings
    model: MarketModel
    book: RiskBook
    told: Recomputed
    rng: np.random.Generator
    bar: int = 1_000

    def happen(self, events: int) -> None:
        for _ in range(events):
            self.rng.choice(np.array([self.tick, self.trade, self.close]), p=[0.6, 0.1, 0.3])()

    def tick(self) -> None:
        i, price = int(self.rng.integers(self.model.n_instruments)), float(np.exp(self.rng.normal()) * 10)
        self.model.on_price(i, price)
        self.told.prices[i] = price

    def trade(self) -> None:
        i, quantity = int(self.rng.integers(self.model.n_instruments)), float(self.rng.integers(-20, 21))
        if self.rng.random() < 0.2:
            quantity = -self.told.quantities.get(i, 0.0)
        self.book.on_trade(i, quantity)
        self.told.quantities[i] = self.told.quantities.get(i, 0.0) + quantity

    def close(self) -> None:
        returns = self.rng.standard_t(3, self.model.n_instruments) * 0.01
        returns[self.rng.random(len(returns)) < 0.15] = np.nan
        returns[self.rng.random(len(returns)) < 0.1] = 0.0
        self.bar += int(self.rng.integers(1, 4))
        self.model.on_bar(self.bar, returns)
        self.book.on_bar()
        self.told.bar(self.bar, returns)


@pytest.fixture
def small_settings() -> RiskSettings:
    return RiskSettings(bar=60 * NANOSECONDS, half_life=8.0, window=12, paths=64, min_observations=5)


@pytest.fixture
def open_market() -> Callable[..., Market]:
    def opened(settings: RiskSettings, n: int = 5, seed: int = 0, path_type: type[np.floating] = np.float64) -> Market:
        # In double precision, so that the algebra is held to 1e-9 for the paths as for all else.
        model = MarketModel(n, settings, path_type)
        return Market(settings, model, RiskBook(model, "main"), Recomputed(settings), np.random.default_rng(seed))

    return opened


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    """No test is helped by what another one left in a cache."""
    for remembered in (quantile._ranks, parametric.unit_risk, measures.age_weights):
        remembered.cache_clear()
