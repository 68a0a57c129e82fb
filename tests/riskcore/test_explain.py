"""The parts of a change of Value-at-Risk against books recomputed at every step in between, from all that happened."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import riskcore.explain
from riskcore import MarketModel, RiskBook, RiskSettings, parametric_risk, value_at_risk
from riskcore.messages import Explained, Measure

Open = Callable[..., "object"]
Key = tuple[str, float]


def figures(measures: tuple[Measure, ...]) -> dict[Key, float | None]:
    return {(m.method, m.confidence): m.var for m in measures}


def recomputed(told) -> dict[Key, float]:  # type: ignore[no-untyped-def]
    """Every Value-at-Risk, by sums over the whole history."""
    found = {("parametric", c): parametric_risk(told.volatility(), c)[0] for c in told.settings.confidence}
    for method, scenarios in (("historical", told.historical()), ("monte_carlo", told.paths())):
        found |= {(method, c): value_at_risk(scenarios, c) for c in told.settings.confidence}
    return found


def parts(explained: Explained) -> np.ndarray:
    return np.array([explained.trades, explained.prices, explained.covariance, explained.scenarios])


def opened(open_market: Open, small_settings: RiskSettings, seed: int):  # type: ignore[no-untyped-def]
    market = open_market(small_settings, n=4, seed=seed)
    for i in range(4):
        market.model.on_price(i, 10.0 + i)
        market.told.prices[i] = 10.0 + i
        market.book.on_trade(i, float(i - 2) or 3.0)
        market.told.quantities[i] = float(i - 2) or 3.0
    for _ in range(40):
        market.close()
    return market


@pytest.mark.parametrize("seed", range(4))
def test_each_part_is_the_difference_of_two_recomputed_books(
    open_market: Open, small_settings: RiskSettings, seed: int
) -> None:
    market = opened(open_market, small_settings, seed)
    book, told = market.book, market.told
    book.explain()
    for step in range(25):
        before = deepcopy(told)
        kinds = market.rng.random(3) < 0.6
        events = [market.trade] * int(kinds[0]) + [market.tick] * (3 * int(kinds[1]))
        for event in market.rng.permutation(len(events)):  # the order in which they come does not matter
            events[event]()
        old_model = replace(told, rows=list(before.rows), normals=list(before.normals))
        if kinds[2]:
            book.before_bar()
            market.close()
        traded = replace(before, quantities=told.quantities)
        priced = replace(old_model, quantities=told.quantities, prices=told.prices)
        levels = [recomputed(each) for each in (before, traded, priced, told)]
        growth = told.volatility() / priced.volatility() - 1.0 if priced.volatility() > 0.0 else 0.0
        explained = book.explain(since_seq=step)
        assert len(explained) == 9
        for each in explained:
            key = each.method, each.confidence
            start, after_trades, after_prices, end = (level[key] for level in levels)
            covariance = {"parametric": end - after_prices, "historical": 0.0, "monte_carlo": after_prices * growth}
            expected = [
                after_trades - start,
                after_prices - after_trades,
                covariance[each.method],
                end - after_prices - covariance[each.method],
            ]
            size = max(abs(x) for x in (start, after_trades, after_prices, end))
            np.testing.assert_allclose(parts(each), expected, rtol=1e-9, atol=1e-9 * size)
            assert each.since_seq == step


OPTIONS = (
    {"distribution": "t"},
    {"covariance": "rolling"},
    {"shrinkage": 0.3},
    {"historical": "age"},
    {"historical": "filtered"},
    {"simulation": "cholesky"},
    {"variance_reduction": "both"},
)


@pytest.mark.parametrize("option", OPTIONS, ids=str)
def test_the_parts_add_up_under_every_option(
    open_market: Open, small_settings: RiskSettings, option: dict[str, object]
) -> None:
    market = opened(open_market, replace(small_settings, **option), 7)  # type: ignore[arg-type]
    market.book.explain()
    shown = figures(market.book.measures())
    for _ in range(20):
        market.tick()
        market.trade()
        market.book.before_bar()
        market.close()
        market.model.on_price(2, 11.0)
        now = figures(market.book.measures())
        explained = market.book.explain()
        assert len(explained) == 9
        for each in explained:
            change = now[each.method, each.confidence] - shown[each.method, each.confidence]
            assert parts(each).sum() == pytest.approx(change, rel=1e-9, abs=1e-12 * np.abs(parts(each)).max())
            assert each.method != "parametric" or each.scenarios == 0.0
            filtered = option.get("historical") == "filtered"
            assert each.method != "historical" or filtered or each.covariance == 0.0
        shown = now


@pytest.mark.parametrize("bars", [1, 2])
def test_filtered_scenarios_of_before_at_the_volatility_of_now_are_covariance(
    open_market: Open, small_settings: RiskSettings, bars: int
) -> None:
    market = opened(open_market, replace(small_settings, historical="filtered"), 8)
    book, model = market.book, market.model
    for _ in range(60):
        book.explain()
        before = figures(book.measures())
        window, slots = model.window.scenarios.copy(), book._vectors.slots
        for _ in range(bars):
            book.before_bar()
            market.close()
        k = small_settings.bars_in_horizon**0.5
        rescaled = k * (book.exposures * model.volatility) @ window[:, slots]
        for each in book.explain():
            if each.method == "historical":
                expected = value_at_risk(rescaled, each.confidence) - before[each.method, each.confidence]
                assert each.covariance == pytest.approx(expected, rel=1e-9, abs=1e-9)


@given(
    st.lists(st.sampled_from(["tick", "trade", "close", "told", "read", "explain", "restore", "add"]), max_size=40),
    st.integers(0, 2**16),
)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_whatever_happens_the_parts_add_up_between_any_two_readings(
    open_market: Open, small_settings: RiskSettings, events: list[str], seed: int
) -> None:
    market = opened(open_market, small_settings, seed)
    market.book.explain()
    shown, total = figures(market.book.measures()), {}
    for event in [*events, "explain"]:
        book, model = market.book, market.model
        match event:
            case "tick" | "trade" | "close":
                getattr(market, event)()
            case "told":
                book.before_bar()
                market.close()
            case "read":
                book.measures()
            case "restore":
                market.model = MarketModel.restore(model.snapshot(), small_settings)
                market.book = RiskBook.restore(book.snapshot(), market.model)
            case "add":
                model.add(1)
            case "explain":
                now, explained = figures(book.measures()), book.explain()
                known = {key for key in now if now[key] is not None and shown[key] is not None}
                assert {(e.method, e.confidence) for e in explained} == known
                for each in explained:
                    change = now[each.method, each.confidence] - shown[each.method, each.confidence]
                    sizes = np.abs(parts(each)).max() + abs(change)
                    assert parts(each).sum() == pytest.approx(change, rel=1e-12, abs=1e-12 * sizes)
                    total[each.method] = each
                shown = now
    for each in total.values():
        assert each.method != "parametric" or each.scenarios == 0.0
        assert each.method != "historical" or each.covariance == 0.0


def test_the_first_call_has_nothing_to_tell_and_a_repeat_tells_that_nothing_moved(
    open_market: Open, small_settings: RiskSettings
) -> None:
    book = opened(open_market, small_settings, 0).book
    assert book.explain() == ()
    again = book.explain()
    assert len(again) == 9
    assert all(not parts(each).any() and not np.signbit(parts(each)).any() for each in again)


def test_a_book_that_has_no_number_is_not_explained_until_it_had_one_twice(small_settings: RiskSettings) -> None:
    model = MarketModel(2, small_settings)
    book = RiskBook(model)
    model.on_prices([10.0, 20.0])
    book.on_trade(0, 1.0)
    told = []
    for bar in range(8):
        book.before_bar()
        model.on_bar(bar, [0.01 * (-1) ** bar, 0.02])
        book.on_bar()
        told.append((book.measures()[0].var is None, len(book.explain())))
    assert told == [(True, 0)] * 4 + [(False, 0)] + [(False, 9)] * 3


def test_a_position_that_is_warming_up_leaves_a_gap_in_the_explanation(
    open_market: Open, small_settings: RiskSettings
) -> None:
    market = opened(open_market, small_settings, 1)
    book, model = market.book, market.model
    book.explain()
    model.add(1)
    model.on_price(4, 7.0)
    book.on_trade(4, 5.0)
    assert book.explain() == ()
    book.on_trade(4, -5.0)
    assert book.explain() == ()
    assert len(book.explain()) == 9


def test_a_position_that_cannot_be_priced_yet_ends_the_explanation_of_an_empty_book(
    small_settings: RiskSettings,
) -> None:
    model = MarketModel(2, small_settings)
    book = RiskBook(model)
    book.explain()
    assert len(book.explain()) == 9
    book.on_trade(0, 1.0)
    assert book.measures()[0].reason == "no position has a price"
    assert book.explain() == ()


@pytest.mark.parametrize("seed", range(4))
def test_prices_after_a_bar_are_told_from_it_as_well(
    open_market: Open, small_settings: RiskSettings, seed: int
) -> None:
    # Some instruments have no return in the bar, so that it changes their correction.
    market = opened(open_market, small_settings, seed)
    book, told = market.book, market.told
    for _ in range(10):
        book.explain()
        start = recomputed(told)
        market.close()
        closed = recomputed(told)
        market.tick()
        end = recomputed(told)
        for each in book.explain():
            key = each.method, each.confidence
            size = max(abs(start[key]), abs(closed[key]), abs(end[key]))
            assert each.prices == pytest.approx(end[key] - closed[key], abs=1e-9 * size)
            assert each.covariance + each.scenarios == pytest.approx(closed[key] - start[key], abs=1e-9 * size)


def test_a_hedge_that_breaks_is_not_blown_up_by_the_rounding_it_had_before(small_settings: RiskSettings) -> None:
    rng, model = np.random.default_rng(0), MarketModel(2, small_settings)
    book = RiskBook(model)
    model.on_prices([100.0, 33.3])
    book.on_trade(0, 1.0)
    book.on_trade(1, -100.0 / 33.3)
    for bar in range(30):
        book.explain()
        book.before_bar()
        move = rng.normal() * 0.01
        model.on_bar(bar, [move, move if bar < 29 else -move])
        book.on_bar()
    var = figures(book.measures())
    for each in book.explain():
        assert np.abs(parts(each)).max() <= 1.001 * var[each.method, each.confidence]


def test_opening_and_closing_a_whole_book_are_trades(open_market: Open, small_settings: RiskSettings) -> None:
    model = opened(open_market, small_settings, 2).model
    book = RiskBook(model, "other")
    book.explain()
    book.on_trade(1, 4.0)
    var = figures(book.measures())
    assert [e.trades for e in book.explain()] == [var[e.method, e.confidence] for e in book.explain()]
    book.before_bar()
    model.on_bar(10_000, np.full(4, 0.01))
    book.on_bar()
    var = figures(book.measures())
    book.explain()
    book.on_trade(1, -4.0)
    model.on_price(1, 99.0)
    for each in book.explain():
        assert parts(each).tolist() == [-var[each.method, each.confidence], 0.0, 0.0, 0.0]


def test_a_book_sold_out_before_a_bar_owes_nothing_to_the_bar(open_market: Open, small_settings: RiskSettings) -> None:
    market = opened(open_market, small_settings, 2)
    book = market.book
    book.explain()
    var = figures(book.measures())
    for instrument in book.held.tolist():
        book.on_trade(instrument, -book.quantities[instrument])
    book.before_bar()
    market.close()
    for each in book.explain():
        assert parts(each).tolist() == [-var[each.method, each.confidence], 0.0, 0.0, 0.0]


def test_a_reading_in_between_without_a_number_counts_as_the_one_before(
    open_market: Open, small_settings: RiskSettings
) -> None:
    market = opened(open_market, small_settings, 3)
    book, model = market.book, market.model
    model.add(1)
    model.on_price(4, 7.0)
    for bar in range(4):
        model.on_bar(5_000 + bar, np.full(5, 0.01))
        book.on_bar()
    book.explain()
    before = figures(book.measures())
    book.on_trade(4, 5.0)  # one return is missing: no figure until the next bar
    book.before_bar()
    model.on_bar(5_004, np.full(5, -0.01))
    book.on_bar()
    explained, after = book.explain(), figures(book.measures())
    assert len(explained) == 9
    for each in explained:
        change = after[each.method, each.confidence] - before[each.method, each.confidence]
        assert (each.trades, each.prices) == (0.0, 0.0)
        assert each.covariance + each.scenarios == pytest.approx(change)


def test_bars_of_which_the_book_was_not_told_are_the_models_all_the_same(
    open_market: Open, small_settings: RiskSettings
) -> None:
    market = opened(open_market, small_settings, 4)
    book, model = market.book, market.model
    book.explain()
    before = figures(book.measures())
    for bar in range(3):
        model.on_bar(5_000 + bar, market.rng.normal(size=4) * 0.01)
    book.on_bar()
    explained, after = book.explain(), figures(book.measures())
    for each in explained:
        change = after[each.method, each.confidence] - before[each.method, each.confidence]
        assert (each.trades, each.prices) == (0.0, 0.0)
        assert each.covariance + each.scenarios == pytest.approx(change)


def test_only_where_the_kind_of_change_turns_is_there_a_further_reading(
    open_market: Open, small_settings: RiskSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    market = opened(open_market, small_settings, 3)
    book, model, read = market.book, market.model, riskcore.explain.all_measures
    readings = []
    monkeypatch.setattr(riskcore.explain, "all_measures", lambda *args: readings.append(1) or read(*args))
    book.explain()

    def count(*events: str) -> int:
        readings.clear()
        for event in events:
            if event == "bar":
                book.before_bar()
                market.close()
            elif event == "price":
                model.on_price(3, float(market.rng.uniform(5, 15)))
            else:
                book.on_trade(3, 1.0)
        book.measures()
        book.explain()
        return len(readings)

    assert count() == count("price") == count("trade") == count("bar") == count("price", "price") == 0
    assert count("price", "bar") == count("trade", "price") == count("price", "trade") == count("trade", "bar") == 1
    assert count("trade", "price", "bar") == 2


def test_a_book_that_is_never_asked_keeps_nothing_for_it(open_market: Open, small_settings: RiskSettings) -> None:
    book = opened(open_market, small_settings, 4).book
    book.before_bar()
    before = len(book.snapshot())
    book.explain()
    assert len(book.snapshot()) > before


@pytest.mark.parametrize("seed", range(3))
def test_restored_with_something_half_explained_it_goes_on_to_the_same_bits(
    open_market: Open, small_settings: RiskSettings, seed: int
) -> None:
    market = opened(open_market, small_settings, seed)
    market.book.explain()
    market.trade()
    market.tick()
    market.book.before_bar()
    market.close()
    market.trade()
    model = MarketModel.restore(market.model.snapshot(), small_settings)
    twin = RiskBook.restore(market.book.snapshot(), model)
    for price in (8.0, 9.0):
        for each in (market.book, twin):
            each.model.on_price(1, price)
            each.on_trade(2, 2.0)
        assert market.book.explain() == twin.explain()
    assert market.book.snapshot() == twin.snapshot()


def test_a_price_taken_in_at_once_is_a_price_all_the_same(open_market: Open, small_settings: RiskSettings) -> None:
    market = opened(open_market, small_settings, 5)
    before = figures(market.book.measures())
    market.book.explain()
    market.book.on_price(1, 30.0)
    after = figures(market.book.measures())
    for each in market.book.explain():
        key = each.method, each.confidence
        assert parts(each).tolist() == [0.0, after[key] - before[key], 0.0, 0.0]


def test_other_confidences_after_a_restart_begin_anew(open_market: Open, small_settings: RiskSettings) -> None:
    market = opened(open_market, small_settings, 6)
    market.book.explain()
    others = replace(small_settings, confidence=(0.9,))
    twin = RiskBook.restore(market.book.snapshot(), MarketModel.restore(market.model.snapshot(), others))
    assert twin.explain() == ()
    assert len(twin.explain()) == 3


@pytest.mark.parametrize("calm", [0.0, 1e-12])
def test_a_market_that_begins_to_move_is_told_without_dividing_by_nothing(
    small_settings: RiskSettings, calm: float
) -> None:
    model = MarketModel(1, small_settings)
    book = RiskBook(model)
    model.on_price(0, 10.0)
    book.on_trade(0, 1.0)
    for bar in range(12):
        book.before_bar()
        model.on_bar(bar, [calm if bar < 11 else 0.02])
        book.on_bar()
        explained = book.explain()
    var = figures(book.measures())
    for each in explained:
        covariance = var[each.method, each.confidence] if each.method == "parametric" else 0.0
        assert each.covariance == pytest.approx(covariance, rel=1e-6)
        assert parts(each).sum() == pytest.approx(var[each.method, each.confidence], abs=1e-9)
