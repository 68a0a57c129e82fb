"""Two books beside each other: what the same position is, and what would make them agree."""

import pytest

from api.reconciliation import Comparison
from files.positions import Position
from files.tables import FaultyRowsError, Row
from storage.rows import PositionRow


def stated(symbol: str, quantity: float, price: float | None = None) -> tuple[Row, Position]:
    return Row("row 2", {"portfolio": "main"}), Position("main", symbol, quantity, price)


def held(symbol: str, quantity: float, price: float | None = None, offset: int = 5) -> PositionRow:
    return PositionRow("main", symbol, quantity, price, 1.0, "USD", None, offset)


def compared(rows: list[tuple[Row, Position]], book: list[PositionRow]) -> Comparison:
    return Comparison(rows, book, {"main"})


def test_the_same_two_books_give_the_same_trades_and_later_ones_others() -> None:
    rows, book = [stated("A", 3.0)], [held("A", 1.0)]
    first = compared(rows, book).trades()
    assert first == compared(rows, book).trades()
    assert [(one["symbol"], one["quantity"]) for one in first] == [("A", 2.0)]
    assert compared(rows, [held("A", 1.0, offset=6)]).trades()[0]["trade_id"] != first[0]["trade_id"]
    assert compared(rows, [held("A", 2.0)]).trades()[0]["trade_id"] != first[0]["trade_id"]


@pytest.mark.parametrize(("said", "called"), [("B", "x:spot:B"), ("x:spot:B", "B"), ("spot:B", "x:spot:B")])
def test_a_symbol_and_its_key_are_one_position(said: str, called: str) -> None:
    assert compared([stated(said, 2.0)], [held(called, 2.0)]).differences == []


def test_a_symbol_that_two_positions_end_in_is_neither() -> None:
    found = compared([stated("B", 2.0)], [held("x:B", 2.0), held("y:B", 2.0)])
    assert {(one.symbol, one.held, one.stated) for one in found.differences} == {
        ("B", 0.0, 2.0), ("x:B", 2.0, 0.0), ("y:B", 2.0, 0.0)
    }  # fmt: skip


def test_sums_of_fills_agree_with_what_is_written_and_averages_but_for_their_last_digits() -> None:
    assert compared([stated("A", 0.3, 100.00000000001)], [held("A", 0.3, 100.0)]).differences == []
    assert compared([stated("A", 0.3, 100.001)], [held("A", 0.3, 100.0)]).differences[0].difference == 0.0
    assert compared([stated("A", 0.3, 100.0)], [held("A", 0.3, None)]).differences[0].held_average_price is None


def test_positions_that_are_flat_on_both_sides_are_none() -> None:
    found = compared([stated("A", 0.0, 7.0)], [held("A", 0.0), held("B", 0.0)])
    assert (found.compared, found.differences) == (1, [])


def test_two_names_of_one_position_are_a_fault_of_the_row() -> None:
    with pytest.raises(FaultyRowsError) as refused:
        compared([stated("B", 1.0), stated("x:B", 2.0)], [held("x:B", 2.0)])
    assert refused.value.errors == ["row 2: 'x:B' and 'B' are one position of 'main'"]
