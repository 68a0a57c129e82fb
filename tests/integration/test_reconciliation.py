"""The book of a back office against what is held: compared without a trace, or made to agree, all or nothing."""

import json

import psycopg
import pytest

from api.reconciliation import Comparison
from flows.commands import Holding, Positions

BOOK = Positions(
    (
        Holding("main", "A", 10.0, avg_price=90.0),
        Holding("main", "binance:spot:B", -4.0),
        Holding("hedge", "A", 3.0, currency="USD"),
    ),
    ("C",),
)
HEADER = "portfolio,symbol,quantity,avg_price,currency,multiplier\n"


@pytest.fixture
def engine(new_live_engine):
    engine = new_live_engine((BOOK,)).start()
    engine.ticks(A=100.0)
    return engine


@pytest.fixture
def reconcile(api, engine, until):
    until(lambda: api.get("/api/v1/portfolios/main/positions").status_code == 200)
    engine.trade_for(3, A=100.0)

    def post(body, form="text/csv", **query):
        content = body if isinstance(body, bytes) else body.encode()
        return api.post("/api/v1/reconciliation", content=content, headers={"Content-Type": form}, params=query)

    return post


def quantities(api, portfolio="main"):
    rows = api.get(f"/api/v1/portfolios/{portfolio}/positions").json()
    return {row["symbol"]: row["quantity"] for row in rows}


def trades_booked(url):
    with psycopg.connect(url) as connection:
        return connection.execute("select count(*) from trades").fetchone()[0]


def test_differences_are_told_by_portfolio_and_symbol_and_nothing_is_changed(api, reconcile, database_url):
    answer = reconcile(HEADER + "main,A,12,91.5,USD,\nmain,C,5,,,\n")
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["compared"] == 3
    assert told["booked"] == []
    assert [
        (one["portfolio"], one["symbol"], one["held"], one["stated"], one["difference"]) for one in told["differences"]
    ] == [("main", "A", 10.0, 12.0, 2.0), ("main", "C", 0.0, 5.0, 5.0), ("main", "binance:spot:B", -4.0, 0.0, 4.0)]
    assert (told["differences"][0]["held_average_price"], told["differences"][0]["stated_average_price"]) == (
        90.0,
        91.5,
    )
    assert quantities(api) == {"A": 10.0, "binance:spot:B": -4.0}
    assert trades_booked(database_url) == 0


def test_a_book_that_agrees_has_no_differences_whatever_its_form(reconcile):
    as_csv = reconcile("\ufeffportfolio;symbol;quantity;avg_price\nmain;A;1e1;90\nmain;B;-4;\n")
    rows = [{"portfolio": "main", "symbol": "A", "quantity": 10}, {"portfolio": "main", "symbol": "B", "quantity": -4}]
    as_json = [reconcile(json.dumps(body), "application/json") for body in (rows, {"positions": rows})]
    assert [answer.json()["differences"] for answer in (as_csv, *as_json)] == [[], [], []]


def test_where_only_the_average_differs_it_is_told_and_there_is_nothing_to_trade(reconcile, api):
    told = reconcile(HEADER + "main,A,10,95,,\nmain,B,-4,,,\n", apply="true").json()
    assert [(one["symbol"], one["difference"]) for one in told["differences"]] == [("A", 0.0)]
    assert told["booked"] == []


def test_applied_the_books_agree_at_no_profit_and_a_repeat_changes_nothing(api, reconcile, database_url):
    stated = HEADER + "main,A,12,,,\nmain,C,5,,,\nhedge,A,1,,,\n"
    first = reconcile(stated, apply="true")
    assert first.status_code == 200, first.text
    assert [(one["symbol"], one["quantity"]) for one in first.json()["booked"]] == [
        ("A", -2.0),
        ("A", 2.0),
        ("C", 5.0),
        ("binance:spot:B", 4.0),
    ]
    assert quantities(api) == {"A": 12.0, "C": 5.0, "binance:spot:B": 0.0}
    assert quantities(api, "hedge") == {"A": 1.0}
    assert all(one["price"] is not None for one in first.json()["booked"][:2])
    again = reconcile(stated, apply="true").json()
    assert (again["differences"], again["booked"]) == ([], [])
    assert trades_booked(database_url) == 4


def test_applied_all_or_nothing(api, reconcile, database_url):
    refused = reconcile(HEADER + "main,A,12,,,\nmain,NOTHING,5,,,\n", apply="true")
    assert refused.status_code == 422
    assert "nothing was booked" in refused.json()["detail"]
    assert "'NOTHING' is neither held nor watched" in refused.json()["errors"][0]
    assert quantities(api) == {"A": 10.0, "binance:spot:B": -4.0}
    assert trades_booked(database_url) == 0


def test_a_book_that_was_traded_meanwhile_is_a_conflict(api, reconcile, monkeypatch):
    stated = HEADER + "main,A,12,,,\nmain,B,-4,,,\n"
    before = reconcile(stated).json()["as_of"]
    trade = {"trade_id": "T", "portfolio": "main", "symbol": "A", "quantity": 1.0}
    api.post("/api/v1/trades", json=trade).raise_for_status()
    trades = Comparison.trades

    def too_late(self):
        self.as_of = before
        return trades(self)

    with monkeypatch.context() as patched:
        patched.setattr(Comparison, "trades", too_late)
        answer = reconcile(stated, apply="true")
    assert answer.status_code == 409, answer.text
    assert "'main' has been traded meanwhile" in answer.json()["detail"]
    assert quantities(api)["A"] == 11.0
    assert reconcile(stated, apply="true").json()["booked"][0]["quantity"] == 1.0
    assert quantities(api)["A"] == 12.0


POISON = {
    "NaN": (HEADER + "main,A,NaN,,,\nmain,B,inf,,,\nmain,C,1e999,,,\n", ["row 2: quantity is NaN", "row 3", "row 4"]),
    "formula": (
        HEADER + 'main,A,"=1+1",,,\nmain,B,@SUM(A1),,,\n',
        ["row 2: quantity '=1+1' is a spreadsheet formula", "row 3"],
    ),
    "twice": (HEADER + "main,A,1,,,\nmain,A,2,,,\n", ["row 3: portfolio 'main' already has a position in 'A'"]),
    "one position by two names": (
        HEADER + "main,B,1,,,\nmain,binance:spot:B,2,,,\n", ["row 3: 'binance:spot:B' and 'B' are one position"]),
    "unknown currency": (HEADER + "main,A,1,,XXQ,\nmain,C,1,,$$,\n", ["row 3: currency '$$' is not a currency code"]),
    "another currency": (HEADER + "main,A,1,,EUR,\n", ["row 2: 'A' is in EUR here and in USD in the book"]),
    "another multiplier": (HEADER + "main,A,1,,,10\n", ["row 2: 'A' has a multiplier of 10 here and 1 in the book"]),
    "unknown portfolio": (HEADER + "nobody,A,1,,,\n", ["row 2: there is no portfolio 'nobody'"]),
    "a sum": (HEADER + "firm,A,1,,,\n", ["row 2: portfolio 'firm' is the name of a sum"]),
    "ragged": (HEADER + "main,A,1\nmain,B,1,,,,,,\n", ["row 2: has 3 cells, the header 6", "row 3"]),
    "wrong header": ("portfolio,symbol,qty\nmain,A,1\n", None),
    "no header": ("main,A,1\n", None),
    "empty": ("", None),
    "only a header": (HEADER, None),
    "not text": (b"\xff\xfe\x00\x01", None),
    "too many rows": (HEADER + "main,A,1,,,\n" * 20_001, None),
    "not JSON": ("{[", None),
}  # fmt: skip


def test_a_poisoned_book_is_refused_by_row_and_nothing_of_it_is_taken(reconcile, api, database_url):
    for name, (body, expected) in POISON.items():
        answer = reconcile(body, "application/json" if name == "not JSON" else "text/csv", apply="true")
        assert answer.status_code == 422, name
        assert answer.headers["content-type"] == "application/problem+json"
        errors = answer.json().get("errors", [])
        assert len(errors) == len(expected or []), name
        assert all(error.startswith(start) for error, start in zip(errors, expected or [], strict=True)), errors
    assert quantities(api) == {"A": 10.0, "binance:spot:B": -4.0}
    assert trades_booked(database_url) == 0


def test_another_form_or_size_is_refused_before_it_is_read(reconcile):
    assert reconcile("a: 1", "application/yaml").status_code == 415
    assert reconcile("", "").status_code == 422
    assert reconcile(HEADER + "main,A,1,,,\n" * 200_000).status_code == 413


def test_the_command_line_shows_the_differences_and_applies_them(api, reconcile, tailwatch, tmp_path):
    book = tmp_path / "book.yaml"
    rows = ("{portfolio: main, symbol: A, quantity: 12.5, avg_price: 91}", "{portfolio: main, symbol: B, quantity: -4}")
    book.write_text("".join(f"- {row}\n" for row in rows))
    url = ("--api", str(api.base_url))
    shown = tailwatch("reconcile", book, *url, status=1)
    (line,) = shown.stdout.splitlines()
    assert " ".join(line.split()) == ("main A held 10, stated 12.5, difference +2.5 average price 90, stated 91")
    assert shown.stderr == "tailwatch: 2 positions compared, 1 differences\n"
    assert quantities(api)["A"] == 10.0
    applied = tailwatch("reconcile", book, "--apply", *url)
    assert applied.stderr == "tailwatch: 2 positions compared, 1 differences, 1 trades booked\n"
    assert quantities(api)["A"] == 12.5
    book.write_text("- {portfolio: main, symbol: A, quantity: .nan}\n")
    assert "quantity is nan" in tailwatch("reconcile", book, *url, status=2).stderr
