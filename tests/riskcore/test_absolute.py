"""Prices that may be negative: returns in points, so that exposure times return is the P&L through zero.

The oracle reckons in prices: changes of value of the whole book, bar by bar, of which it takes weighted sums.
"""

from dataclasses import replace

import numpy as np
import pytest

from riskcore import BarSampler, MarketModel, RiskBook, RiskSettings, Shock, parametric_risk, value_at_risk
from riskcore.errors import InputError
from riskcore.jumps import JumpFilter
from riskcore.positions import Rate

SPREAD, SHARE, EURUSD = range(3)
SECOND = 10**9


def run_of_prices(n_bars: int, seed: int = 2) -> np.ndarray:
    rng = np.random.default_rng(seed)
    spread = 0.5 + np.cumsum(rng.normal(0, 0.4, n_bars))
    assert (spread < 0).any()
    assert (spread > 0).any()
    spread[n_bars // 2] = 0.0
    return np.column_stack((spread, *(np.exp(np.cumsum(rng.normal(0, 0.01, n_bars))) for _ in range(2))))


@pytest.fixture
def streamed(small_settings: RiskSettings):
    """A model, and a book in it, that followed 25 bars of prices tick by tick."""
    settings = replace(small_settings, bar=SECOND, lateness=0)
    model, sampler = MarketModel(3, settings), BarSampler(3, settings)
    model.describe(SPREAD, absolute=True)
    sampler.absolute = model.absolute
    book = RiskBook(model)
    book.describe(SPREAD, multiplier=100.0, rate=Rate(EURUSD), margined=True)
    book.on_trade(SPREAD, 7.0)
    book.on_trade(SHARE, -40.0)
    prices = run_of_prices(26)
    for bar, row in enumerate(prices):
        for instrument, price in enumerate(row):
            sampler.on_tick(instrument, "sim", bar * SECOND, price, bar * SECOND)
        for closed in sampler.closed():
            model.on_prices(closed.close)
            model.on_bar(closed.index, closed.returns)
            book.on_bar()
    return model, book, prices[:-1]


def test_exposure_times_return_is_the_change_of_value_through_zero(streamed) -> None:
    model, book, prices = streamed
    changes = np.diff(prices, axis=0)
    rows = model.window.returns[:, model.window.order].T[1:]
    rate = prices[-1, EURUSD]
    assert book.exposures == pytest.approx([7 * 100 * rate, -40 * prices[-1, SHARE], 0.0])
    np.testing.assert_allclose(rows[:, SPREAD] * book.exposures[SPREAD], 7 * 100 * rate * changes[:, SPREAD], rtol=1e-9)


def test_figures_are_those_of_the_pnl_reckoned_from_prices(streamed, small_settings: RiskSettings) -> None:
    _, book, prices = streamed
    rate = prices[-1, EURUSD]
    spread = 700 * rate * np.diff(prices[:, SPREAD])
    share = -40 * prices[-1, SHARE] * (prices[1:, SHARE] / prices[:-1, SHARE] - 1)
    pnl = spread + share
    ages = np.arange(len(pnl))[::-1]
    weights = small_settings.decay**ages
    k = small_settings.bars_in_horizon * 60
    sigma = float(np.sqrt(k * (weights @ pnl**2) / weights.sum()))
    told = {(m.method, m.confidence): m for m in book.measures()}
    at_risk, shortfall = parametric_risk(sigma, 0.99)
    assert (told["parametric", 0.99].var, told["parametric", 0.99].es) == pytest.approx((at_risk, shortfall), rel=1e-9)
    past = value_at_risk(np.sqrt(k) * pnl[-small_settings.window :], 0.95)
    assert told["historical", 0.95].var == pytest.approx(past, rel=1e-9)
    assert book.components(0.99).component_var.sum() == pytest.approx(at_risk, rel=1e-9)


def test_a_position_at_a_price_of_nothing_is_covered_and_at_risk(streamed) -> None:
    model, book, _ = streamed
    before = book.measures()
    model.on_price(SPREAD, 0.0)
    assert book.uncovered == ()
    assert book.values[SPREAD] == 0.0
    assert book.exposures[SPREAD] > 0.0
    assert before[0].var == pytest.approx(book.measures()[0].var)


def test_the_pnl_of_the_day_goes_through_zero(streamed) -> None:
    model, book, _ = streamed
    model.on_price(SPREAD, 2.0)
    book.start_day()
    model.on_price(SPREAD, -3.0)
    assert book.pnl == pytest.approx(7 * 100 * -5.0 * model.prices[EURUSD])


def test_shocks_are_of_the_size_of_the_price_and_episodes_in_points(streamed) -> None:
    model, book, _ = streamed
    model.on_price(SPREAD, -4.0)
    w = book.exposures[SPREAD]
    assert book.stress({SPREAD: -0.1})[SPREAD] == pytest.approx(w * -0.4)
    everything = book.stress(Shock(everything=-0.1)).sum()
    assert everything == pytest.approx(w * -0.4 + 0.1 * 40 * model.prices[SHARE])
    told = {result.scenario: result.pnl for result in book.stress_tests()}
    assert told["all prices -10 %"] == pytest.approx(everything)
    last = model.window.returns[SPREAD, model.window.order[-5:]].sum()
    assert book.stress_episode(slice(-5, None))[SPREAD] == pytest.approx(
        w * last * np.prod(1 + model.window.returns[EURUSD, model.window.order[-5:]])
    )


def test_a_model_restored_knows_whose_returns_are_in_points(streamed) -> None:
    model, book, _ = streamed
    twin_model = MarketModel.restore(model.snapshot(), model.settings)
    twin = RiskBook.restore(book.snapshot(), twin_model)
    assert twin.exposures.tolist() == book.exposures.tolist()
    assert twin.measures() == book.measures()


def test_an_instrument_that_changes_its_kind_begins_anew(streamed) -> None:
    model, book, _ = streamed
    model.describe(SPREAD, absolute=False)
    assert model.observations.tolist()[SPREAD] == 0
    assert np.isnan(model.prices[SPREAD])
    assert np.linalg.eigvalsh(model.read_covariance).min() >= -1e-18
    assert {m.reason for m in book.measures()} == {None}
    assert book.uncovered == ((SPREAD, "no price yet"),)


def test_what_is_in_points_is_neither_rate_nor_proxy_nor_shrunk(small_settings: RiskSettings) -> None:
    model = MarketModel(2, small_settings)
    model.describe(0, absolute=True)
    for terms in ({"rate": Rate(0)}, {"proxy": 0}):
        with pytest.raises(InputError, match="in points"):
            RiskBook(model).describe(1, **terms)
    with pytest.raises(InputError, match="shrinkage"):
        MarketModel(1, replace(small_settings, shrinkage=0.5)).describe(0, absolute=True)


def test_a_jump_of_a_spread_is_judged_in_points_even_from_zero() -> None:
    jumps: JumpFilter[str] = JumpFilter(25.0, 5)
    jumps.learn(np.array([0.1]), np.array([9]), np.array([True]))
    assert jumps.judge(0, 2.4, 0.0, "near") == (["near"], [])
    assert jumps.judge(0, -2.6, 0.0, "far") == ([], [])
    assert jumps.judge(0, -2.7, 0.0, "confirms") == (["far", "confirms"], [])
    jumps.learn(np.array([0.1]), np.array([2]), np.array([True]))
    assert jumps.judge(0, 1e6, 0.0, "before it is known") == (["before it is known"], [])
