"""What would be, against a book that holds it."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from riskcore import MarketModel, RiskBook, RiskSettings
from riskcore.errors import InputError

N = 5


def opened(settings: RiskSettings) -> MarketModel:
    rng = np.random.default_rng(2)
    model = MarketModel(N, settings)
    for bar in range(40):
        model.on_bar(bar, np.where(rng.random(N) < 0.1, np.nan, rng.normal(size=N) * 0.01))
    model.on_prices([100.0, 50.0, 20.0, 10.0, 5.0])
    return model


def book_of(model: MarketModel, quantities: dict[int, float]) -> RiskBook:
    book = RiskBook(model)
    for instrument, quantity in quantities.items():
        book.on_trade(instrument, quantity)
    return book


def assert_same(got, expected) -> None:  # type: ignore[no-untyped-def]
    for one, other in zip(got, expected, strict=True):
        assert (one.method, one.confidence, one.reason) == (other.method, other.confidence, other.reason)
        assert (one.var is None) == (other.var is None)
        if one.var is not None:
            assert (one.var, one.es) == pytest.approx((other.var, other.es), rel=1e-9, abs=1e-9)


quantities = st.dictionaries(st.integers(0, N - 1), st.integers(-9, 9).map(float), max_size=N)


@given(quantities, quantities, st.booleans())
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_any_trades_give_the_figures_of_the_book_that_holds_them(
    small_settings: RiskSettings, held: dict[int, float], trades: dict[int, float], explaining: bool
) -> None:
    model = opened(small_settings)
    book = book_of(model, held)
    if explaining:
        book.explain()
    answer = book.what_if(trades)
    assert_same(answer.before, book_of(model, held).measures())
    after = {i: held.get(i, 0.0) + trades.get(i, 0.0) for i in held | trades}
    assert_same(answer.after, book_of(model, after).measures())


def test_nothing_is_booked_and_nothing_explained_by_it(small_settings: RiskSettings) -> None:
    model = opened(small_settings)
    book = book_of(model, {0: 3.0, 1: -2.0})
    book.explain()
    model.on_prices([101.0, 49.0, 21.0, 9.0, 5.5])  # not taken in yet: asking must not do it
    book.on_trade(2, 1.0)
    before = book.snapshot()
    answer = book.what_if({0: 5.0, 4: 1.0})
    assert answer.before != answer.after
    assert book.snapshot() == before
    book.on_trade(2, -1.0)
    model.on_prices([100.0, 50.0, 20.0, 10.0, 5.0])
    assert all((e.trades, e.prices, e.covariance, e.scenarios) == (0.0,) * 4 for e in book.explain())


def test_an_instrument_listed_just_now_is_warming_up_and_one_without_price_is_left_out(
    small_settings: RiskSettings,
) -> None:
    model = opened(small_settings)
    book = book_of(model, {0: 3.0})
    model.add(2)
    model.on_price(5, 7.0)
    answer = book.what_if({5: 2.0, 6: 1.0})
    assert {m.reason for m in answer.after} == {"warming up: 0 of 5 bars"}
    assert_same(book.what_if({6: 1.0}).after, answer.before)
    for bar in range(8):
        model.on_bar(100 + bar, np.full(7, 0.01 * (-1) ** bar))
        book.on_bar()
    assert_same(book.what_if({5: 2.0}).after, book_of(model, {0: 3.0, 5: 2.0}).measures())


OPTIONS = (
    {"distribution": "t"},
    {"covariance": "rolling"},
    {"shrinkage": 0.3},
    {"historical": "filtered"},
    {"simulation": "cholesky"},
    {"variance_reduction": "both"},
)


@pytest.mark.parametrize("changes", OPTIONS, ids=str)
def test_it_holds_whatever_the_settings(small_settings: RiskSettings, changes: dict[str, object]) -> None:
    model = opened(replace(small_settings, **changes))  # type: ignore[arg-type]
    after = book_of(model, {0: 3.0, 1: -2.0}).what_if({1: 2.0, 3: -7.0}).after
    assert_same(after, book_of(model, {0: 3.0, 3: -7.0}).measures())


@pytest.mark.parametrize("trades", [{N: 1.0}, {-1: 1.0}, {0: float("nan")}])
def test_a_trade_of_nothing_or_of_no_quantity_is_refused(
    small_settings: RiskSettings, trades: dict[int, float]
) -> None:
    with pytest.raises(InputError, match=r"no instrument|a trade"):
        book_of(opened(small_settings), {0: 1.0}).what_if(trades)
