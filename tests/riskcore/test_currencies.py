"""Positions in other currencies: a rate is an instrument, and the book is exposed to it.

The oracle for exposures is the derivative of the value in base currency, taken numerically (a complex step, exact to
the last digits), of prices converted one by one; figures are then recomputed from the whole history.
"""

import numpy as np
import pytest

from riskcore import MarketModel, RiskBook, RiskSettings, Shock, parametric_risk
from riskcore.positions import Rate
from tests.riskcore.conftest import Market, Recomputed
from tests.riskcore.readings import assert_agrees

SHARE, EURO_SHARE, YEN_SHARE, EURUSD, USDJPY, FUTURE = range(6)
TERMS = {
    SHARE: {},
    EURO_SHARE: {"multiplier": 3.0, "rate": Rate(EURUSD)},
    YEN_SHARE: {"rate": Rate(USDJPY, inverse=True)},
    EURUSD: {},
    USDJPY: {"rate": Rate(USDJPY, inverse=True)},
    FUTURE: {"multiplier": 5.0, "rate": Rate(EURUSD), "margined": True},
}


def converted(instrument: int, prices: dict[int, complex]) -> complex:
    """The value in base currency of one unit, from prices alone; 0 where one is missing."""
    price = prices.get(instrument, 0.0) * TERMS[instrument].get("multiplier", 1.0)
    rate = TERMS[instrument].get("rate")
    if rate is None or not price:
        return price
    quote = prices.get(rate.instrument)
    if not quote:
        return 0.0
    return price / quote if rate.inverse else price * quote


class Converted(Recomputed):
    """The recomputation whose exposures are derivatives of the converted value to each price."""

    @property
    def exposures(self) -> dict[int, float]:
        step = 1e-30
        found = {}
        for moved, price in self.prices.items():
            prices: dict[int, complex] = dict(self.prices) | {moved: price * (1 + step * 1j)}
            change = sum(q * self._seen(i, prices) for i, q in self.quantities.items() if q).imag / step
            if any(q and self._depends(i, moved) for i, q in self.quantities.items()):
                found[moved] = change
        return found

    def _seen(self, i: int, prices: dict[int, complex]) -> complex:
        if TERMS[i].get("margined") and EURUSD in self.prices:
            prices = prices | {EURUSD: self.prices[EURUSD]}  # settled daily: no value for the rate to move
        return complex(converted(i, prices))

    def _depends(self, i: int, moved: int) -> bool:
        rate = TERMS[i].get("rate")
        if not converted(i, self.prices):
            return False
        return i == moved or (rate is not None and rate.instrument == moved and not TERMS[i].get("margined"))


def abroad(settings: RiskSettings, seed: int = 0) -> Market:
    model = MarketModel(len(TERMS), settings)
    book = RiskBook(model, "abroad")
    for instrument, terms in TERMS.items():
        book.describe(instrument, **terms)
    return Market(settings, model, book, Converted(settings), np.random.default_rng(seed))


def small_book(settings: RiskSettings, n_bars: int = 20) -> RiskBook:
    market = abroad(settings)
    market.model.on_prices([100.0, 50.0, 3_000.0, 1.1, 150.0, 80.0])
    for instrument, quantity in ((SHARE, 10.0), (EURO_SHARE, 7.0), (YEN_SHARE, -40.0), (FUTURE, 2.0)):
        market.book.on_trade(instrument, quantity)
    for _ in range(n_bars):
        market.close()
    return market.book


@pytest.mark.parametrize("seed", range(4))
def test_every_figure_is_that_of_the_value_in_base_currency_after_every_step(small_settings, seed: int) -> None:
    market = abroad(small_settings, seed)
    market.happen(10)
    for _ in range(60):
        market.happen(3)
        expected = np.zeros(len(TERMS))
        for instrument, exposure in market.told.exposures.items():
            expected[instrument] = exposure
        np.testing.assert_allclose(market.book.exposures, expected, rtol=1e-12, atol=1e-9)
        assert_agrees(market)


def test_a_scenario_differs_from_the_converted_prices_by_the_product_of_the_two_returns_alone(small_settings) -> None:
    model = MarketModel(2, small_settings)
    model.on_prices([50.0, 1.1])
    book = RiskBook(model)
    book.describe(0, rate=Rate(1))
    book.on_trade(0, 100.0)
    rng = np.random.default_rng(5)
    rows = rng.normal(0, 0.01, (12, 2))
    for bar, row in enumerate(rows):
        model.on_bar(bar, row)
        book.on_bar()
    before = 100.0 * 50.0 * 1.1
    exact = 100.0 * (50.0 * (1 + rows[:, 0])) * (1.1 * (1 + rows[:, 1])) - before
    scenarios = book.scenarios("historical") / np.sqrt(small_settings.bars_in_horizon)
    np.testing.assert_allclose(exact - scenarios, before * rows[:, 0] * rows[:, 1], rtol=1e-9, atol=1e-9)
    assert np.abs(before * rows[:, 1]).max() > 10 * np.abs(exact - scenarios).max(), "the rate itself is not small"


def test_components_of_positions_and_rates_add_up_to_the_whole(small_settings) -> None:
    book = small_book(small_settings)
    parts, measures = book.components(0.99), {(m.method, m.confidence): m for m in book.measures()}
    assert parts.instruments.tolist() == [SHARE, EURO_SHARE, YEN_SHARE, FUTURE, EURUSD, USDJPY]
    assert parts.of_rate.tolist() == [False] * 4 + [True] * 2
    assert parts.component_var.sum() == pytest.approx(measures["parametric", 0.99].var, rel=1e-12)
    assert parts.component_es.sum() == pytest.approx(measures["monte_carlo", 0.99].es, rel=1e-12)
    euros = book.values[EURO_SHARE]
    assert parts.exposures[parts.of_rate].tolist() == pytest.approx([euros, -book.values[YEN_SHARE]])


def test_the_marginal_of_a_rate_is_the_derivative_of_value_at_risk_to_its_exposure(small_settings) -> None:
    book = small_book(small_settings)
    parts = book.components(0.99)
    covariance, w = book.model.read_covariance, book.exposures
    at = parts.instruments.tolist().index(EURUSD)

    def at_risk(change: float) -> float:
        moved = w + change * (np.arange(len(w)) == EURUSD)
        sigma = np.sqrt(small_settings.bars_in_horizon * moved @ covariance @ moved)
        return parametric_risk(float(sigma), 0.99)[0]

    assert parts.marginal_var[at] == pytest.approx((at_risk(1e-2) - at_risk(-1e-2)) / 2e-2, rel=1e-6)


@pytest.mark.parametrize("cash_at_start", [False, True])
def test_pnl_is_value_less_what_was_paid_each_at_its_own_rate(small_settings, cash_at_start: bool) -> None:
    market = abroad(small_settings, seed=8)
    book, model, rng = market.book, market.model, np.random.default_rng(8)
    prices = np.array([100.0, 50.0, 3_000.0, 1.1, 150.0, 80.0])
    earned, held, futures = 0.0, dict.fromkeys(range(6), 0.0), 0.0
    model.on_prices(prices)
    for step in range(40):
        before = {i: converted(i, dict(enumerate(prices))).real for i in range(5)}
        settled = prices[FUTURE]
        prices = prices * np.exp(rng.normal(0, 0.02, 6))
        model.on_prices(prices)
        now = {i: converted(i, dict(enumerate(prices))).real for i in range(5)}
        earned += sum(held[i] * (now[i] - before[i]) for i in range(5))
        futures += held[FUTURE] * 5.0 * (prices[FUTURE] - settled)
        if cash_at_start and step == 20:
            book.start_day()
            earned = futures = 0.0
        instrument, quantity = int(rng.integers(6)), float(rng.integers(-9, 10))
        book.on_trade(instrument, quantity)
        held[instrument] += quantity
        # A future's gains are converted now, whenever they arose; the others' arose in base currency.
        assert book.pnl == pytest.approx(earned + futures * prices[EURUSD], rel=1e-9, abs=1e-9)


def test_a_missing_rate_is_never_one_to_one(small_settings) -> None:
    model = MarketModel(3, small_settings)
    model.on_prices([10.0, 20.0, np.nan])
    book = RiskBook(model)
    book.describe(1, rate=Rate(2))
    book.on_trade(0, 1.0)
    book.on_trade(1, 1.0)
    assert book.uncovered == ((1, "no rate yet"),)
    assert (book.market_value, book.gross, book.pnl) == (10.0, 10.0, 0.0)
    assert book.exposures.tolist() == [10.0, 0.0, 0.0]
    model.on_price(2, 1.5)
    assert book.uncovered == ()
    assert (book.market_value, book.pnl) == (40.0, 0.0)
    assert book.exposures.tolist() == [10.0, 30.0, 30.0]


def test_a_book_whose_only_rate_is_unknown_has_no_number_and_says_why(small_settings) -> None:
    model = MarketModel(1, small_settings)
    model.on_price(0, 10.0)
    book = RiskBook(model)
    book.describe(0, rate=None)
    book.on_trade(0, 3.0)
    assert {(m.var, m.reason) for m in book.measures()} == {(None, "no position has a rate")}
    assert book.market_value == 0.0


def test_a_rate_quoted_the_other_way_round_means_the_same(small_settings) -> None:
    """Log returns of a rate and of one over it differ by the sign alone, so every figure must be the same."""
    books = []
    for inverse in (False, True):
        model = MarketModel(2, small_settings)
        model.on_prices([50.0, 1 / 1.25 if inverse else 1.25])
        book = RiskBook(model)
        book.describe(0, rate=Rate(1, inverse))
        book.on_trade(0, 4.0)
        for bar, row in enumerate(np.random.default_rng(2).normal(0, 0.01, (15, 2))):
            model.on_bar(bar, row * [1, -1 if inverse else 1])
            book.on_bar()
        books.append(book)
    direct, inverse_book = books
    for one, other in zip(direct.measures(), inverse_book.measures(), strict=True):
        assert (one.var, one.es) == pytest.approx((other.var, other.es), rel=1e-12)
    assert direct.components().component_var == pytest.approx(inverse_book.components().component_var, rel=1e-12)


def test_selling_the_currency_forward_leaves_the_risk_of_the_shares_alone(small_settings) -> None:
    rows = np.random.default_rng(3).normal(0, 0.01, (15, 2))
    model = MarketModel(2, small_settings)
    model.on_prices([50.0, 1.25])
    hedged, local = RiskBook(model, "hedged"), RiskBook(model, "local")
    hedged.describe(0, rate=Rate(1))
    local.describe(0, rate=1.25)
    for book in (hedged, local):
        book.on_trade(0, 4.0)
    hedged.on_trade(1, -200.0)
    for bar, row in enumerate(rows):
        model.on_bar(bar, row)
        for book in (hedged, local):
            book.on_bar()
    assert hedged.exposures.tolist() == [250.0, 0.0]
    for one, other in zip(hedged.measures(), local.measures(), strict=True):
        assert (one.var, one.es) == pytest.approx((other.var, other.es), rel=1e-9)
    parts = hedged.components()
    assert parts.instruments.tolist() == [0, 1, 1]
    assert parts.component_var[1] == -parts.component_var[2] != 0.0


def test_stress_revalues_at_the_shocked_rate_and_not_to_first_order(small_settings) -> None:
    book = small_book(small_settings)
    v = book.values
    pnl = book.stress({EURO_SHARE: -0.3, EURUSD: -0.2, USDJPY: 0.25, FUTURE: -0.5})
    expected = [0.0, v[EURO_SHARE] * (0.7 * 0.8 - 1), v[YEN_SHARE] * (1 / 1.25 - 1), 0, 0, v[FUTURE] * -0.5 * 0.8]
    assert pnl == pytest.approx(expected, rel=1e-12)
    with pytest.raises(ValueError, match="exchange rate cannot fall"):
        book.stress({EURUSD: -1.0})


def test_a_shock_of_everything_leaves_the_rates_that_only_convert(small_settings) -> None:
    book = small_book(small_settings)
    assert book.stress(Shock(everything=-0.1)).sum() == pytest.approx(-0.1 * book.market_value)
    told = {result.scenario: result.pnl for result in book.stress_tests()}
    cash = book.values[EURO_SHARE] + book.values[YEN_SHARE]
    assert told["all prices -10 %"] == pytest.approx(-0.1 * book.market_value)
    assert told["every other currency -10 %"] == pytest.approx(-0.1 * cash)


def test_a_what_if_in_another_currency_is_the_book_after_the_trade(small_settings) -> None:
    book = small_book(small_settings)
    asked = book.what_if({EURO_SHARE: -5.0, YEN_SHARE: 11.0})
    assert asked.before == book.measures()
    book.on_trade(EURO_SHARE, -5.0)
    book.on_trade(YEN_SHARE, 11.0)
    for after, traded in zip(asked.after, book.measures(), strict=True):
        assert (after.var, after.es) == pytest.approx((traded.var, traded.es), rel=1e-9)


def test_a_book_restored_in_mid_stream_goes_on_with_the_same_bits(small_settings) -> None:
    market = abroad(small_settings, seed=6)
    market.happen(60)
    market.book.measures()
    model = MarketModel.restore(market.model.snapshot(), small_settings)
    twin = RiskBook.restore(market.book.snapshot(), model)
    for bar, row in enumerate(np.random.default_rng(9).normal(0, 0.01, (5, len(TERMS)))):
        for one_model, book in ((market.model, market.book), (model, twin)):
            one_model.on_bar(10_000 + bar, row)
            book.on_bar()
            one_model.on_price(EURUSD, 1.2 + bar / 100)
    assert twin.measures() == market.book.measures()
    assert (twin.pnl, twin.gross) == (market.book.pnl, market.book.gross)


def test_a_tick_of_the_rate_explains_a_move_of_value_at_risk_by_prices(small_settings) -> None:
    book = small_book(small_settings)
    before = {(m.method, m.confidence): m.var for m in book.measures()}
    book.explain()
    book.on_price(EURUSD, 1.3)
    after = {(m.method, m.confidence): m.var for m in book.measures()}
    told = book.explain(since_seq=1)
    assert len(told) == len(after)
    for part in told:
        key = part.method, part.confidence
        assert part.prices == pytest.approx(after[key] - before[key], rel=1e-9, abs=1e-9)
        assert part.trades == part.covariance == part.scenarios == 0.0
    assert any(part.prices for part in told)
