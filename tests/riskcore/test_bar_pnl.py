"""What a book earns from bar to bar, without and with what was traded in between."""

from collections.abc import Callable

import numpy as np
import pytest

from riskcore.book import RiskBook
from riskcore.model import MarketModel
from riskcore.positions import Rate
from riskcore.settings import RiskSettings


@pytest.fixture
def model(small_settings: RiskSettings) -> MarketModel:
    model = MarketModel(3, small_settings)
    model.on_prices([100.0, 50.0, 2.0])
    return model


@pytest.fixture
def book(model: MarketModel) -> RiskBook:
    book = RiskBook(model)
    book.on_trade(0, 10.0)
    assert book.end_bar() is None
    return book


def test_without_a_trade_both_are_what_prices_made(book: RiskBook) -> None:
    book.model.on_price(0, 101.5)
    assert book.end_bar() == (15.0, 15.0)
    assert book.end_bar() == (0.0, 0.0)


def test_hypothetical_is_of_what_was_held_and_actual_has_the_trades_at_their_price(book: RiskBook) -> None:
    book.model.on_price(0, 104.0)
    book.on_trade(0, -10.0, price=103.0)
    book.on_trade(1, 2.0, price=49.0)
    book.model.on_prices([101.0, 51.0, 2.0])
    assert book.end_bar() == pytest.approx((10.0, 30.0 + 4.0))
    book.model.on_price(1, 52.0)
    assert book.end_bar() == pytest.approx((2.0, 2.0))


def test_a_quantity_stated_in_the_midst_of_a_bar_is_a_trade_at_the_price_of_that_moment(book: RiskBook) -> None:
    book.model.on_price(0, 104.0)
    book.hold(0, 4.0)
    book.model.on_price(0, 106.0)
    assert book.end_bar() == pytest.approx((60.0, 40.0 + 8.0))


def test_a_day_that_begins_in_the_midst_of_a_bar_loses_nothing(book: RiskBook) -> None:
    book.model.on_price(0, 101.0)
    book.on_trade(0, 5.0, price=102.0)
    book.start_day()
    book.model.on_price(0, 103.0)
    book.on_trade(0, 1.0, price=105.0)
    assert book.end_bar() == pytest.approx((30.0, 30.0 + 5.0 - 2.0))
    assert book.pnl == pytest.approx(30.0 - 2.0)


@pytest.mark.parametrize("margined", [False, True])
def test_hypothetical_pnl_is_converted_at_the_rate_of_its_moment(model: MarketModel, *, margined: bool) -> None:
    book = RiskBook(model)
    book.describe(0, 1.0, Rate(2), margined=margined)
    book.on_trade(0, 10.0)
    book.end_bar()
    book.on_trade(0, -10.0)
    model.on_prices([110.0, 50.0, 3.0])
    assert book.end_bar() == pytest.approx((300.0 if margined else 3300.0 - 2000.0, 0.0))


def test_a_bar_in_which_terms_changed_tells_nothing(book: RiskBook) -> None:
    book.describe(0, 5.0)
    book.model.on_price(0, 101.0)
    assert book.end_bar() is None
    book.model.on_price(0, 102.0)
    assert book.end_bar() == (50.0, 50.0)


def test_what_comes_to_be_listed_in_a_bar_has_no_part_in_what_was_held(book: RiskBook) -> None:
    book.on_trade(1, 1.0)
    book.model.add(1)
    book.model.on_prices([101.0, 50.0, 2.0, 7.0])
    book.on_trade(3, 100.0, price=6.0)
    assert book.end_bar() == pytest.approx((10.0, 110.0))


def test_asking_what_would_be_leaves_the_bar_alone(book: RiskBook) -> None:
    book.what_if({0: -10.0})
    book.model.on_price(0, 101.0)
    assert book.end_bar() == (10.0, 10.0)


@pytest.mark.parametrize("cut", range(6))
def test_a_book_restored_in_the_midst_of_a_bar_tells_the_same(
    model: MarketModel, small_settings: RiskSettings, cut: int
) -> None:
    steps: list[Callable[[RiskBook], object]] = [
        lambda book: book.end_bar(),
        lambda book: book.on_trade(0, -3.0, price=99.0),
        lambda book: book.model.on_prices(np.array([103.0, 48.0, 2.0])),
        lambda book: book.start_day(),
        lambda book: book.on_trade(1, 4.0, price=47.0),
        lambda book: book.end_bar(),
    ]
    told, restored = [], RiskBook(model)
    restored.on_trade(0, 10.0)
    restored.on_trade(2, 1.0)
    whole = RiskBook.restore(restored.snapshot(), MarketModel.restore(model.snapshot(), small_settings))
    for number, step in enumerate(steps):
        if number == cut:
            again = MarketModel.restore(restored.model.snapshot(), small_settings)
            restored = RiskBook.restore(restored.snapshot(), again)
        told.append((step(whole), step(restored)))
    assert all(one == other for one, other in told)
    assert told[-1][0] == pytest.approx((10.0 * 3.0, 7.0 * 3.0 + 3.0 * -1.0 + 4.0))
