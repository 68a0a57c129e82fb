"""What a book keeps from reading to reading is what a book made afresh says, whatever was large or missing before."""

import numpy as np
import pytest

from riskcore import MarketModel, RiskBook, RiskSettings
from tests.riskcore.readings import book_of, warm


def agree_after_fresh_start(book: RiskBook, model: MarketModel, quantities: list[float]) -> None:
    for ours, theirs in zip(book.measures(), book_of(model, quantities).measures(), strict=True):
        assert (ours.var, ours.es) == pytest.approx((theirs.var, theirs.es), rel=1e-9)


def test_a_huge_position_closed_out_leaves_none_of_its_rounding_behind(small_settings: RiskSettings) -> None:
    model = warm(small_settings, 5)
    book = book_of(model, [1.0, 1.0, 1.0, 1.0, 1e13])
    book.measures()
    book.on_trade(4, -1e13)
    agree_after_fresh_start(book, model, [1.0, 1.0, 1.0, 1.0])
    book.on_trade(4, 1e13)
    book.measures()
    model.on_price(4, 1e-12)
    book.on_price(4)
    agree_after_fresh_start(book, model, [1.0, 1.0, 1.0, 1.0, 1e13])


def test_a_huge_position_sold_off_in_many_small_steps_leaves_nothing_either(small_settings: RiskSettings) -> None:
    model = warm(small_settings, 5)
    book = book_of(model, [1.0, 1.0, 1.0, 1.0, 2.0**50])
    book.measures()
    for left in range(49, -1, -1):
        book.on_trade(4, -(2.0**left))
        book.measures()
    agree_after_fresh_start(book, model, [1.0, 1.0, 1.0, 1.0, 1.0])


@pytest.mark.parametrize(("path_type", "near"), [(np.float64, 1e-12), (np.float32, 1e-6)])
def test_a_market_that_reopens_after_a_long_holiday_is_exact_at_once(
    small_settings: RiskSettings, path_type: type[np.floating], near: float
) -> None:
    # Closed for 40 half-lives its correction is 2²⁰; the first return brings it back to 1.
    rng = np.random.default_rng(2)
    model = warm(small_settings, 4, path_type=path_type)
    book = book_of(model, [1.0, 1.0, 1.0, 1.0])
    for bar in range(320):
        row = rng.normal(size=4) * 0.01
        row[3] = np.nan
        model.on_bar(100 + bar, row)
        book.on_bar()
    book.measures()
    for bar in range(3):
        model.on_bar(1_000 + bar, rng.normal(size=4) * 0.01)
        book.on_bar()
        for ours, theirs in zip(book.measures(), book_of(model, [1.0] * 4).measures(), strict=True):
            if ours.method != "historical":
                assert (ours.var, ours.es) == pytest.approx((theirs.var, theirs.es), rel=near)


def test_corrections_that_change_between_readings_are_in_the_figures_of_a_book_that_grows(
    small_settings: RiskSettings,
) -> None:
    # Another share misses a bar, one is listed late and has a return before the book hears of it: as a fresh book says.
    model = MarketModel(2, small_settings, np.float64)
    book = RiskBook(model)
    model.on_prices([100.0, 50.0])
    for instrument, quantity in enumerate((3.0, -2.0)):
        book.on_trade(instrument, quantity)
    rows = np.random.default_rng(3).normal(0.0, 0.01, (30, 3))
    rows[[12, 13, 21], 1] = np.nan
    for bar, row in enumerate(rows):
        if bar == 15:
            model.add(1)
            model.on_price(2, 20.0)
        model.on_bar(bar, row[: model.n_instruments])
        book.on_bar()
        if bar == 17:
            book.on_trade(2, 5.0)
        model.on_price(0, 90.0 + bar)
        book.on_price(0)
        fresh = RiskBook(model)
        for instrument in book.held.tolist():
            fresh.on_trade(instrument, float(book.quantities[instrument]))
        told, expected = (np.array([(m.var, m.es) for m in b.measures()], float) for b in (book, fresh))
        np.testing.assert_allclose(told, expected, rtol=1e-10)


def test_the_correction_of_a_market_without_a_gap_is_one_array_through_all_bars(small_settings: RiskSettings) -> None:
    model = MarketModel(2, small_settings)
    rows = [[0.01, 0.02]] * 6 + [[0.01, np.nan]] + [[0.01, 0.02]]
    seen = []
    for bar, row in enumerate(rows):
        model.on_bar(bar, row)
        seen.append(model.covariance.relative_correction)
    assert all(each is seen[0] for each in seen[:6])
    assert seen[6] is not seen[0]
    assert seen[7] is not seen[6]
