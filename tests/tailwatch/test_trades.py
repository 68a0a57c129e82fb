"""The file of trades is taken whole or not at all."""

import json
from pathlib import Path

import pytest

from flows.commands import Holding, Positions, Trade
from riskcore.errors import InputError
from tailwatch.trades import read_trades

BOOK = Positions((Holding("main", "AAPL", 5.0),))
TRADES = (
    Trade("row 3", "main", "AAPL", -2.5, None, 1_700_000_001_000_000_000),
    Trade("T-7", "main", "MSFT", 10.0, 187.5, 1_700_000_002_500_000_000),
    Trade("row 4", event_time=1_700_000_003_000_000_000, cancels="T-7"),
)


def test_trades_are_read_from_csv_in_the_order_of_their_times(tmp_path: Path) -> None:
    path = tmp_path / "trades.csv"
    path.write_text(
        "time,portfolio,symbol,quantity,price,trade_id,cancels\n"
        "2023-11-14T22:13:22.5Z,main,MSFT,10,187.5,T-7,\n"
        "1700000001,main,AAPL,-2.5,,,\n"
        "1700000003,,,,,,T-7\n"
    )
    assert read_trades(path, BOOK) == TRADES


def test_ndjson_says_the_same(tmp_path: Path) -> None:
    path = tmp_path / "trades.ndjson"
    rows = [
        {"time": 1700000001000, "portfolio": "main", "symbol": "AAPL", "quantity": -2.5, "trade_id": "row 3"},
        {"time": "2023-11-14T22:13:22.5Z", "portfolio": "main", "symbol": "MSFT", "quantity": 10, "price": 187.5}
        | {"trade_id": "T-7"},
        {"time": 1700000003, "trade_id": "row 4", "cancels": "T-7"},
    ]
    path.write_text("".join(json.dumps(row) + "\r\n" for row in rows))
    assert read_trades(path, BOOK) == TRADES


FAULTS = [
    ("yesterday,main,AAPL,1,2,a", "row 2: timestamp 'yesterday'"),
    (",main,AAPL,1,2,a", "row 2: time is missing"),
    ("1700000001,main,AAPL,nan,2,a", "row 2: quantity is nan"),
    ("1700000001,main,AAPL,=1+1,2,a", "row 2: quantity '=1+1' is a spreadsheet formula"),
    ("1700000001,main,AAPL,0,2,a", "row 2: quantity: 0 is not a number other than 0"),
    ("1700000001,main,AAPL,1,0,a", "row 2: price: 0 does not lie between"),
    ("1700000001,other,AAPL,1,2,a", "row 2: portfolio: there is no portfolio 'other'"),
    ("1700000001,main,AAPL,1,2,a\n1700000002,main,AAPL,1,2,a", "row 3: trade_id: 'a' is booked with another content"),
    ("1700000001,main,AAPL,1,2", "row 2: has 5 cells, the header 6"),
    ("", "holds no trade"),
]


@pytest.mark.parametrize(("rows", "says"), FAULTS)
def test_a_faulty_row_is_named_and_nothing_is_taken(tmp_path: Path, rows: str, says: str) -> None:
    path = tmp_path / "trades.csv"
    path.write_text(f"time,portfolio,symbol,quantity,price,trade_id\n{rows}\n")
    with pytest.raises(InputError) as error:
        read_trades(path, BOOK)
    assert says in str(error.value)


def test_a_line_that_is_not_json_is_named(tmp_path: Path) -> None:
    path = tmp_path / "trades.ndjson"
    path.write_text('{"time": 1700000001, "portfolio": "main", "symbol": "A", "quantity": 1}\n{"time":\n')
    with pytest.raises(InputError, match=r"trades.ndjson: row 2: not JSON"):
        read_trades(path, BOOK)
