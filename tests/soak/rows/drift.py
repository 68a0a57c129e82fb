"""M5: what is kept up to date tick by tick and bar by bar, against two passes over everything, with more digits."""

from math import sqrt

import numpy as np
from numpy.typing import DTypeLike, NDArray

from riskcore import EwmaCovariance, MarketModel, RiskBook, RiskSettings, RollingCovariance, parametric_risk
from riskcore.normals import bar_normals
from tests.soak.registry import Figures, Soak, row

PROMISED = 1e-9
"""Relative to the largest element."""
Array = NDArray[np.longdouble]


@row("M5", budget_s=1800)
def ten_million_ticks(soak: Soak) -> Figures:
    """Ten million ticks, each taken in at once, leave every figure within 1e-9 of two passes in long double."""
    return _ticked(soak, np.float64, PROMISED)


@row("M5", budget_s=1800)
def ten_million_ticks_in_single_precision(soak: Soak) -> Figures:
    """The same over paths in single precision: within 1e-9, and of the largest path within 1e-6.

    A tick adds nothing to that: it is the rounding of the matrix itself, which each bar makes and the decay forgets.
    """
    return _ticked(soak, np.float32, 1e-6)


def _ticked(soak: Soak, path_type: DTypeLike, of_paths: float) -> Figures:
    n, bars, ticks_a_bar = 20, 500, 20_000
    settings = RiskSettings(half_life=30.0, window=100, paths=500, min_observations=5)
    rng = soak.rng
    model = MarketModel(n, settings, path_type)
    book = RiskBook(model)
    model.on_prices(np.full(n, 100.0))
    for instrument in range(n):
        book.on_trade(instrument, float(rng.integers(-1_000, 1_000)))
    returns = rng.standard_t(3, (bars, n)) * 0.001
    promised = {"parametric": PROMISED, "historical": PROMISED, "monte_carlo": of_paths}
    worst = dict.fromkeys(promised, 0.0)
    for bar in range(bars):
        _tick(book, rng, ticks_a_bar)
        if bar % 10 == 9:
            _compare(book, returns[:bar], worst)
        model.on_bar(bar, returns[bar])
        book.on_bar()
    assert all(worst[method] <= bound for method, bound in promised.items()), worst
    return {"ticks": bars * ticks_a_bar, "bars": bars, **{f"error {name}": error for name, error in worst.items()}}


def _tick(book: RiskBook, rng: np.random.Generator, ticks: int) -> None:
    instruments = rng.integers(book.model.n_instruments, size=ticks).tolist()
    prices = (100.0 * np.exp(rng.normal(0.0, 0.3, ticks))).tolist()
    for instrument, price in zip(instruments, prices, strict=True):
        book.on_price(instrument, price)


def _compare(book: RiskBook, returns: NDArray[np.float64], worst: dict[str, float]) -> None:
    settings = book.model.settings
    exposures = (book.quantities * book.model.prices).astype(np.longdouble)
    pnl = returns.astype(np.longdouble) @ exposures * sqrt(settings.bars_in_horizon)
    weights = np.longdouble(settings.decay) ** np.arange(len(pnl) - 1, -1, -1)
    normals = np.array([bar_normals(settings.seed, bar, settings.paths) for bar in range(len(pnl))])
    paths = (np.sqrt(weights / weights.sum()) * pnl) @ normals.astype(np.longdouble)
    sigma = float(np.sqrt(weights @ pnl**2 / weights.sum()))
    said = next(m.var for m in book.measures() if m.method == "parametric")
    expected = {"historical": pnl[-settings.window :], "monte_carlo": paths}
    for method, scenarios in expected.items():
        worst[method] = max(worst[method], _error(book.scenarios(method), scenarios))
    wanted, _ = parametric_risk(sigma, settings.confidence[0])
    worst["parametric"] = max(worst["parametric"], abs((said or 0.0) - wanted) / wanted)


@row("M5", budget_s=900)
def a_million_bars(soak: Soak) -> Figures:
    """A million bars through both covariances, outliers among them, leave them within 1e-9 of two passes."""
    bars, n, window = 1_000_000, 3, 250
    returns = soak.rng.standard_t(3, (bars, n)) * 0.01
    returns[soak.rng.random(bars) < 1e-4] *= 1e6
    ewma, rolling = EwmaCovariance(n, 60.0), RollingCovariance(n, window)
    worst = {"ewma": 0.0, "rolling": 0.0}
    for bar, each in enumerate(returns, start=1):
        ewma.update(each)
        rolling.update(each)
        if bar % 5_000 == 0:
            # Beyond 6,000 bars the weights of a half-life of 60 are under 1e-30 of the newest.
            past = returns[max(bar - 12_000, 0) : bar].astype(np.longdouble)
            weights = np.longdouble(ewma.decay) ** np.arange(len(past) - 1, -1, -1)
            worst["ewma"] = max(worst["ewma"], _error(ewma.covariance, (past.T * weights) @ past / weights.sum()))
            recent = past[-window:] - past[-window:].mean(axis=0)
            worst["rolling"] = max(worst["rolling"], _error(rolling.covariance, recent.T @ recent / (window - 1)))
    assert max(worst.values()) <= PROMISED, worst
    return {"bars": bars, **{f"error {name}": error for name, error in worst.items()}}


def _error(got: NDArray[np.float64], expected: Array) -> float:
    return float(np.max(np.abs(got - expected)) / np.max(np.abs(expected)))
