"""Paths in single precision beside the same paths in double: what the rounding costs, and that the range suffices."""

from dataclasses import replace

import numpy as np
import pytest

from riskcore import MarketModel, RiskBook, RiskSettings
from riskcore.checks import LARGEST_RETURN
from riskcore.errors import InputError
from riskcore.messages import Measure

OPTIONS = {
    "paths": {},
    "Student-t, shrunk": {"distribution": "t", "shrinkage": 0.3},
    "rolling": {"covariance": "rolling"},
    "cholesky": {"simulation": "cholesky"},
}


def pair(settings: RiskSettings, n: int) -> list[tuple[MarketModel, RiskBook]]:
    models = [MarketModel(n, settings, path_type) for path_type in (np.float32, np.float64)]
    return [(model, RiskBook(model, "main")) for model in models]


def errors(single: tuple[Measure, ...], double: tuple[Measure, ...]) -> list[float]:
    """Differences of VaR and ES in standard errors."""
    found = []
    for one, other in zip(single, double, strict=True):
        if one.method == "monte_carlo" and one.var is not None:
            found += [abs(one.var - other.var) / other.var_stderr, abs(one.es - other.es) / other.es_stderr]
    return found


@pytest.mark.parametrize("option", OPTIONS)
def test_the_rounding_of_a_long_stream_is_far_below_a_tenth_of_the_sampling_error(option: str) -> None:
    # A half-life of 2 bars: the scale is renormalised every 132 bars, and a share that is closed for 150 bars.
    settings = replace(RiskSettings(half_life=2.0, window=40, paths=2_000, min_observations=5), **OPTIONS[option])
    rng, n, worst = np.random.default_rng(3), 5, 0.0
    both = pair(settings, n)
    for bar in range(500 if option in {"paths", "Student-t, shrunk"} else 150):
        returns = rng.standard_t(3, n) * 0.01
        returns[4] = np.nan if 200 < bar < 350 else returns[4]
        prices, trade = np.exp(rng.normal(size=n)) * 100.0, (int(rng.integers(n)), float(rng.integers(-9, 10)))
        for model, book in both:
            model.on_bar(bar, returns)
            book.on_bar()
            model.on_prices(prices)
            book.on_trade(*trade)
        if bar % 10 == 0:
            worst = max([worst, *errors(both[0][1].measures(), both[1][1].measures())])
    assert 0.0 < worst < 1e-3
    if option == "paths":
        assert both[0][0].epoch > 3


def test_single_precision_takes_half_the_memory_and_is_the_default() -> None:
    settings = RiskSettings(paths=64)
    single, double = MarketModel(3, settings), MarketModel(3, settings, np.float64)
    assert 2 * single.paths.raw.nbytes == double.paths.raw.nbytes == 3 * 64 * 8
    assert MarketModel.restore(double.snapshot(), settings).paths.raw.dtype == np.float64
    assert RiskBook(single).scenarios("monte_carlo").dtype == np.float64


def test_a_scale_about_to_be_renormalised_leaves_room_for_the_largest_return() -> None:
    settings = RiskSettings(half_life=1.0, paths=500, min_observations=1, window=70)
    model = MarketModel(2, settings)
    model.on_prices([1.0, 1.0])
    book = RiskBook(model)
    book.on_trade(0, 1.0)
    book.on_trade(1, 1.0)
    for bar in range(140):
        model.on_bar(bar, [LARGEST_RETURN, 0.01])
        book.on_bar()
        assert all(np.isfinite([m.var, m.es]).all() for m in book.measures())
    with pytest.raises(InputError, match="no larger than 1e\\+27"):
        model.on_bar(200, [1.1 * LARGEST_RETURN, 0.0])
