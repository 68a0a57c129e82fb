"""Why VaR moved between two moments, asked for over HTTP."""

import psycopg
import pytest

from api.models import Explanation
from flows.commands import Holding, Positions

BOOK = Positions((Holding("main", "A", 10.0), Holding("main", "B", -4.0)))


@pytest.fixture
def engine(new_live_engine):
    engine = new_live_engine((BOOK,)).start()
    engine.trade_for(12, A=100.0, B=50.0)
    return engine


@pytest.fixture
def moments(api, engine, until, database_url):
    """Event times of the snapshots with figures, oldest first, once a trade was made in their midst."""
    until(lambda: api.get("/api/v1/portfolios/main/risk").status_code == 200)
    trade = {"trade_id": "T1", "portfolio": "main", "symbol": "A", "quantity": 5.0}
    assert api.post("/api/v1/trades", json=trade).status_code == 200
    engine.trade_for(5, A=100.0, B=50.0)

    def times():
        with psycopg.connect(database_url) as connection:
            query = (
                "select payload ->> 'event_time', (payload #>> '{positions,0,quantity}')::float8 from risk_snapshots"
                " where portfolio = 'main' and payload #>> '{measures,0,var}' is not null order by id"
            )
            rows = connection.execute(query).fetchall()
        return [row[0] for row in rows] if len(rows) > 8 and rows[-1][1] == 15.0 else None

    return until(times)


def test_the_parts_add_up_to_the_change_for_every_method(api, moments):
    for method in ("parametric", "historical", "monte_carlo"):
        query = {"from": moments[0], "to": moments[-1], "method": method, "confidence": 0.99}
        answer = api.get("/api/v1/portfolios/main/explain", params=query)
        assert answer.status_code == 200, answer.text
        told = Explanation.model_validate_json(answer.content)
        assert told.change == told.var_to - told.var_from
        assert told.unexplained == pytest.approx(0.0, abs=1e-9 * max(told.var_to, told.var_from))
        assert told.missing == 0
        assert told.trades > 0.0
        assert told.snapshots > 5


def test_what_was_forgotten_between_is_said_to_be_unexplained(api, moments, database_url, engine):
    engine.stop()
    with psycopg.connect(database_url) as connection:
        gone = connection.execute(
            "delete from risk_snapshots where event_time > %s and event_time < %s", [moments[2], moments[-3]]
        ).rowcount
    query = {"from": moments[0], "to": moments[-1], "method": "parametric"}
    told = Explanation.model_validate_json(api.get("/api/v1/portfolios/main/explain", params=query).content)
    assert told.missing >= gone > 0
    total = told.trades + told.prices + told.covariance + told.scenarios + told.unexplained
    assert total == pytest.approx(told.change)


@pytest.mark.parametrize(
    ("query", "status", "what"),
    [
        ({"confidence": 0.9}, 422, "there is at 0.95, 0.975, 0.99"),
        ({"method": "guess"}, 422, "method"),
        ({"from": "2026-01-01T00:00:00"}, 422, "from"),
        ({"to": "2000-01-01T00:00:00Z"}, 422, "no figures as of 2000-01-01"),
        ({"from": "2100-01-01T00:00:00Z", "to": "2099-01-01T00:00:00Z"}, 422, "before"),
    ],
)
def test_what_cannot_be_explained_is_a_problem(api, moments, query, status, what):
    answer = api.get("/api/v1/portfolios/main/explain", params=query)
    assert answer.status_code == status, answer.text
    assert what in answer.text


def test_from_before_there_were_figures_is_from_the_first_that_there_were(api, moments):
    query = {"from": "2000-01-01T00:00:00Z", "to": moments[-1]}
    assert api.get("/api/v1/portfolios/main/explain", params=query).json()["start"] == moments[0]


def test_nobody_has_moved_who_is_not_there(api, moments):
    assert api.get("/api/v1/portfolios/nobody/explain").status_code == 404
