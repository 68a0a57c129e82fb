"""The instruments file, and what it makes of a book of positions."""

import json
from pathlib import Path

import pytest

from flows.commands import Instrument
from riskcore.errors import InputError
from tailwatch.book import read_book
from tailwatch.configuration import load
from tailwatch.instruments import read_instruments
from tailwatch.startup import read_commands

MASTER = "symbol,currency,multiplier,product,mark,proxy\n"


@pytest.fixture
def written(tmp_path: Path):
    """Return a function that writes a file and gives its path."""

    def write(text: str, name: str = "instruments.csv") -> Path:
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


@pytest.fixture
def read(written):
    """Return a function that reads a book and a master, given as text."""

    def book(positions: str, master: str, **settings: str):
        files = {"positions": str(written(positions, "book.csv")), "instruments": str(written(master))}
        return read_book(load(files | settings).settings)

    return book


def test_csv_json_and_yaml_say_the_same(written) -> None:
    expected = {
        "SAP": Instrument("SAP", "EUR", None, "share"),
        "FDAX": Instrument("FDAX", "EUR", 25.0, "future"),
        "PRIVATE": Instrument("PRIVATE", None, None, "spot", 12.5, "SAP"),
    }
    rows = [
        {"symbol": "SAP", "currency": "EUR", "product": "share"},
        {"symbol": "FDAX", "currency": "EUR", "multiplier": 25, "product": "future"},
        {"symbol": "PRIVATE", "mark": 12.5, "proxy": "SAP"},
    ]
    yaml = "instruments:\n- {symbol: SAP, currency: EUR, product: share}\n"
    assert (
        read_instruments(written(MASTER + "SAP,EUR,,share,,\nFDAX,EUR,25,Future,,\nPRIVATE,,,,12.5,SAP\n")) == expected
    )
    assert read_instruments(written(json.dumps({"instruments": rows}), "i.json")) == expected
    assert read_instruments(written(yaml, "i.yaml")) == {"SAP": expected["SAP"]}


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("A,,,option,,", "row 2: 'A' is an option: its value is not linear in a price.*leave it out, or enter"),
        ("A,,,futur,,", "product 'futur' is not known; use one of spot, share"),
        ("A,euro,,,,", "currency 'euro' is not a currency code"),
        ("A,,0,,,", "multiplier is 0; it must be greater than 0"),
        ("A,,,,-1,", "mark is -1; a price must be greater than 0"),
        ("A,,,,,A", "cannot be its own proxy"),
        ("=A1(),,,,,", "is a spreadsheet formula"),
        ("A,,,,,\nA,USD,,,,", "row 3: 'A' was there already, in row 2"),
    ],
)
def test_a_faulty_row_is_told_by_its_number_and_nothing_is_taken(written, row: str, fault: str) -> None:
    with pytest.raises(InputError, match=fault):
        read_instruments(written(MASTER + row + "\n"))


def test_a_spread_may_have_negative_prices_in_every_file(read, tmp_path: Path) -> None:
    (tmp_path / "past.csv").write_text("date,SPREAD\n2024-01-01,1\n2024-01-02,-2.5\n")
    master = "symbol,negative,mark\nSPREAD,yes,-1\n"
    book = read("portfolio,symbol,quantity,avg_price\nmain,SPREAD,2,-0.5\n", master)
    assert book.positions[0].avg_price == -0.5
    assert book.instruments == (Instrument("SPREAD", mark=-1.0, negative=True),)
    files = {"positions": tmp_path / "book.csv", "instruments": tmp_path / "instruments.csv"}
    given = {name: str(path) for name, path in files.items()} | {"history": str(tmp_path / "past.csv")}
    assert read_commands(load(given).settings)[1].prices == ((1.0,), (-2.5,))
    (tmp_path / "instruments.csv").write_text("symbol,negative\nSPREAD,perhaps\n")
    with pytest.raises(InputError, match="row 2: negative is 'perhaps'; write yes or no"):
        read_commands(load(given).settings)


def test_an_end_is_a_last_day_or_a_moment_in_every_form_of_the_file(written) -> None:
    day, hour = 86_400 * 10**9, 3_600 * 10**9
    expected = {"A": Instrument("A", ends=80 * day), "B": Instrument("B", ends=79 * day + 8 * hour)}
    csv = "symbol,ends\nA,1970-03-21\nB,1970-03-21T10:00:00+02:00\n"
    yaml = "instruments:\n- {symbol: A, ends: 1970-03-21}\n- {symbol: B, ends: 1970-03-21T10:00:00+02:00}\n"
    assert read_instruments(written(csv)) == expected
    assert read_instruments(written(yaml, "i.yaml")) == expected
    for wrong in ("soon", "2026-02-30", "2026-03-20T10:00:00"):
        with pytest.raises(InputError, match=f"row 2: ends '{wrong}' is no moment: write its last day"):
            read_instruments(written(f"symbol,ends\nA,{wrong}\n"))


def test_a_column_that_nobody_knows_is_refused(written) -> None:
    with pytest.raises(InputError, match="unknown column 'curency'; did you mean 'currency'"):
        read_instruments(written("symbol,curency\nA,USD\n"))


def test_positions_take_multiplier_and_currency_from_the_master_under_either_name(read) -> None:
    book = read("portfolio,symbol,quantity\nmain,eurex:FDAX,2\nmain,IBM,1\n", MASTER + "FDAX,EUR,25,future,,\n")
    assert [(held.symbol, held.multiplier, held.currency) for held in book.positions] == [
        ("eurex:FDAX", 25.0, "EUR"),
        ("IBM", 1.0, "USD"),
    ]
    assert book.instruments == (Instrument("eurex:FDAX", "EUR", 25.0, "future"),)
    assert "EURUSD" in book.symbols


@pytest.mark.parametrize(
    ("cells", "fault"),
    [
        ("10,EUR", "row 2: multiplier is 10.0 here and 25.0 in the instruments file"),
        ("25,USD", "currency is USD here and EUR"),
    ],
)
def test_a_position_must_not_contradict_the_master(read, cells: str, fault: str) -> None:
    with pytest.raises(InputError, match=fault):
        read(f"portfolio,symbol,quantity,multiplier,currency\nmain,FDAX,2,{cells}\n", MASTER + "FDAX,EUR,25,,,\n")


def test_a_position_that_agrees_with_the_master_is_taken(read) -> None:
    book = read("portfolio,symbol,quantity,multiplier\nmain,FDAX,2,25\n", MASTER + "FDAX,,25,,,\n")
    assert book.positions[0].multiplier == 25.0


def test_a_proxy_is_watched_and_what_nobody_names_is_passed_over(read) -> None:
    master = MASTER + "PRIVATE,,,,12.5,SAP\nSAP,EUR,,share,,\nOTHER,JPY,,,,\n"
    book = read("portfolio,symbol,quantity\nmain,PRIVATE,2\n", master)
    assert book.symbols == ("SAP",)
    assert [known.symbol for known in book.instruments] == ["PRIVATE", "SAP"]
