"""Each option by itself: what it promises, shown on the smallest case."""

from collections.abc import Callable
from dataclasses import replace
from math import sqrt

import numpy as np
import pytest
from scipy import stats

from riskcore import (
    MarketModel,
    RiskBook,
    RiskSettings,
    ledoit_wolf,
    oas,
    parametric_risk,
)

Open = Callable[..., "object"]


@pytest.mark.parametrize(("method", "batch"), [("ledoit-wolf", ledoit_wolf), ("oas", oas)])
def test_a_rolling_window_without_holes_is_shrunk_as_its_returns_are(
    small_settings: RiskSettings, method: str, batch: Callable[..., tuple[np.ndarray, float]]
) -> None:
    settings = replace(small_settings, covariance="rolling", shrinkage=method, window=20)
    model, rows = (
        MarketModel(4, settings),
        np.random.default_rng(2).standard_t(4, size=(33, 4)) * [0.01, 0.02, 0.01, 0.03],
    )
    for bar, row in enumerate(rows):
        model.on_bar(bar, row)
    matrix, intensity = batch(rows[-20:])
    assert 0.0 < intensity < 1.0
    assert model.shrunk.intensity == pytest.approx(intensity, rel=1e-12)
    np.testing.assert_allclose(model.read_covariance, matrix * 20 / 19, rtol=1e-12, atol=1e-18)


@pytest.mark.parametrize("method", ["none", "ledoit-wolf", "oas", 0.4])
def test_nothing_known_is_nothing_shrunk(small_settings: RiskSettings, method: str | float) -> None:
    model = MarketModel(3, replace(small_settings, shrinkage=method))
    assert not model.read_covariance.any()
    model.on_bar(0, [0.01, np.nan, np.nan])
    assert model.read_covariance[0, 0] == pytest.approx(1e-4)


def test_ledoit_wolf_forgets_what_is_no_longer_held_with_little_loss(small_settings: RiskSettings) -> None:
    rows = np.random.default_rng(5).normal(size=(400, 4)) * [0.01, 0.02, 0.01, 0.03]
    found = []
    for window in (25, 100):
        model = MarketModel(4, replace(small_settings, half_life=12.0, shrinkage="ledoit-wolf", window=window))
        for bar, row in enumerate(rows):
            model.on_bar(bar, row)
        found.append(model.shrunk.intensity)
    assert found[0] == pytest.approx(found[1], rel=0.05)


def test_full_shrinkage_leaves_a_book_its_mean_variance_and_no_correlation(small_settings: RiskSettings) -> None:
    model = MarketModel(2, replace(small_settings, shrinkage=1.0))
    model.on_prices([100.0, 100.0])
    for bar in range(10):
        model.on_bar(bar, [0.01, 0.03])
    book = RiskBook(model)
    book.on_trade(0, 1.0)
    book.on_trade(1, -1.0)
    sigma = 100.0 * sqrt(2 * (1e-4 + 9e-4) / 2) * sqrt(model.settings.bars_in_horizon)
    assert book.measures()[0].var == pytest.approx(parametric_risk(sigma, 0.95)[0], rel=1e-12)


@pytest.mark.parametrize("covariance", ["ewma", "rolling"])
@pytest.mark.parametrize("method", ["ledoit-wolf", "oas"])
def test_one_share_is_a_multiple_of_the_identity_and_not_shrunk(
    small_settings: RiskSettings, method: str, covariance: str
) -> None:
    settings = replace(small_settings, shrinkage=method, covariance=covariance)
    for seed in range(20):
        rng = np.random.default_rng(seed)
        model = MarketModel(1, settings)
        model.on_price(0, 100.0)
        book = RiskBook(model)
        book.on_trade(0, 1.0)
        for bar in range(12):
            model.on_bar(bar, [float(rng.integers(-3, 4)) / 1024.0])
            book.on_bar()
            assert len(book.measures()) == 3 * len(settings.confidence)
            assert (model.shrunk.kept, model.shrunk.ridge) == (1.0, 0.0)


@pytest.mark.parametrize("fraction", [-0.1, 1.1, float("nan")])
def test_a_shrinkage_out_of_range_is_refused(small_settings: RiskSettings, fraction: float) -> None:
    with pytest.raises(ValueError, match="from 0 to 1"):
        MarketModel(1, replace(small_settings, shrinkage=fraction))


def test_an_outlier_that_left_the_rolling_window_leaves_no_trace(small_settings: RiskSettings) -> None:
    settings = replace(small_settings, covariance="rolling")
    rows = np.random.default_rng(0).normal(size=(40, 3)) * 0.01
    figures = []
    for outlier in (0.0, 1e9):
        model = MarketModel(3, settings)
        model.on_prices([100.0, 50.0, 10.0])
        book = RiskBook(model)
        for instrument in range(3):
            book.on_trade(instrument, 1.0)
        for bar, row in enumerate(rows):
            model.on_bar(bar, row + outlier * (bar == 20))
            book.on_bar()
            book.measures()
        figures.append([(m.var, m.es) for m in book.measures()])
        assert model.covariance.drift < 1e-9
    np.testing.assert_allclose(figures[1], figures[0], rtol=1e-12)


def test_a_rolling_window_shorter_than_the_returns_it_needs_is_refused(small_settings: RiskSettings) -> None:
    with pytest.raises(ValueError, match="widen the window"):
        MarketModel(1, replace(small_settings, covariance="rolling", window=4))


def test_a_state_is_not_restored_under_another_option(small_settings: RiskSettings) -> None:
    state = MarketModel(1, small_settings).snapshot()
    with pytest.raises(ValueError, match="rolling"):
        MarketModel.restore(state, replace(small_settings, covariance="rolling"))


def one_share(settings: RiskSettings, returns: list[float]) -> tuple[MarketModel, RiskBook]:
    model = MarketModel(1, settings)
    model.on_price(0, 100.0)
    book = RiskBook(model)
    book.on_trade(0, 1.0)
    for bar, value in enumerate(returns):
        model.on_bar(bar, [value])
        book.on_bar()
    return model, book


def test_recent_losses_weigh_by_the_half_life(small_settings: RiskSettings) -> None:
    # Published by Boudoukh, Richardson, Whitelaw: the newest of K has (1-λ)/(1-λᴷ), each before it λ times that.
    settings = replace(small_settings, historical="age", half_life=2.0, confidence=(0.7,), horizon_days=None, horizon=1)
    _, book = one_share(replace(settings, horizon=settings.bar), [0.0] * 5 + [-0.03, 0.0])
    # The loss of the bar before the last has weight 0.293 * 0.707 / (1 - 0.707**7) = 0.227: less than 30 %.
    measures = {m.method: m for m in book.measures()}
    weight = 0.5**0.5 * (1 - 0.5**0.5) / (1 - 0.5**3.5)
    assert measures["historical"].var == 0.0
    assert measures["historical"].es == pytest.approx(3.0 * weight / 0.3, rel=1e-12)


def test_a_shock_is_judged_by_the_volatility_before_it(small_settings: RiskSettings) -> None:
    settings = replace(small_settings, historical="filtered", window=40)
    calm = [0.01, -0.01] * 10
    model, book = one_share(settings, [*calm, -0.2])
    worst = book.scenarios("historical").min() / sqrt(settings.bars_in_horizon)
    # Twenty standard deviations then, so twenty of today's.
    assert worst == pytest.approx(-100.0 * 20.0 * model.volatility[0], rel=1e-9)


def test_a_price_that_never_moved_is_no_measure_of_its_first_move(small_settings: RiskSettings) -> None:
    settings = replace(small_settings, historical="filtered")
    _, book = one_share(settings, [0.0] * 10)
    assert {m.var for m in book.measures()} == {0.0}
    _, book = one_share(settings, [0.0] * 10 + [0.01])
    assert len(book.scenarios("historical")) == 5
    assert not book.scenarios("historical").any()


def test_filtered_scenarios_wait_for_a_forecast_before_them(small_settings: RiskSettings) -> None:
    _, book = one_share(replace(small_settings, historical="filtered"), [0.01] * 7)
    reasons = {m.method: m.reason for m in book.measures()}
    assert reasons["parametric"] is None
    assert str(reasons["historical"]).startswith("warming up: 2 of 5 bars")
    assert str(reasons["historical"]).endswith("a volatility forecast before it")


def test_the_factor_is_computed_once_for_each_bar(small_settings: RiskSettings) -> None:
    model, book = one_share(replace(small_settings, simulation="cholesky"), [0.01, -0.02] * 5)
    assert model.factors.misses == 0  # nobody has read a figure yet
    for price in (99.0, 101.0, 98.0):
        model.on_price(0, price)
        book.measures()
    before = model.factors.misses
    assert before == 1
    assert 0.0 < model.factors.hit_rate < 1.0
    model.factor((0,))
    assert model.factors.misses == before + 1


def test_a_singular_covariance_is_simulated_all_the_same(small_settings: RiskSettings) -> None:
    settings = replace(small_settings, simulation="cholesky", min_observations=2, paths=20_000)
    rng = np.random.default_rng(0)
    model = MarketModel(6, settings)
    model.on_prices(np.full(6, 100.0))
    book, hedged = RiskBook(model), RiskBook(model)
    for i, quantity in enumerate((1.0, 2.0, -1.0, 1.0, 0.0, 0.0)):
        book.on_trade(i, quantity)
    hedged.on_trade(0, 1.0)
    hedged.on_trade(5, -1.0)
    for bar in range(4):
        row = rng.normal(size=6) * 0.01
        row[4], row[5] = 0.0, row[0]  # a price that never moves, and a twin
        model.on_bar(bar, row)
        book.on_bar()
        hedged.on_bar()
        sigma = book.measures()[0].var / parametric_risk(1.0, 0.95)[0] if bar else 0.0
        assert book.scenarios("monte_carlo").std() == pytest.approx(sigma, rel=0.02) or not bar
        # A variance of 0 is one to 1e-16 of the largest, and its root to 1e-8: P&L is of the order of 100.
        assert np.abs(hedged.scenarios("monte_carlo")).max() < 1e-5
    assert model.factor().distance < 1e-10


@pytest.mark.parametrize("law", ["normal", "t"])
def test_paths_by_recursion_and_by_factor_have_one_law(small_settings: RiskSettings, law: str) -> None:
    # Two-sample Kolmogorov-Smirnov at the level 1e-4, with fixed seeds.
    pnl = []
    for simulation in ("paths", "cholesky"):
        settings = replace(small_settings, simulation=simulation, distribution=law, paths=50_000, half_life=20.0)
        rng = np.random.default_rng(8)
        model = MarketModel(5, settings)
        model.on_prices(np.full(5, 100.0))
        book = RiskBook(model)
        for i, quantity in enumerate((1.0, 2.0, -1.0, 1.0, -3.0)):
            book.on_trade(i, quantity)
        for bar in range(50):
            row = rng.normal(size=5) * 0.01 + rng.normal() * 0.01
            row[rng.random(5) < 0.1] = np.nan
            model.on_bar(bar, row)
            book.on_bar()
        pnl.append(book.scenarios("monte_carlo"))
    assert stats.ks_2samp(*pnl).pvalue > 1e-4
    # And it can tell: the same draws with a tenth more risk do not pass.
    assert stats.ks_2samp(pnl[0], 1.1 * pnl[1]).pvalue < 1e-4
