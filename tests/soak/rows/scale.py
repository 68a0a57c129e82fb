"""M4: five thousand instruments."""

import resource
import time

import numpy as np

from riskcore import MarketModel, RiskBook, RiskSettings, parametric_risk
from tests.soak.registry import Figures, Soak, row

N, BARS, MOST_MIB = 5_000, 40, 2_000


@row("M4", budget_s=1200)
def five_thousand_instruments(soak: Soak) -> Figures:
    """5,000 instruments with the default settings fit into 2 GB, and their figures are those of a sum over the bars."""
    rng = soak.rng
    settings = RiskSettings()
    model = MarketModel(N, settings)
    model.on_prices(rng.uniform(10.0, 500.0, N))
    book = RiskBook(model)
    for instrument in range(N):
        book.on_trade(instrument, float(rng.integers(-100, 101)))
    returns = (rng.standard_t(4, (BARS, N)) + rng.standard_t(4, (BARS, 1))) * 1e-3
    began = time.perf_counter()
    for bar, each in enumerate(returns):
        model.on_bar(bar, each)
        book.on_bar()
    bar_ms = (time.perf_counter() - began) * 1e3 / BARS
    measures = book.measures()
    began = time.perf_counter()
    for instrument in rng.integers(N, size=1_000).tolist():
        book.on_price(instrument, float(rng.uniform(10.0, 500.0)))
    tick_us = (time.perf_counter() - began) * 1e6 / 1_000
    weights = settings.decay ** np.arange(BARS - 1.0, -1.0, -1.0)
    sigma = _sigma(returns, weights, book.exposures) * settings.bars_in_horizon**0.5
    wanted, _ = parametric_risk(sigma, 0.99)
    after = book.measures()
    got = next(m for m in after if (m.method, m.confidence) == ("parametric", 0.99))
    drawn = next(m for m in after if (m.method, m.confidence) == ("monte_carlo", 0.99))
    assert got.var is not None
    assert drawn.var is not None
    assert drawn.var_stderr is not None
    assert abs(got.var / wanted - 1.0) <= 1e-9, (got.var, wanted)
    assert abs(drawn.var - wanted) <= 5.0 * drawn.var_stderr, (drawn, wanted)
    parts = book.components(0.99)
    assert abs(parts.component_var.sum() / got.var - 1.0) <= 1e-9
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    assert peak <= MOST_MIB, peak
    return {"bar ms": bar_ms, "tick µs": tick_us, "figures": len(measures), "peak MiB": peak}


def _sigma(returns: np.ndarray, weights: np.ndarray, exposures: np.ndarray) -> float:
    pnl = returns.astype(np.longdouble) @ exposures.astype(np.longdouble)
    return float(np.sqrt(weights @ pnl**2 / weights.sum()))
