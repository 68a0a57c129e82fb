"""Rows M1 to M12 of the catalogue of faults, where no other test of riskcore stands for them: docs/maths/proof.md."""

from dataclasses import replace

import numpy as np
import pytest

from riskcore import (
    EwmaCovariance,
    MarketModel,
    RiskBook,
    RiskSettings,
    RollingCovariance,
    nearest_correlation,
    parametric_risk,
    psd_factor,
)
from riskcore.errors import InputError


def test_a_covariance_of_fewer_bars_than_shares_with_random_holes_never_gives_a_negative_variance() -> None:
    # M1: 200 shares, 50 bars, a third of the returns missing.
    rng = np.random.default_rng(0)
    ewma, rolling = EwmaCovariance(200, 20.0), RollingCovariance(200, 50)
    for _ in range(50):
        row = np.where(rng.random(200) < 0.33, np.nan, rng.normal(size=200))
        ewma.update(row)
        rolling.update(row)
    for covariance in (ewma.covariance, rolling.covariance):
        assert np.linalg.eigvalsh(covariance)[0] >= -1e-12 * np.trace(covariance)


def test_a_matrix_that_no_returns_can_have_is_mended_and_says_by_how_much() -> None:
    # M1: correlations taken pair by pair from different days; the variances stay, no variance of a book is negative.
    rng = np.random.default_rng(10)
    impossible = np.array([[1.0, 0.9, -0.9], [0.9, 1.0, 0.9], [-0.9, 0.9, 1.0]])
    assert np.linalg.eigvalsh(impossible)[0] < -0.5
    factor = psd_factor(impossible)
    values = np.linalg.eigvalsh(impossible)
    assert factor.distance == pytest.approx(-values[0] / values[-1], rel=1e-9)
    mended = nearest_correlation(impossible)
    np.testing.assert_array_equal(np.diagonal(mended), np.ones(3))
    for exposures in rng.normal(size=(100, 3)):
        assert exposures @ mended @ exposures >= -1e-12 * (exposures @ exposures)
        assert exposures @ factor.lower @ factor.lower.T @ exposures >= 0.0


def test_constant_prices_have_no_risk_and_a_correlation_that_is_undefined_not_infinite(
    small_settings: RiskSettings,
) -> None:
    # M2
    model = MarketModel(2, small_settings)
    book = RiskBook(model)
    for instrument in range(2):
        model.on_price(instrument, 9.45)
        book.on_trade(instrument, 1e6)
    for bar in range(20):
        model.on_bar(bar, [0.0, 0.0])
        book.on_bar()
    assert {(m.var, m.es) for m in book.measures()} == {(0.0, 0.0)}
    assert np.isnan(model.covariance.correlation).all()
    assert not model.covariance.covariance.any()


@pytest.mark.parametrize("quantity", [1e-12, -1.0, 1e12])
def test_tiny_huge_and_short_positions_have_their_closed_form(small_settings: RiskSettings, quantity: float) -> None:
    # M3
    rng = np.random.default_rng(1)
    model = MarketModel(1, small_settings)
    for bar in range(20):
        model.on_bar(bar, rng.normal(size=1) * 0.01)
    model.on_price(0, 100.0)
    book = RiskBook(model)
    book.on_trade(0, quantity)
    sigma = abs(quantity) * 100.0 * float(model.volatility[0]) * np.sqrt(small_settings.bars_in_horizon)
    for measure in book.measures():
        if measure.method == "parametric":
            expected = parametric_risk(sigma, measure.confidence)
            assert (measure.var, measure.es) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("covariance", ["ewma", "rolling"])
def test_prices_of_a_billion_that_move_by_a_billionth_keep_their_variance(
    small_settings: RiskSettings, covariance: str
) -> None:
    # M6: E[x²] - E[x]² of such prices gave -128. The figures are those of numpy's two passes over the returns.
    settings = replace(small_settings, covariance=covariance, min_observations=5)
    rng = np.random.default_rng(12)
    prices = 1e9 + np.cumsum(rng.integers(-5, 6, 41)).astype(float)
    returns = np.diff(prices) / prices[:-1]
    model = MarketModel(1, settings)
    book = RiskBook(model)
    model.on_price(0, prices[-1])
    book.on_trade(0, 1.0)
    for bar, one in enumerate(returns):
        model.on_bar(bar, [one])
        book.on_bar()
    if covariance == "rolling":
        sigma = float(np.std(returns[-settings.window :], ddof=1))
    else:
        weights = settings.decay ** np.arange(39.0, -1.0, -1.0)
        sigma = float(np.sqrt(weights @ returns**2 / weights.sum()))
    expected, _ = parametric_risk(sigma * prices[-1] * settings.bars_in_horizon**0.5, 0.99)
    got = next(m.var for m in book.measures() if (m.method, m.confidence) == ("parametric", 0.99))
    assert got == pytest.approx(expected, rel=1e-9)
    assert got > 0.0


def test_ten_thousand_ticks_between_two_rebuilds_leave_no_drift(small_settings: RiskSettings) -> None:
    # M5; ten million of them in the soak.
    rng = np.random.default_rng(13)
    model = MarketModel(4, small_settings)
    model.on_prices(np.full(4, 100.0))
    book = RiskBook(model)
    for instrument in range(4):
        book.on_trade(instrument, float(rng.integers(-9, 10)))
    for bar in range(20):
        model.on_bar(bar, rng.standard_t(3, 4) * 0.01)
        book.on_bar()
    for instrument, price in zip(rng.integers(4, size=10_000).tolist(), rng.uniform(1.0, 1e3, 10_000), strict=True):
        book.on_price(instrument, float(price))
    fresh = RiskBook(model)
    for instrument in range(4):
        fresh.on_trade(instrument, float(book.quantities[instrument]))
    for got, expected in zip(book.measures(), fresh.measures(), strict=True):
        assert (got.var, got.es) == pytest.approx((expected.var, expected.es), rel=1e-9)


def test_a_missing_return_stays_with_its_instrument(small_settings: RiskSettings) -> None:
    # M7: one NaN does not reach another instrument by a matrix product, nor any figure.
    rng = np.random.default_rng(2)
    whole, holed = MarketModel(3, small_settings), MarketModel(3, small_settings)
    for bar in range(20):
        row = rng.normal(size=3) * 0.01
        whole.on_bar(bar, row)
        row[1] = np.nan if bar == 10 else row[1]
        holed.on_bar(bar, row)
    rest = [0, 2]
    np.testing.assert_array_equal(whole.paths.raw[rest], holed.paths.raw[rest])
    holed.on_prices([10.0, 10.0, 10.0])
    book = RiskBook(holed)
    for instrument in range(3):
        book.on_trade(instrument, 1.0)
    assert all(np.isfinite([m.var, m.es]).all() for m in book.measures())


def test_figures_grow_with_confidence_and_shortfall_exceeds_value_at_risk(small_settings: RiskSettings) -> None:
    # M9
    rng = np.random.default_rng(3)
    model = MarketModel(3, small_settings)
    model.on_prices([10.0, 20.0, 30.0])
    book = RiskBook(model)
    for instrument in range(3):
        book.on_trade(instrument, instrument - 1.5)
    for bar in range(40):
        model.on_bar(bar, rng.standard_t(3, size=3) * 0.01)
        book.on_bar()
        measures = book.measures()
        for method in ("parametric", "historical", "monte_carlo"):
            own = [m for m in measures if m.method == method and m.var is not None]
            assert [m.var for m in own] == sorted(m.var for m in own)
            assert all(m.es >= m.var for m in own)


def test_a_position_of_zero_adds_nothing(small_settings: RiskSettings) -> None:
    # M9
    rng = np.random.default_rng(4)
    model = MarketModel(2, small_settings)
    model.on_prices([10.0, 20.0])
    for bar in range(20):
        model.on_bar(bar, rng.normal(size=2) * 0.01)
    one, two = RiskBook(model), RiskBook(model)
    one.on_trade(0, 3.0)
    two.on_trade(0, 1.0)
    two.on_trade(1, 0.0)
    two.on_trade(0, 2.0)
    assert one.measures() == two.measures()


@pytest.mark.parametrize(("multiplier", "rate"), [(0.0, 1.0), (-1.0, 1.0), (1.0, float("inf")), (1.0, -1.25)])
def test_a_unit_that_is_none_is_refused_and_nothing_is_added_up_in_it(
    small_settings: RiskSettings, multiplier: float, rate: float
) -> None:
    # M12: cents and dollars differ by a multiplier, currencies by a rate.
    model = MarketModel(1, small_settings)
    model.on_price(0, 100.0)
    book = RiskBook(model)
    book.describe(0, 0.01, 1.25)
    book.on_trade(0, 8.0)
    with pytest.raises(InputError, match="multiplier and rate are positive numbers"):
        book.describe(0, multiplier, rate)
    assert book.market_value == pytest.approx(8.0 * 0.01 * 1.25 * 100.0, rel=1e-15)


def test_a_position_whose_rate_is_not_known_is_uncovered_and_never_one_to_one(small_settings: RiskSettings) -> None:
    # M12
    rng = np.random.default_rng(14)
    model = MarketModel(2, small_settings)
    model.on_prices([100.0, 100.0])
    for bar in range(20):
        model.on_bar(bar, rng.normal(size=2) * 0.01)
    whole, alone = RiskBook(model), RiskBook(model)
    whole.on_trade(0, 8.0)
    alone.on_trade(0, 8.0)
    whole.on_trade(1, 1e6)
    whole.describe(1, rate=None)
    assert [instrument for instrument, _ in whole.uncovered] == [1]
    assert whole.measures() == alone.measures()
    assert whole.market_value == alone.market_value
