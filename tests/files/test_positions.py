"""A book is taken whole or not at all, and a faulty one is told row by row."""

import contextlib
import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from files.positions import Position, read_positions
from riskcore.errors import InputError

HEADER = "portfolio,symbol,quantity\n"


Write = Callable[..., Path]


@pytest.fixture
def book(tmp_path: Path) -> Write:
    def write(content: str | bytes, name: str = "book.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def test_all_three_forms_say_the_same(book: Write) -> None:
    expected = [
        Position("main", "BTCUSDT", 1.5, 60_000.0, 1.0, "USDT", "crypto"),
        Position("main", "binance:spot:ETHUSDT", -3.0, None, 10.0, "USD", None),
    ]
    rows = [
        {
            "portfolio": "main",
            "symbol": "BTCUSDT",
            "quantity": 1.5,
            "avg_price": 60000,
            "currency": "USDT",
            "desk": "crypto",
        },
        {"portfolio": "main", "symbol": "binance:spot:ETHUSDT", "quantity": -3, "multiplier": 10},
    ]
    text = (
        "portfolio,symbol,quantity,avg_price,multiplier,currency,desk\n"
        "main,BTCUSDT,1.5,60000,,USDT,crypto\n"
        "main,binance:spot:ETHUSDT,-3,,10,,\n"
    )
    yaml = (
        "- {portfolio: main, symbol: BTCUSDT, quantity: 1.5, avg_price: 60000,\n"
        "   currency: USDT, desk: crypto}\n"
        "- {portfolio: main, symbol: 'binance:spot:ETHUSDT', quantity: -3, multiplier: 10}\n"
    )
    assert read_positions(book(text)) == expected
    assert read_positions(book(json.dumps(rows), "book.json")) == expected
    assert read_positions(book(json.dumps({"positions": rows}), "book.json")) == expected
    assert read_positions(book(yaml, "book.yaml")) == expected
    merged = "- &one {portfolio: main, symbol: A, quantity: 1}\n- {<<: *one, symbol: B}\n- {<<: *one, symbol: C}\n"
    assert [one.symbol for one in read_positions(book(merged, "book.yaml"))] == ["A", "B", "C"]


def test_a_position_without_a_currency_is_in_the_base_currency(book: Write) -> None:
    assert read_positions(book(HEADER + "main,A,1\n"), "EUR")[0].currency == "EUR"


def test_a_symbol_that_ends_in_another_currency_is_warned_of_where_the_file_names_none(book: Write) -> None:
    with capture_logs() as logs:
        read_positions(book(HEADER + "main,DASH-BTC,1\nmain,SKL-USD,1\nmain,XBT/EUR,1\nmain,BRK-B,1\nmain,EURUSD,1\n"))
        read_positions(book(HEADER.strip() + ",currency\nmain,DASH-BTC,1,USD\nmain,SKL-BTC,1,BTC\n"))
    assert [one["symbols"] for one in logs] == ["DASH-BTC, XBT/EUR"]


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + HEADER.encode() + b"main,A,1\n",
        (HEADER + "main,A,1\n").replace("\n", "\r\n"),
        (HEADER + "main,A,1\n").replace(",", ";"),
        (HEADER + "main,A,1\n").replace(",", "\t"),
        "\n" + HEADER + "\n\nmain, A ,1\n\n",
        'portfolio , "symbol",quantity\n"main",A,+1.0e0\n',
        HEADER + "main,A,1",
    ],
)
def test_what_spreadsheets_add_is_tolerated(book: Write, content: str | bytes) -> None:
    assert read_positions(book(content)) == [Position("main", "A", 1.0)]


ROWS = [
    ("main,A,nan", "row 2: quantity is nan; it must be a finite number"),
    ("main,A,NaN", "finite"),
    ("main,A,inf", "finite"),
    ("main,A,-Infinity", "finite"),
    ("main,A,1e999", "finite"),
    ("main,A,1e16", "must not exceed"),
    ("main,A,", "quantity is missing"),
    ("main,A,many", "quantity 'many' is not a number"),
    ("main,A,1_000", "not a number"),
    ("main,A,0x10", "not a number"),
    ("main,A,١٢", "not a number"),
    ('main,A,"1,000"', "not a number"),
    ("main,A,=1+2", "spreadsheet formula"),
    ("=cmd(),A,1", "spreadsheet formula"),
    ("main,@SUM(A1),1", "spreadsheet formula"),
    ("main,,1", "symbol is missing"),
    (",A,1", "portfolio is missing"),
    ("main,A B,1", "symbol 'A B' is not a symbol"),
    ("main,<script>,1", "not a symbol"),
    ("main," + "A" * 130 + ",1", "not a symbol"),
    ("ma/in,A,1", "portfolio 'ma/in' is not a name"),
    ("..,A,1", "is not a name"),
    ("main,A", "has 2 cells, the header 3"),
    ("main,A,1,2", "has 4 cells, the header 3"),
    ("main,A,1\nmain,A,2", "row 3: portfolio 'main' already has a position in 'A', in row 2"),
]


@pytest.mark.parametrize(("rows", "says"), ROWS)
def test_a_bad_row_is_named_by_number_and_fault(book: Write, rows: str, says: str) -> None:
    with pytest.raises(InputError) as refused:
        read_positions(book(HEADER + rows + "\n"))
    assert "1 bad row" in str(refused.value)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


COLUMNS = [
    ("multiplier", "0", "multiplier is 0; it must be greater than 0"),
    ("multiplier", "-1", "greater than 0"),
    ("multiplier", "nan", "finite"),
    ("avg_price", "-1", "must not be negative"),
    ("avg_price", "inf", "finite"),
    ("currency", "usd", "currency 'usd' is not a currency code"),
    ("currency", "$", "not a currency code"),
    ("desk", "=1", "spreadsheet formula"),
]


@pytest.mark.parametrize(("column", "value", "says"), COLUMNS)
def test_optional_columns_are_checked_too(book: Write, column: str, value: str, says: str) -> None:
    with pytest.raises(InputError, match="bad row") as refused:
        read_positions(book(f"portfolio,symbol,quantity,{column}\nmain,A,1,{value}\n"))
    assert says in str(refused.value)


FILES = [
    ("", "book.csv", "is empty"),
    (" \n\n", "book.csv", "is empty"),
    (HEADER, "book.csv", "holds no position"),
    ("portfolio,symbol,qty\nmain,A,1\n", "book.csv", "unknown column 'qty'; did you mean 'quantity'"),
    ("portfolio,symbol,quantity,strike\n", "book.csv", "unknown column 'strike'"),
    ("portfolio,symbol\nmain,A\n", "book.csv", "column 'quantity' is missing"),
    ("main,A,1\n", "book.csv", "unknown column 'main'"),
    ("portfolio,symbol,quantity,quantity\nmain,A,1,1\n", "book.csv", "'quantity' is there twice"),
    (b"\xff\xfep\x00o\x00", "book.csv", "not UTF-8"),
    (HEADER.encode() + b"main,A\x00,1\n", "book.csv", "row 2"),
    (HEADER + 'main,"A,1\n', "book.csv", "row 2: not CSV"),
    ("{", "book.json", "not JSON"),
    ('{"a": 1}', "book.json", "must be a list of objects"),
    ("[1]", "book.json", "entry 1: is not an object"),
    ("[]", "book.json", "holds no position"),
    ('[{"portfolio":"m","symbol":"A","quantity":NaN}]', "book.json", "entry 1: quantity is nan"),
    (
        '[{"portfolio":"m","symbol":"A","quantity":true}]',
        "book.json",
        "quantity is True; it must be a number",
    ),
    ('[{"portfolio":"m","symbol":"A","quantity":[1]}]', "book.json", "must be a number"),
    ('[{"portfolio":"m","symbol":"A","quantity":1' + "0" * 400 + "}]", "book.json", "finite"),
    ('[{"portfolio":"m","symbol":"A","quantity":1,"quantity":2}]', "book.json", "there twice"),
    ('[{"portfolio":"m","symbol":"A","qty":1}]', "book.json", "entry 1: unknown column 'qty'"),
    ('[{"portfolio":null,"symbol":"A","quantity":1}]', "book.json", "portfolio is missing"),
    ("[" * 100_000, "book.json", "not JSON"),
    ("- {portfolio: m", "book.yaml", "not YAML"),
    ("- portfolio: m\n  quantity: 1\n  quantity: 2\n", "book.yaml", "key 'quantity' is there twice (line 3)"),
    ("positions: []\n'positions': [{portfolio: m}]\n", "book.yaml", "key 'positions' is there twice (line 2)"),
    ("!!python/object/apply:os.system ['true']", "book.yaml", "not YAML"),
    ("just text", "book.yaml", "must be a list of objects"),
]


@pytest.mark.parametrize(("content", "name", "says"), FILES)
def test_a_file_that_is_no_book_is_one_clear_error(book: Write, content: str | bytes, name: str, says: str) -> None:
    path = book(content, name)
    with pytest.raises(InputError) as refused:
        read_positions(path)
    assert says in str(refused.value)
    assert f"positions file {path}" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_portfolio_has_one_desk_and_no_name_of_a_sum(book: Write) -> None:
    faulty = book("portfolio,symbol,quantity,desk\na,X,1,macro\na,Y,1,\na,Z,1,micro\nfirm,X,1,\ndesk:macro,X,1,\n")
    with pytest.raises(InputError) as refused:
        read_positions(faulty)
    told = str(refused.value)
    assert "portfolio 'a' is of desk 'macro' already; a portfolio has one desk" in told
    assert "portfolio 'firm' is the name of a sum" in told
    assert "portfolio 'desk:macro' is the name of a sum" in told


def test_a_file_that_is_not_there_or_no_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.csv: there is no such file"):
        read_positions(tmp_path / "none.csv")
    with pytest.raises(InputError, match="cannot be read: is a directory"):
        read_positions(tmp_path)


def test_many_bad_rows_are_told_with_the_first_ten_and_their_number(book: Write) -> None:
    rows = "".join(f"main,S{number},nan\n" for number in range(25))
    with pytest.raises(InputError) as refused:
        read_positions(book(HEADER + "main,good,1\n" + rows))
    message = str(refused.value)
    assert "25 bad rows, nothing was taken" in message
    assert (message.count("; row "), "row 12:" in message, "row 13:" in message) == (9, True, False)
    assert message.endswith("; and 15 more")


positions = st.builds(
    Position,
    portfolio=st.from_regex(r"\A[a-z][a-z0-9 _-]{0,8}[a-z0-9]\Z"),
    symbol=st.from_regex(r"\A[A-Z0-9]{1,12}\Z"),
    quantity=st.floats(-1e12, 1e12),
    avg_price=st.none() | st.floats(0, 1e9),
    multiplier=st.floats(1e-6, 1e6),
    currency=st.sampled_from(["USD", "EUR", "USDT"]),
    desk=st.none() | st.just("rates"),
)
books = st.lists(positions, min_size=1, max_size=20, unique_by=lambda one: (one.portfolio, one.symbol))


def _cells(position: Position) -> list[str]:
    fields = (getattr(position, name) for name in Position.__dataclass_fields__)
    return ["" if field is None else repr(field) if isinstance(field, float) else str(field) for field in fields]


@given(books)
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_what_is_written_is_what_is_read(tmp_path: Path, expected: list[Position]) -> None:
    lines = [",".join(Position.__dataclass_fields__), *(",".join(_cells(position)) for position in expected)]
    path = tmp_path / "book.csv"
    path.write_text("\n".join(lines))
    assert read_positions(path) == expected


@given(st.lists(st.lists(st.text(max_size=8), max_size=5), max_size=6), st.sampled_from(["csv", "json", "yaml"]))
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_file_gives_sound_positions_or_one_line(tmp_path: Path, cells: list[list[str]], form: str) -> None:
    path = tmp_path / f"book.{form}"
    path.write_text(HEADER + "\n".join(",".join(row) for row in cells), encoding="utf-8", errors="replace")
    with contextlib.suppress(InputError):
        taken = read_positions(path)
        assert all(math.isfinite(one.quantity) and one.portfolio and one.symbol for one in taken)
