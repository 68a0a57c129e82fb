"""Positions that do not move with returns of their own: by proxy, by none, and margined ones abroad."""

import numpy as np
import pytest

from riskcore import MarketModel, RiskBook, RiskSettings
from riskcore.errors import InputError
from riskcore.positions import NO_RETURNS, Rate

PRIVATE, LISTED, EURUSD = range(3)


@pytest.fixture
def model(small_settings: RiskSettings) -> MarketModel:
    market = MarketModel(3, small_settings)
    market.on_prices([12.5, 50.0, 1.25])
    return market


def after_bars(model: MarketModel, *books: RiskBook) -> None:
    for bar, row in enumerate(np.random.default_rng(1).normal(0, 0.01, (15, 3))):
        model.on_bar(bar, np.where(np.arange(3) == PRIVATE, np.nan, row))
        for book in books:
            book.on_bar()


def test_a_position_moves_with_the_returns_of_its_proxy(model: MarketModel) -> None:
    lent, own = RiskBook(model, "lent"), RiskBook(model, "own")
    lent.describe(PRIVATE, proxy=LISTED)
    lent.on_trade(PRIVATE, 8.0)
    own.on_trade(LISTED, 2.0)
    after_bars(model, lent, own)
    assert (lent.market_value, lent.exposures.tolist()) == (100.0, [0.0, 100.0, 0.0])
    assert lent.measures() == own.measures()
    parts = lent.components()
    assert parts.instruments.tolist() == [PRIVATE]
    assert parts.component_var == pytest.approx(own.components().component_var)
    assert lent.stress({LISTED: -0.1}).tolist() == pytest.approx([-10.0, 0.0, 0.0])
    assert lent.uncovered == ()


def test_a_position_beside_the_proxy_it_borrows_from_adds_up_with_it(model: MarketModel) -> None:
    book, twice = RiskBook(model), RiskBook(model, "twice")
    book.describe(PRIVATE, proxy=LISTED)
    book.on_trade(PRIVATE, 8.0)
    book.on_trade(LISTED, 2.0)
    twice.on_trade(LISTED, 4.0)
    after_bars(model, book, twice)
    assert book.measures() == twice.measures()
    parts = book.components()
    assert parts.instruments.tolist() == [PRIVATE, LISTED]
    assert parts.component_var[0] == pytest.approx(parts.component_var[1])


def test_a_position_without_returns_is_valued_and_listed_and_its_rate_counts(model: MarketModel) -> None:
    book, rate_alone = RiskBook(model), RiskBook(model, "rate")
    book.describe(PRIVATE, rate=Rate(EURUSD), proxy=NO_RETURNS)
    book.on_trade(PRIVATE, 8.0)
    rate_alone.on_trade(EURUSD, 100.0)
    after_bars(model, book, rate_alone)
    assert book.market_value == 125.0
    assert book.uncovered == ((PRIVATE, "no returns: valued, but in no figure of risk"),)
    assert book.exposures.tolist() == [0.0, 0.0, 125.0]
    assert book.measures() == rate_alone.measures()


def test_a_book_of_such_positions_alone_has_no_number_and_says_why(model: MarketModel) -> None:
    book = RiskBook(model)
    book.describe(PRIVATE, proxy=NO_RETURNS)
    book.on_trade(PRIVATE, 8.0)
    after_bars(model, book)
    assert {(m.var, m.reason) for m in book.measures()} == {(None, "no position has returns of its own or of a proxy")}


def test_a_future_abroad_has_no_value_that_the_rate_could_move(model: MarketModel) -> None:
    book = RiskBook(model)
    book.describe(LISTED, multiplier=10.0, rate=Rate(EURUSD), margined=True)
    book.on_trade(LISTED, 2.0)
    after_bars(model, book)
    assert book.exposures.tolist() == [0.0, 1250.0, 0.0]
    assert book.components().instruments.tolist() == [LISTED]
    model.on_price(EURUSD, 1.0)
    assert book.pnl == 0.0
    model.on_price(LISTED, 51.0)
    assert book.pnl == pytest.approx(20.0)


def test_an_instrument_described_again_while_it_is_held_counts_by_its_new_terms(model: MarketModel) -> None:
    book = RiskBook(model)
    book.on_trade(LISTED, 2.0)
    assert book.market_value == 100.0
    book.describe(LISTED, rate=Rate(EURUSD))
    assert (book.market_value, book.pnl) == (125.0, 0.0)
    book.describe(LISTED, multiplier=3.0)
    assert (book.market_value, book.exposures.tolist(), book.pnl) == (300.0, [0.0, 300.0, 0.0], 0.0)


@pytest.mark.parametrize("terms", [{"proxy": 9}, {"rate": Rate(9)}, {"rate": -1.0}, {"multiplier": 0.0}])
def test_terms_that_cannot_be_are_refused(model: MarketModel, terms) -> None:
    with pytest.raises(InputError):
        RiskBook(model).describe(LISTED, **terms)


def test_a_book_restored_on_a_market_that_has_grown_since_it_was_read_grows_with_it(model: MarketModel) -> None:
    book = RiskBook(model)
    book.on_trade(LISTED, 2.0)
    model.add(2)
    restored = RiskBook.restore(book.snapshot(), model)
    assert restored.market_value == book.copy().market_value == 100.0
    assert len(restored.exposures) == 5
