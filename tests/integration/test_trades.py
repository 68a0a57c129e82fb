"""Trades as a trader's script books them: over HTTP, in an engine that runs, with a real database."""

import json

import psycopg
import pytest

from flows.commands import Holding, Positions

BOOK = Positions((Holding("main", "A", 10.0), Holding("main", "B", -4.0), Holding("hedge", "B", 3.0)), ("C",))


@pytest.fixture
def engine(new_live_engine):
    engine = new_live_engine((BOOK,)).start()
    engine.ticks(A=100.0, B=50.0)
    return engine


@pytest.fixture
def book(api, engine, until):
    until(lambda: api.get("/api/v1/portfolios/main/positions").status_code == 200)

    def post(*trades, **batch):
        return api.post("/api/v1/trades", json=batch or (trades[0] if len(trades) == 1 else {"trades": trades}))

    return post


def quantities(api, portfolio="main"):
    rows = api.get(f"/api/v1/portfolios/{portfolio}/positions").json()
    return {row["symbol"]: row["quantity"] for row in rows}


def trade(name, quantity, symbol="A", portfolio="main", **more):
    return {"trade_id": name, "portfolio": portfolio, "symbol": symbol, "quantity": quantity} | more


def test_a_trade_is_booked_when_it_is_answered_and_a_repeat_changes_nothing(api, book):
    first = book(trade("T1", 2.5, price=101.0))
    assert first.status_code == 200, first.text
    booked = first.json()["trades"][0]
    assert (booked["trade_id"], booked["quantity"], booked["price"]) == ("T1", 2.5, 101.0)
    assert quantities(api) == {"A": 12.5, "B": -4.0}
    again = book(trade("T1", 2.5, price=101.0))
    assert again.content == first.content
    assert quantities(api)["A"] == 12.5


def test_a_known_id_with_another_content_is_a_conflict(api, book):
    book(trade("T1", 2.5, price=101.0))
    other = book(trade("T1", 2.0, price=101.0))
    assert other.status_code == 409
    assert other.headers["content-type"] == "application/problem+json"
    assert "'T1' is booked with another content" in other.json()["detail"]
    assert quantities(api)["A"] == 12.5


def test_a_batch_is_booked_whole_or_not_at_all_across_portfolios_and_shards(api, book):
    refused = book(trade("T1", 1.0), trade("T2", 1.0, "B", "hedge"), trade("T3", 1.0, "B", "nobody"))
    assert refused.status_code == 422
    (error,) = refused.json()["errors"]
    assert error == "trades.2.portfolio: there is no portfolio 'nobody'; the positions file names them"
    assert quantities(api) == {"A": 10.0, "B": -4.0}
    assert quantities(api, "hedge") == {"B": 3.0}
    assert book(trade("T1", 1.0), trade("T2", 1.0, "B", "hedge"), trade("T4", 5.0, "C")).status_code == 200
    assert quantities(api) == {"A": 11.0, "B": -4.0, "C": 5.0}
    assert quantities(api, "hedge") == {"B": 4.0}


def test_a_correction_stands_in_the_place_of_a_trade_and_a_cancel_undoes_it(api, book):
    book(trade("T1", 2.0, price=100.0))
    assert book(trade("T2", 3.0, price=100.0, corrects="T1")).status_code == 200
    assert quantities(api)["A"] == 13.0
    assert book({"trade_id": "T3", "cancels": "T1"}).status_code == 409
    cancelled = book({"trade_id": "T4", "cancels": "T2"})
    assert cancelled.json()["trades"][0]["quantity"] == -3.0
    assert quantities(api)["A"] == 10.0
    assert book({"trade_id": "T4", "cancels": "T2"}).content == cancelled.content
    assert "there is no trade 'T9'" in book({"trade_id": "T5", "cancels": "T9"}).json()["detail"]


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ('{"trade_id":"x","portfolio":"main","symbol":"A","quantity":NaN}', "finite"),
        ('{"trade_id":"x","portfolio":"main","symbol":"A","quantity":1e999}', "quantity"),
        ('{"trade_id":"x","portfolio":"main","symbol":"A","quantity":0}', "quantity of 0"),
        ('{"trade_id":"x","portfolio":"main","symbol":"A","quantity":1,"price":-3}', "price"),
        ('{"trade_id":"x","portfolio":"main","symbol":"A"}', "a portfolio, a symbol and a quantity"),
        ('{"trade_id":"x","portfolio":"main","symbol":"=cmd()","quantity":1}', "symbol"),
        ('{"trade_id":"x","portfolio":"main","symbol":"NOTHING","quantity":1}', "neither held nor watched"),
        ('{"trade_id":"x","portfolio":"nobody","symbol":"A","quantity":1}', "no portfolio 'nobody'"),
        ('{"trade_id":"\\ud800","portfolio":"main","symbol":"A","quantity":1}', "trade_id"),
        ('{"trade_id":"\\u0000","portfolio":"main","symbol":"A","quantity":1}', "trade_id"),
        ('{"trade_id":"","portfolio":"main","symbol":"A","quantity":1}', "trade_id"),
        ('{"trade_id":"x","portfolio":"main","symbol":"A","quantity":1,"qty":2}', "qty"),
        (
            '{"trade_id":"x","portfolio":"main","symbol":"A","quantity":1,"event_time":"2026-01-01T00:00:00"}',
            "timezone",
        ),
        ('{"trade_id":"x","cancels":"y","quantity":1}', "nothing else"),
        ('{"trades":[]}', "trades"),
        ("nonsense", "JSON"),
    ],
)
def test_what_is_no_trade_is_a_problem_that_says_so(api, book, body, what):
    answer = api.post("/api/v1/trades", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert what in answer.text
    assert quantities(api)["A"] == 10.0


def test_a_book_stated_again_at_a_restart_leaves_alone_what_was_traded(api, book, engine, new_live_engine):
    first = book(trade("T1", 2.5))
    engine.stop()
    new_live_engine((BOOK,)).start()
    assert book(trade("T1", 2.5)).content == first.content
    assert quantities(api)["A"] == 12.5


def test_another_book_is_the_whole_book_from_then_on(api, book, engine, new_live_engine, until):
    book(trade("T1", 2.5))
    engine.stop()
    new_live_engine((Positions((Holding("main", "A", 7.0), Holding("main", "B", 1.0))),)).start()
    until(lambda: quantities(api) == {"A": 7.0, "B": 1.0})


def test_the_average_price_follows_the_trades(api, book):
    def average():
        rows = api.get("/api/v1/portfolios/main/positions").json()
        return {row["symbol"]: row["avg_price"] for row in rows}

    book(trade("T1", 4.0, "C", price=10.0))
    book(trade("T2", 4.0, "C", price=20.0))
    assert average() == {"A": None, "B": None, "C": 15.0}
    book(trade("T3", -6.0, "C", price=30.0))
    assert average()["C"] == 15.0


def test_a_replay_of_the_journal_books_the_trades_again(api, book, engine, tailwatch, tmp_path, until):
    engine.trade_for(3, A=100.0, B=50.0)
    book(trade("T1", 2.5))
    engine.trade_for(3, A=100.0, B=50.0)

    def held():
        answer = api.get("/api/v1/portfolios/main/risk")
        return answer.status_code in (200, 503) and quantities(api)["A"] == 12.5

    until(held)
    engine.journal.flush(20.0)
    engine.stop()
    out = tmp_path / "out.ndjson"
    tailwatch("replay", tmp_path / "journal", "--bar", "1s", "--paths", "500", "--out", out)
    mine = [s for s in map(json.loads, out.read_text().splitlines()) if s["portfolio"] == "main"]
    bought = [s["positions"][0]["quantity"] for s in mine]
    assert bought[0] == 10.0
    assert bought[-1] == 12.5


def test_the_trades_table_says_what_was_booked_with_its_references(book, engine, database_url):
    book(trade("T1", 2.0, price=100.0, event_time="2026-11-22T09:30:00.25Z"))
    book(trade("T2", 3.0, price=100.0, corrects="T1"))
    with psycopg.connect(database_url) as connection:
        rows = connection.execute(
            "select trade_id, portfolio, symbol, quantity, price, event_ns, corrects from trades order by trade_id"
        ).fetchall()
    assert rows[0] == ("T1", "main", "A", 2.0, 100.0, 1_795_339_800_250_000_000, None)
    assert rows[1][-1] == "T1"
