"""Books to read, and what they say beside what their whole history says."""

import numpy as np
import pytest

from riskcore import MarketModel, RiskBook, RiskSettings, expected_shortfall, parametric_risk, value_at_risk
from riskcore.messages import Measure


def warm(
    settings: RiskSettings, n: int, seed: int = 0, bars: int = 20, path_type: type[np.floating] = np.float32
) -> MarketModel:
    rng = np.random.default_rng(seed)
    model = MarketModel(n, settings, path_type)
    for bar in range(bars):
        model.on_bar(bar, rng.normal(size=n) * 0.01)
    model.on_prices(np.full(n, 100.0))
    return model


def book_of(model: MarketModel, quantities: list[float], name: str = "main") -> RiskBook:
    book = RiskBook(model, name)
    for instrument, quantity in enumerate(quantities):
        book.on_trade(instrument, quantity)
    return book


def figures(measures: tuple[Measure, ...], method: str) -> dict[float, tuple[float | None, float | None]]:
    return {m.confidence: (m.var, m.es) for m in measures if m.method == method}


def assert_agrees(market) -> None:  # type: ignore[no-untyped-def]
    """Every figure of the book equals the recomputed one to 1e-9 of the sizes that go into it.

    Paths in single precision: to 2e-6, the rounding of some dozens of bars and positions that nearly cancel.
    """
    exact = market.model.paths.raw.dtype == np.float64
    told, measures = market.told, market.book.measures()
    if any(m.reason for m in measures):
        return
    for confidence, got in figures(measures, "parametric").items():
        assert got == pytest.approx(parametric_risk(told.volatility(), confidence), rel=1e-9, abs=1e-9)
    for method, scenarios in (("historical", told.historical()), ("monte_carlo", told.paths())):
        near = 1e-9 if exact or method == "historical" else 2e-6
        size = np.abs(scenarios).max(initial=0.0)
        np.testing.assert_allclose(market.book.scenarios(method), scenarios, rtol=near, atol=near / 10 * size)
        for confidence, got in figures(measures, method).items():
            expected = value_at_risk(scenarios, confidence), expected_shortfall(scenarios, confidence)
            assert got == pytest.approx(expected, rel=near, abs=1e-9)
