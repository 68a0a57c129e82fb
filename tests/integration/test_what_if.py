"""A trader's script asks what a trade would do, over HTTP, while the engine runs."""

import psycopg
import pytest

from api.models import WhatIf
from flows.commands import Holding, Positions

BOOK = Positions((Holding("main", "A", 10.0), Holding("main", "B", -4.0), Holding("hedge", "B", 3.0)), ("C", "D"))


@pytest.fixture
def engine(new_live_engine):
    engine = new_live_engine((BOOK,)).start()
    engine.newest = engine.trade_for(12, A=100.0, B=50.0, C=20.0)
    return engine


@pytest.fixture
def ask(api, engine, until):
    def at_rest():
        shown = api.get("/api/v1/portfolios/main/risk")
        rows = shown.json()["positions"] if shown.status_code == 200 else []
        return rows and all(row["price"] == engine.newest[row["symbol"]] for row in rows)

    until(at_rest)  # with the newest prices: no later moment moves a figure

    def post(portfolio="main", **trades):
        wanted = [{"symbol": symbol, "quantity": quantity} for symbol, quantity in trades.items()]
        return api.post(f"/api/v1/portfolios/{portfolio}/what-if", json={"trades": wanted})

    return post


def measures(answer, key):
    return {(m["method"], m["confidence"]): m[key] for m in answer.json()["measures"]}


def test_before_is_what_is_shown_and_after_is_what_the_trade_makes_of_it(api, ask, until):
    answer = ask(A=-5.0)
    assert answer.status_code == 200, answer.text
    found = WhatIf.model_validate_json(answer.content)
    shown = api.get("/api/v1/portfolios/main/risk").json()
    assert found.event_time == shown["event_time"]
    assert found.journal_offset >= shown["quality"]["journal_offset"]
    assert measures(answer, "var_before") == {(m["method"], m["confidence"]): m["var"] for m in shown["measures"]}
    for one in found.measures:
        assert one.incremental_var == one.var_after - one.var_before
        assert one.es_after >= one.var_after
    api.post("/api/v1/trades", json={"trade_id": "T1", "portfolio": "main", "symbol": "A", "quantity": -5.0})
    held = ask(C=0.0)
    assert measures(held, "var_before") == pytest.approx(measures(answer, "var_after"), rel=1e-9)


def test_nothing_is_booked_and_no_figure_is_changed_by_asking(api, ask, engine, database_url):
    before = api.get("/api/v1/portfolios/main/positions").json()
    ask(A=1e6, C=-50.0)
    assert api.get("/api/v1/portfolios/main/positions").json() == before
    with psycopg.connect(database_url) as connection:
        told = connection.execute("select kind, journal_offset from commands").fetchall()
    assert told == [("question", None)]


def test_the_components_that_move_most_come_first(ask):
    rows = ask(C=100.0).json()["components"]
    assert rows[0]["symbol"] == "C"
    assert (rows[0]["quantity_before"], rows[0]["quantity_after"]) == (0.0, 100.0)
    moves = [abs(row["component_var_after"] - row["component_var_before"]) for row in rows]
    assert moves == sorted(moves, reverse=True)


def test_what_has_no_price_is_said_to_be_left_out(ask):
    answer = ask(D=5.0)
    assert answer.json()["uncovered"] == [{"symbol": "D", "reason": "no price yet"}]
    assert measures(answer, "var_after") == measures(answer, "var_before")


def test_each_shard_answers_for_its_own_and_one_for_what_nobody_has(ask):
    assert ask("hedge", B=1.0).json()["portfolio"] == "hedge"
    unknown = ask("nobody", B=1.0)
    assert unknown.status_code == 404
    assert "no portfolio 'nobody'" in unknown.json()["detail"]
    symbol = ask(NOTHING=1.0)
    assert symbol.status_code == 422
    assert symbol.json()["detail"].startswith("trades.0.symbol: 'NOTHING' is neither held nor watched")


def test_a_question_behind_a_restart_is_answered_from_the_present(api, ask, engine, new_live_engine):
    api.post("/api/v1/trades", json={"trade_id": "T1", "portfolio": "main", "symbol": "A", "quantity": -5.0})
    engine.stop()
    new_live_engine((BOOK,)).start()
    rows = {row["symbol"]: row["quantity_before"] for row in ask(A=1.0).json()["components"]}
    assert rows == {"A": 5.0, "B": -4.0}
