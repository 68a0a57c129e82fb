"""What a book says in the cases that a trader meets, and the laws that it obeys."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from riskcore import MarketModel, RiskBook, RiskSettings, parametric_risk
from tests.riskcore.readings import assert_agrees, book_of, figures, warm

Open = Callable[..., "object"]


def test_an_empty_book_has_no_risk(small_settings: RiskSettings) -> None:
    book = RiskBook(warm(small_settings, 3))
    assert {(m.var, m.es, m.reason) for m in book.measures()} == {(0.0, 0.0, None)}
    assert len(book.measures()) == 9
    assert book.distribution() is None
    assert len(book.components().instruments) == 0


def test_a_position_closed_out_is_an_empty_book(small_settings: RiskSettings) -> None:
    book = book_of(warm(small_settings, 2), [5.0, 0.0])
    book.measures()
    book.on_trade(0, -5.0)
    assert {m.var for m in book.measures()} == {0.0}


def test_warming_up_names_the_count_and_gives_no_number(small_settings: RiskSettings) -> None:
    model = warm(small_settings, 2, bars=4)
    measures = book_of(model, [1.0, 1.0]).measures()
    assert {m.reason for m in measures} == {"warming up: 4 of 5 bars"}
    assert {(m.var, m.es) for m in measures} == {(None, None)}
    assert book_of(model, [1.0, 1.0]).distribution() is None


def test_only_what_is_held_has_to_warm_up(small_settings: RiskSettings) -> None:
    model = warm(small_settings, 2)
    model.add(1)
    model.on_price(2, 50.0)
    book = book_of(model, [1.0, 1.0])
    assert book.observations == 20
    assert book.measures()[0].var is not None
    book.on_trade(2, 1.0)
    assert book.measures()[0].reason == "warming up: 0 of 5 bars"


def test_a_position_without_a_price_is_named_and_left_out(small_settings: RiskSettings) -> None:
    model = warm(small_settings, 2)
    model.add(1)
    book = book_of(model, [1.0, 0.0, 3.0])
    alone = book_of(model, [1.0])
    assert book.uncovered == ((2, "no price yet"),)
    assert book.measures() == alone.measures()
    assert book.market_value == 100.0
    only = RiskBook(model)
    only.on_trade(2, 3.0)
    assert {(m.var, m.reason) for m in only.measures()} == {(None, "no position has a price")}


def test_too_few_common_bars_leave_only_the_historical_method_without_a_number(small_settings: RiskSettings) -> None:
    model = MarketModel(2, small_settings)
    for bar in range(20):
        model.on_bar(bar, np.array([0.01, np.nan] if bar % 2 else [np.nan, 0.01]))
    model.on_prices([100.0, 100.0])
    by_method = {m.method: m for m in book_of(model, [1.0, 1.0]).measures()}
    assert by_method["historical"].var is None
    assert by_method["historical"].reason == "warming up: 0 of 5 bars in which every instrument had a return"
    assert by_method["parametric"].var > 0


def test_a_constant_price_has_no_risk(small_settings: RiskSettings) -> None:
    model = MarketModel(1, small_settings)
    for bar in range(10):
        model.on_bar(bar, [0.0])
    model.on_price(0, 9.45)
    assert {(m.var, m.es) for m in book_of(model, [1e6]).measures()} == {(0.0, 0.0)}


def test_a_hedged_book_is_flat(small_settings: RiskSettings) -> None:
    rng = np.random.default_rng(0)
    model = MarketModel(2, small_settings)
    book = book_of(model, [1.0, -2.0])
    for bar in range(40):
        model.on_bar(bar, [rng.normal() * 0.01] * 2)
        book.on_bar()
        model.on_prices([100.0 + bar, 50.0 + bar / 2])
        book.measures()
    for m in book.measures():
        assert m.var == pytest.approx(0.0, abs=1e-9)
        assert m.es == pytest.approx(0.0, abs=1e-9)
    parts = book.components()
    assert [*parts.component_var, *parts.component_es, *parts.marginal_var] == [0.0] * 6
    assert book.distribution() is None


def test_one_instrument_is_its_own_closed_form(small_settings: RiskSettings) -> None:
    model = warm(small_settings, 1)
    book = book_of(model, [-3.0])
    sigma = 300.0 * model.volatility[0] * np.sqrt(small_settings.bars_in_horizon)
    assert figures(book.measures(), "parametric")[0.99] == pytest.approx(parametric_risk(sigma, 0.99), rel=1e-12)


@pytest.mark.parametrize("distribution", ["normal", "t"])
def test_components_add_up(small_settings: RiskSettings, distribution: str) -> None:
    model = warm(replace(small_settings, distribution=distribution, paths=500), 4)
    book = book_of(model, [3.0, -2.0, 0.0, 7.0])
    measures, parts = book.measures(), book.components()
    assert parts.instruments.tolist() == [0, 1, 3]
    assert parts.component_var.sum() == pytest.approx(figures(measures, "parametric")[0.99][0], rel=1e-12)
    assert parts.component_es.sum() == pytest.approx(figures(measures, "monte_carlo")[0.99][1], rel=1e-12)
    at_95 = book.components(0.95)
    assert at_95.component_es.sum() == pytest.approx(figures(measures, "monte_carlo")[0.95][1], rel=1e-12)


def test_component_shortfall_is_the_mean_loss_over_the_tail_paths(small_settings: RiskSettings) -> None:
    model = warm(replace(small_settings, paths=200), 3)
    book = book_of(model, [1.0, 2.0, -1.0])
    pnl = [
        book_of(model, [q if j == i else 0.0 for j in range(3)]).scenarios("monte_carlo")
        for i, q in enumerate((1.0, 2.0, -1.0))
    ]
    worst = np.argsort(sum(pnl))[:2]  # 1 % of 200
    expected = [-np.mean(each[worst]) for each in pnl]
    assert book.components().component_es == pytest.approx(expected, rel=1e-9)


def test_marginal_value_at_risk_is_the_derivative(small_settings: RiskSettings) -> None:
    model = warm(small_settings, 3)
    base = [3.0, -2.0, 1.0]
    marginal = book_of(model, base).components().marginal_var

    def whole(i: int, step: float) -> float:
        moved = [q + step / 100.0 * (j == i) for j, q in enumerate(base)]
        return figures(book_of(model, moved).measures(), "parametric")[0.99][0]  # type: ignore[return-value]

    slopes = [(whole(i, 0.01) - whole(i, -0.01)) / 0.02 for i in range(3)]
    assert marginal == pytest.approx(slopes, rel=1e-6)


def test_student_paths_have_the_tail_of_the_closed_form(small_settings: RiskSettings) -> None:
    model = warm(replace(small_settings, distribution="t", dof=4.0, paths=40_000), 2)
    measures = book_of(model, [1.0, 1.0]).measures()
    exact = figures(measures, "parametric")
    for m in measures:
        if m.method == "monte_carlo":
            assert abs(m.var - exact[m.confidence][0]) < 4 * m.var_stderr
            assert abs(m.es - exact[m.confidence][1]) < 4 * m.es_stderr
            assert m.scenarios == 40_000


def test_ticks_between_two_readings_are_folded_to_the_last(small_settings: RiskSettings) -> None:
    model = warm(small_settings, 10)
    many, one = book_of(model, [1.0] * 10), book_of(model, [1.0] * 10)
    many.measures()
    one.measures()
    for price in (90.0, 130.0, 107.0):
        model.on_price(3, price)
    once = MarketModel.restore(model.snapshot(), small_settings)
    assert many.measures() == RiskBook.restore(one.snapshot(), once).measures()


def test_a_price_taken_at_once_is_the_price_taken_at_the_reading(small_settings: RiskSettings) -> None:
    model = warm(small_settings, 10)
    at_once, later = book_of(model, [1.0] * 10), book_of(model, [1.0] * 10)
    at_once.measures()
    later.measures()
    at_once.on_price(3, 107.0)
    at_once.on_price(4)
    assert at_once.measures() == later.measures()


def test_the_first_price_of_a_position_taken_at_once_covers_it(small_settings: RiskSettings) -> None:
    model = warm(small_settings, 1)
    model.add(1)
    book = book_of(model, [1.0, 1.0])
    book.measures()
    book.on_price(1, 20.0)
    assert book.uncovered == ()
    assert book.market_value == 120.0


def test_what_a_book_does_not_hold_moves_nothing_in_it(small_settings: RiskSettings) -> None:
    model = warm(small_settings, 3)
    book = book_of(model, [1.0, 0.0, 2.0])
    before = (book.measures(), book.snapshot())
    model.on_price(1, 1e6)
    book.on_price(1)
    assert (book.measures(), book.snapshot()) == before


def test_a_book_that_missed_a_bar_rebuilds(open_market: Open, small_settings: RiskSettings) -> None:
    market = open_market(small_settings, n=3, seed=8)
    market.happen(60)
    row = np.array([0.01, -0.01, 0.02])
    market.model.on_bar(market.bar + 10, row)
    market.told.bar(market.bar + 10, row)
    market.bar += 10
    market.close()
    for i in range(3):
        market.book.on_trade(i, 1.0)
        market.told.quantities[i] = market.told.quantities.get(i, 0.0) + 1.0
    assert_agrees(market)


@pytest.mark.parametrize("missed", [1, 2])
def test_a_book_read_after_a_missed_bar_is_right_too(small_settings: RiskSettings, missed: int) -> None:
    model = warm(small_settings, 2)
    book = book_of(model, [1.0, 2.0])
    book.measures()
    for bar in range(missed):
        model.on_bar(50 + bar, [0.01, -0.02])
    assert book.measures() == book_of(model, [1.0, 2.0]).measures()
    book.on_bar()
    assert book.measures() == book_of(model, [1.0, 2.0]).measures()


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(-9, 9), st.integers(1, 200)), min_size=1, max_size=12),
    st.randoms(use_true_random=False),
)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
def test_any_order_of_trades_between_two_bars_gives_the_same_book(
    small_settings: RiskSettings, events: list[tuple[int, int, int]], shuffle
) -> None:
    model = warm(small_settings, 4)
    prices = {instrument: float(price) for instrument, _, price in events}
    shuffled = list(events)
    shuffle.shuffle(shuffled)
    results = []
    for order in (events, shuffled):
        book = RiskBook(model, "main")
        for instrument, quantity, _ in order:
            book.on_trade(instrument, float(quantity))
            book.measures()
            book.on_price(instrument, prices[instrument])
        results.append([(m.var, m.es) for m in book.measures()])
    np.testing.assert_allclose(results[0], results[1], rtol=1e-9, atol=1e-8)


@given(st.lists(st.integers(-50, 50), min_size=4, max_size=4), st.sampled_from([-4.0, 0.5, 8.0]))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
def test_scaling_every_position_scales_parametric_risk_by_its_size(
    small_settings: RiskSettings, quantities: list[int], factor: float
) -> None:
    model = warm(small_settings, 4)
    one = figures(book_of(model, [float(q) for q in quantities]).measures(), "parametric")
    many = figures(book_of(model, [factor * q for q in quantities]).measures(), "parametric")
    for confidence, (var, es) in one.items():
        assert many[confidence] == pytest.approx((abs(factor) * var, abs(factor) * es), rel=1e-12)


def test_the_order_of_instruments_does_not_matter(small_settings: RiskSettings) -> None:
    rng = np.random.default_rng(1)
    order = [2, 0, 3, 1]
    ours, theirs = MarketModel(4, small_settings), MarketModel(4, small_settings)
    for bar in range(30):
        row = rng.normal(size=4) * 0.01
        ours.on_bar(bar, row)
        theirs.on_bar(bar, row[order])
    prices, quantities = np.array([10.0, 20.0, 5.0, 8.0]), np.array([3.0, -2.0, 7.0, 1.0])
    ours.on_prices(prices)
    theirs.on_prices(prices[order])
    first = [(m.var, m.es) for m in book_of(ours, quantities.tolist()).measures()]
    second = [(m.var, m.es) for m in book_of(theirs, quantities[order].tolist()).measures()]
    np.testing.assert_allclose(first, second, rtol=1e-12)


def test_scenarios_of_two_books_add_up_to_those_of_the_whole(small_settings: RiskSettings) -> None:
    model = warm(small_settings, 3)
    whole, parts = book_of(model, [5.0, -1.0, 2.0]), [book_of(model, [2.0, -1.0, 1.0]), book_of(model, [3.0, 0.0, 1.0])]
    for method in ("historical", "monte_carlo"):
        total = sum(part.scenarios(method) for part in parts)
        np.testing.assert_allclose(total, whole.scenarios(method), rtol=1e-9, atol=1e-9)


def test_multiplier_and_rate_scale_the_exposure(small_settings: RiskSettings) -> None:
    model = warm(small_settings, 2)
    book = book_of(model, [2.0, 1.0])
    book.describe(0, multiplier=50.0, rate=1.1)
    assert book.exposures == pytest.approx([11_000.0, 100.0])
    assert book.measures()[0].var == pytest.approx(book_of(model, [110.0, 1.0]).measures()[0].var, rel=1e-12)
    with pytest.raises(ValueError, match="positive"):
        book.describe(0, rate=0.0)


def test_values_of_a_long_and_short_book(small_settings: RiskSettings) -> None:
    book = book_of(warm(small_settings, 3), [3.0, -1.0, 0.0])
    assert (book.market_value, book.net, book.gross) == (200.0, 200.0, 400.0)
    assert book.held.tolist() == [0, 1]
    assert book.volatilities.tolist() == book.model.volatility[:2].tolist()
    assert book.quantities.tolist() == [3.0, -1.0, 0.0]


def test_profit_counts_trades_at_their_own_price(small_settings: RiskSettings) -> None:
    model = warm(small_settings, 2)
    book = book_of(model, [10.0])
    assert book.pnl == 0.0
    model.on_price(0, 103.0)
    book.on_trade(0, -4.0, price=105.0)  # 4 sold at 105: 20 made; 6 left: 18 more
    assert book.pnl == pytest.approx(38.0)
    book.start_day()
    assert book.pnl == 0.0
    model.on_price(0, 102.0)
    assert book.pnl == pytest.approx(-6.0)


def test_profit_of_a_position_begins_with_its_first_price(small_settings: RiskSettings) -> None:
    model = MarketModel(1, small_settings)
    book = book_of(model, [10.0])
    assert book.pnl == 0.0
    model.on_price(0, 50.0)
    book.measures()
    model.on_price(0, 51.0)
    assert book.pnl == pytest.approx(10.0)
    book.start_day()
    assert book.pnl == 0.0


def test_stress_is_the_profit_of_each_position_under_the_shocks(small_settings: RiskSettings) -> None:
    book = book_of(warm(small_settings, 3), [3.0, -1.0, 2.0])
    assert book.stress({0: -0.1, 1: 0.2}).tolist() == pytest.approx([-30.0, -20.0, 0.0])


def test_scenarios_of_an_unknown_method_are_refused(small_settings: RiskSettings) -> None:
    with pytest.raises(ValueError, match="parametric"):
        book_of(warm(small_settings, 1), [1.0]).scenarios("parametric")


def test_what_if_is_the_risk_of_the_book_with_the_trades(small_settings: RiskSettings) -> None:
    model = warm(small_settings, 3)
    book = book_of(model, [3.0, -1.0, 0.0])
    before = book.snapshot(), book.measures()
    answer = book.what_if({2: 4.0, 0: -3.0})
    assert answer.before == before[1]
    after = book_of(model, [0.0, -1.0, 4.0]).measures()
    for got, expected in zip(answer.after, after, strict=True):
        assert (got.var, got.es) == pytest.approx((expected.var, expected.es), rel=1e-9)
    assert book.measures() == before[1]
    assert book.quantities.tolist() == [3.0, -1.0, 0.0]


@pytest.mark.parametrize("shocks", [{7: 0.1}, {-1: 0.1}, {0: float("nan")}])
def test_a_shock_to_nothing_is_refused(small_settings: RiskSettings, shocks: dict[int, float]) -> None:
    with pytest.raises(ValueError, match="shock"):
        book_of(warm(small_settings, 2), [1.0]).stress(shocks)


def test_a_quantity_that_is_no_number_is_refused(small_settings: RiskSettings) -> None:
    with pytest.raises(ValueError, match="finite"):
        book_of(warm(small_settings, 1), [float("nan")])


def test_nothing_is_ever_minus_zero(small_settings: RiskSettings) -> None:
    model = MarketModel(2, small_settings)
    for bar in range(10):
        model.on_bar(bar, [0.0, 0.0])
    model.on_price(0, 10.0)
    book = book_of(model, [-1.0, -1.0])
    parts = book.components()
    shown = [*parts.marginal_var, *parts.component_var, *parts.component_es, book.pnl]
    shown += [x for m in book.measures() for x in (m.var, m.es, m.var_stderr, m.es_stderr) if x is not None]
    book.on_trade(0, 1.0)
    shown += [book.market_value, book.gross, book.net]
    assert not any(np.signbit(x) for x in shown)


def test_there_are_figures_from_the_first_bar_with_enough_returns(small_settings: RiskSettings) -> None:
    model = MarketModel(1, small_settings)
    book = RiskBook(model)
    model.on_price(0, 10.0)
    book.on_trade(0, 1.0)
    said = []
    for bar in range(small_settings.min_observations + 1):
        said.append(any(measure.var is not None for measure in book.measures()))
        model.on_bar(bar, [0.01])
        book.on_bar()
    assert said == [False] * small_settings.min_observations + [True]


def test_a_restored_book_has_its_name(small_settings: RiskSettings) -> None:
    model = MarketModel(1, small_settings)
    assert RiskBook.restore(RiskBook(model, "macro").snapshot(), model).name == "macro"


def test_what_was_bought_without_a_price_on_the_market_has_earned_nothing_that_could_be_told(
    small_settings: RiskSettings,
) -> None:
    book = RiskBook(MarketModel(1, small_settings))
    book.on_trade(0, 2.0, 10.0)
    told = book.position_pnl(0)
    assert (told.average_price, told.unrealised) == (10.0, None)
