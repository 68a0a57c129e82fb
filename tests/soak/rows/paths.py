"""Paths kept by the recursion against paths drawn by a factor, and standard errors by repetition, over many seeds."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from riskcore import MarketModel, RiskBook, RiskSettings
from tests.soak.registry import Figures, Soak, row

SETTINGS = RiskSettings(paths=10_000, half_life=20.0, window=30, min_observations=5, confidence=(0.95, 0.975, 0.99))
N = 5


@row("issue 3: path update against Cholesky", budget_s=1800)
def recursion_and_factor_have_one_law(soak: Soak) -> Figures:
    """Over 200 markets the p-values of Kolmogorov-Smirnov tests are uniform, but for one run in ten thousand."""
    rng = soak.rng
    p_values, worst = [], 0.0
    for _ in range(200):
        returns = _market(rng, 60)
        kept, drawn = (_book(simulation, returns, int(rng.integers(2**32))) for simulation in ("paths", "cholesky"))
        p_values.append(stats.ks_2samp(kept.scenarios("monte_carlo"), drawn.scenarios("monte_carlo")).pvalue)
        worst = max(worst, _covariance_error(kept.model))
    uniform = stats.kstest(p_values, "uniform").pvalue
    assert uniform > 1e-4, (uniform, sorted(p_values)[:5])
    # Of 200 markets with 15 entries each, in standard errors: beyond 6 once in 300,000 runs.
    assert worst < 6.0, worst
    return {"smallest p-value": min(p_values), "uniformity": float(uniform), "worst entry in standard errors": worst}


@row("issue 3: standard errors by repetition", budget_s=1800)
def figures_scatter_as_their_standard_errors_say(soak: Soak) -> Figures:
    """Over 400 seeds simulated VaR and ES scatter as their standard errors say, to a seventh, and without bias."""
    rng = soak.rng
    returns = _market(rng, 60)
    found = np.array([_read(_book("paths", returns, int(rng.integers(2**32)))) for _ in range(400)])
    exact = np.array([(m.var, m.es) for m in _book("paths", returns, 0).measures() if m.method == "parametric"])
    figures: Figures = {}
    for at, confidence in enumerate(SETTINGS.confidence):
        for kind, name in enumerate(("VaR", "ES")):
            values, errors = found[:, at, kind], found[:, at, 2 + kind]
            ratio = float(np.std(values) / np.mean(errors))
            bias = float((np.mean(values) - exact[at, kind]) / (np.std(values) / 20.0))
            figures |= {f"{name} {confidence} scatter over error": ratio, f"{name} {confidence} bias": bias}
            # The spread of 400 has a standard error of 3.5 %, and a density from spacings is a little smooth.
            assert 1 / 1.15 < ratio < 1.15, (name, confidence, ratio)
            assert abs(bias) < 5.0, (name, confidence, bias)
    return figures


def _market(rng: np.random.Generator, bars: int) -> NDArray[np.float64]:
    returns = (rng.normal(size=(bars, N)) + rng.normal(size=(bars, 1))) * 0.01 + 0.002
    returns[rng.random((bars, N)) < 0.1] = np.nan
    return returns


def _book(simulation: str, returns: NDArray[np.float64], seed: int) -> RiskBook:
    model = MarketModel(N, replace(SETTINGS, simulation=simulation, seed=seed))  # type: ignore[arg-type] # a name of two
    model.on_prices(np.full(N, 100.0))
    book = RiskBook(model)
    for instrument, quantity in enumerate((1.0, 2.0, -1.0, 1.0, -3.0)):
        book.on_trade(instrument, quantity)
    for bar, each in enumerate(returns):
        model.on_bar(bar, each)
        book.on_bar()
    return book


def _covariance_error(model: MarketModel) -> float:
    ewma, paths = model.covariance, model.paths
    sample = np.cov(paths.raw.astype(np.float64), bias=True) * paths.scale**2
    expected = ewma.raw * ewma.scale
    spread = np.sqrt((expected**2 + np.outer(np.diagonal(expected), np.diagonal(expected))) / SETTINGS.paths)
    return float(np.max(np.abs(sample - expected) / spread))


def _read(book: RiskBook) -> list[tuple[float | None, ...]]:
    measures = (m for m in book.measures() if m.method == "monte_carlo")
    return [(m.var, m.es, m.var_stderr, m.es_stderr) for m in measures]
