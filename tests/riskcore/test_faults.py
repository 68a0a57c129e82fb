"""Rows M1 to M12 of the catalogue of faults, where no other test of riskcore stands for them."""

import numpy as np
import pytest

from riskcore import EwmaCovariance, MarketModel, RiskBook, RiskSettings, RollingCovariance, parametric_risk


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
