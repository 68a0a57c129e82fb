"""Positions find their prices by name, and what finds none is listed with the reason."""

import datetime

import numpy as np
import pytest

from files.positions import Position
from riskcore.errors import InputError
from tailwatch.backtesting.panel import Panel, join
from tailwatch.history import History

DATES = tuple(datetime.date(2024, 1, day) for day in (2, 3, 5))


def _history(*symbols: str) -> History:
    return History(DATES, symbols, np.arange(1.0, 3 * len(symbols) + 1).reshape(3, -1))


def _joined(symbols: tuple[str, ...], *positions: Position) -> Panel:
    return join(_history(*symbols), positions, "USD")


def test_prices_are_those_held_and_quantities_contain_the_multiplier() -> None:
    panel = _joined(
        ("A", "B", "C"),
        Position("main", "C", 2.0, multiplier=10.0),
        Position("side", "A", -1.0),
        Position("main", "A", 3),
    )
    assert panel.symbols == ("A", "C")
    np.testing.assert_array_equal(panel.prices, [[1, 3], [4, 6], [7, 9]])
    np.testing.assert_array_equal(panel.quantities["main"], [3, 20])
    np.testing.assert_array_equal(panel.quantities["side"], [-1, 0])
    assert panel.uncovered == ()


def test_a_full_key_finds_the_venue_symbol_and_the_other_way_round() -> None:
    panel = _joined(("A", "x:spot:B"), Position("main", "y:A", 1.0), Position("main", "B", 1.0))
    assert panel.symbols == ("A", "x:spot:B")
    assert panel.uncovered == ()


def test_what_has_no_prices_is_listed_with_the_reason() -> None:
    panel = _joined(
        ("A", "x:B", "y:B", "x:C"),
        Position("main", "A", 1.0),
        Position("main", "B", 1.0),
        Position("main", "y:C", 1.0),
        Position("main", "x:B", 1.0, currency="EUR"),
    )
    assert panel.uncovered == (
        ("main", "B", "the history has no column of this name"),
        ("main", "y:C", "the history has no column of this name"),
        ("main", "x:B", "the history has no rate from EUR to USD"),
    )
    assert panel.symbols == ("A",)


def test_a_portfolio_without_any_prices_is_one_clear_error() -> None:
    with pytest.raises(InputError, match="portfolio 'main': no position has prices \\(Z: the history has no column"):
        _joined(("A",), Position("main", "Z", 1.0), Position("side", "A", 1.0))


def test_days_are_found_by_date() -> None:
    panel = _joined(("A",), Position("main", "A", 1.0))
    assert (panel.first_row(None), panel.last_row(None)) == (None, None)
    assert panel.first_row(datetime.date(2024, 1, 4)) == 2
    assert panel.last_row(datetime.date(2024, 1, 5)) == 1
    with pytest.raises(InputError, match="ends on 2024-01-05, before 2024-02-01"):
        panel.first_row(datetime.date(2024, 2, 1))
    with pytest.raises(InputError, match="begins on 2024-01-02, not before 2024-01-02"):
        panel.last_row(datetime.date(2024, 1, 2))


def test_a_foreign_position_is_worth_its_price_at_the_rate_of_the_day_however_that_is_quoted() -> None:
    prices = np.array([[100.0, 1.25, 150.0, 10.0], [110.0, 1.2, 160.0, 11.0], [120.0, np.nan, 125.0, 12.0]])
    history = History(DATES, ("SAP", "fx:EUR-USD", "USDJPY", "SONY"), prices)
    positions = (
        Position("main", "SAP", 2.0, currency="EUR"),
        Position("main", "SONY", 3.0, currency="JPY"),
        Position("side", "SAP", 1.0),
        Position("side", "SONY", 1.0, currency="GBP"),
    )
    panel = join(history, positions, "USD")
    assert panel.symbols == ("SAP", "SAP", "SONY")
    np.testing.assert_allclose(panel.prices[:, 0], [125.0, 132.0, np.nan])
    np.testing.assert_array_equal(panel.prices[:, 1], prices[:, 0])
    np.testing.assert_allclose(panel.prices[:, 2], [10 / 150, 11 / 160, 12 / 125])
    assert panel.quantities["main"].tolist() == [2.0, 0.0, 3.0]
    assert panel.quantities["side"].tolist() == [0.0, 1.0, 0.0]
    assert panel.uncovered == (("side", "SONY", "the history has no rate from GBP to USD"),)
