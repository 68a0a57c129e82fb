"""What a book holds and has paid: exact sums of fills, restated positions, and the P&L of the day beside them."""

import pytest

from riskcore import MarketModel, RiskBook, RiskSettings
from riskcore.cost_basis import PositionPnl


@pytest.fixture
def book(small_settings: RiskSettings) -> RiskBook:
    model = MarketModel(2, small_settings)
    model.on_prices([100.0, 10.0])
    return RiskBook(model)


def test_a_book_that_sells_what_it_bought_in_tenths_holds_nothing(book: RiskBook) -> None:
    for _ in range(10):
        book.on_trade(0, 0.1)
    book.on_trade(0, -1.0)
    assert book.held.tolist() == []
    assert book.market_value == 0.0


def test_realised_and_unrealised_pnl_of_a_day_of_trades_add_up_to_the_days_pnl(book: RiskBook) -> None:
    book.describe(0, multiplier=50.0)
    book.start_day()
    for quantity, price in ((3, 101.0), (2, 99.5), (-4, 102.0), (-3, 101.5)):
        book.on_trade(0, quantity, price)
    book.model.on_price(0, 98.0)
    told = book.position_pnl(0)
    assert told.average_price == 101.5
    assert told.unrealised == -2 * (98.0 - 101.5) * 50
    assert told.realised is not None
    assert told.realised + told.unrealised == pytest.approx(book.pnl, rel=1e-12)


def test_a_stated_position_has_the_average_price_of_the_statement_and_no_pnl_today(book: RiskBook) -> None:
    book.hold(0, 7.0, average_price=80.0)
    book.hold(1, -5.0)
    assert book.position_pnl(0) == PositionPnl(80.0, 0.0, 140.0)
    assert book.position_pnl(1) == PositionPnl(None, None, None)
    assert book.position_pnls([1, 0]) == [book.position_pnl(1), book.position_pnl(0)]
    assert book.pnl == 0.0


def test_stating_again_what_is_held_forgets_nothing(book: RiskBook) -> None:
    book.hold(0, 7.0, average_price=80.0)
    book.on_trade(0, -2.0, 90.0)
    book.hold(0, 5.0, average_price=80.0)
    assert book.position_pnl(0) == PositionPnl(80.0, 20.0, 100.0)
    book.hold(0, 4.0, average_price=85.0)
    assert book.position_pnl(0) == PositionPnl(85.0, 0.0, 60.0)


def test_what_was_paid_survives_a_snapshot(book: RiskBook) -> None:
    book.on_trade(0, 0.1, 70.0)
    book.on_trade(0, 0.2, 73.0)
    restored = RiskBook.restore(book.snapshot(), book.model)
    restored.on_trade(0, -0.3, 80.0)
    assert restored.held.tolist() == []
    assert restored.position_pnl(0) == PositionPnl(None, pytest.approx(2.4, rel=1e-15), 0.0)


def test_an_instrument_that_was_never_held_has_earned_nothing(book: RiskBook) -> None:
    assert book.position_pnl(1) == PositionPnl(None, 0.0, 0.0)


def test_a_copy_and_what_it_was_copied_from_are_traded_apart(book: RiskBook) -> None:
    book.on_trade(0, 2.0, 90.0)
    twin = book.copy()
    twin.on_trade(0, -2.0, 110.0)
    book.on_trade(0, 1.0, 60.0)
    assert twin.position_pnl(0) == PositionPnl(None, 40.0, 0.0)
    assert book.position_pnl(0) == PositionPnl(80.0, 0.0, 60.0)
