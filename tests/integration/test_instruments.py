"""The instrument master of a running engine, stated over HTTP."""

import pytest

from flows.commands import Holding, Instrument, Positions

BOOK = Positions(
    (Holding("main", "A", 10.0), Holding("main", "SHED", 2.0), Holding("hedge", "A", 1.0)),
    (),
    (Instrument("SHED", mark=5.0),),
)


@pytest.fixture
def engine(new_live_engine):
    return new_live_engine((BOOK,)).start()


@pytest.fixture
def put(api, engine, until):
    until(lambda: api.get("/api/v1/instruments").status_code == 200 and api.get("/api/v1/instruments").json())
    engine.trade_for(8, A=100.0)
    return lambda *rows: api.put("/api/v1/instruments", json={"instruments": rows})


def known(api):
    return {one["symbol"]: one for one in api.get("/api/v1/instruments").json()}


def marked(api):
    answer = api.get("/api/v1/portfolios/main/risk")
    shed = [one for one in answer.json().get("positions", ()) if one["symbol"] == "SHED"]
    return [(one["price"], one["stale"]) for one in shed]


def test_a_mark_is_stated_seen_and_in_the_figures(api, put, engine, until):
    before = known(api)["SHED"]
    assert before["mark"] == 5.0
    answer = put({"symbol": "SHED", "mark": 7.5, "proxy": "A"}, {"symbol": "A", "ends": "2030-01-01T00:00:00Z"})
    assert answer.status_code == 200, answer.text
    after = known(api)
    assert answer.json() == list(after.values())
    assert (after["SHED"]["mark"], after["SHED"]["proxy"]) == (7.5, "A")
    assert after["A"]["ends"] == "2030-01-01T00:00:00.000000000Z"
    assert after["SHED"]["stated_at"] == after["A"]["stated_at"] > before["stated_at"]
    engine.trade_for(3, A=100.0)
    until(lambda: marked(api) == [(7.5, True)])


def test_of_a_faulty_statement_nothing_is_taken_and_it_says_what_is_wrong_by_row(api, put):
    before = known(api)
    refused = put({"symbol": "SHED", "mark": 8.0}, {"symbol": "NOTHING"}, {"symbol": "A", "session": "XTST"})
    assert refused.status_code == 422
    assert refused.headers["content-type"] == "application/problem+json"
    places = [error.split(":")[0] for error in refused.json()["errors"]]
    assert places == ["instruments.1.symbol", "instruments.2.session"]
    held = put({"symbol": "SHED", "mark": 8.0}, {"symbol": "A", "multiplier": 3.0})
    assert held.status_code == 409
    assert held.json()["errors"] == ["instruments.1.multiplier: 'A' is held with 1"]
    for row, words in (
        ({"symbol": "SHED", "product": "option"}, "not linear"),
        ({"symbol": "SHED", "mark": -1.0}, "mark must be greater than 0"),
        ({"symbol": "=cmd()"}, "symbol"),
        ({"symbol": "SHED", "currency": "dollars"}, "currency"),
        ({"symbol": "SHED", "colour": "red"}, "colour"),
    ):
        answer = put(row)
        assert answer.status_code == 422, row
        assert words in answer.text
    assert known(api) == before


def test_what_was_stated_survives_a_restart_on_the_same_book_and_not_another(api, put, engine, new_live_engine, until):
    put({"symbol": "SHED", "mark": 7.5}).raise_for_status()
    stated = known(api)
    engine.stop()
    again = new_live_engine((BOOK,)).start()
    again.trade_for(3, A=100.0)
    until(lambda: marked(api) == [(7.5, True)])
    assert known(api) == stated
    again.stop()
    new_live_engine((Positions(BOOK.positions),)).start()
    until(lambda: known(api) == {})
