"""Stress scenarios stored and asked for over HTTP, and the covariance behind the figures."""

import numpy as np
import pytest

from api.models import Covariance, Scenario, Stress
from flows.commands import Holding, Positions

BOOK = Positions((Holding("main", "A", 10.0), Holding("main", "B", -4.0), Holding("hedge", "B", 3.0)), ("C",))


@pytest.fixture
def engine(new_live_engine):
    engine = new_live_engine((BOOK,)).start()
    engine.trade_for(12, A=100.0, B=50.0)
    return engine


@pytest.fixture
def shown(api, engine, until):
    """The risk snapshot of main, once there is one."""

    def risk():
        answer = api.get("/api/v1/portfolios/main/risk")
        return answer.json() if answer.status_code == 200 else None

    until(risk)
    return risk


def pnl(answer):
    assert answer.status_code == 200, answer.text
    found = Stress.model_validate_json(answer.content)
    return {one.scenario: one.pnl for one in found.results}


def test_a_stored_scenario_is_listed_used_replaced_and_deleted(api, shown):
    scenario = {"name": "A halves", "instruments": {"A": -0.5}, "description": "a test"}
    assert api.post("/api/v1/scenarios", json=scenario).json()["built_in"] is False
    names = [Scenario.model_validate(one).name for one in api.get("/api/v1/scenarios").json()]
    assert names[-1] == "A halves"
    assert "Black Monday 1987" in names
    value = {row["symbol"]: row["market_value"] for row in shown()["positions"]}
    assert pnl(api.get("/api/v1/portfolios/main/stress?scenarios=A halves"))["A halves"] == pytest.approx(
        -0.5 * value["A"], rel=1e-2
    )
    api.post("/api/v1/scenarios", json=scenario | {"instruments": {"A": 0.5}})
    assert pnl(api.get("/api/v1/portfolios/main/stress"))["A halves"] > 0
    assert api.delete("/api/v1/scenarios/A halves").status_code == 204
    assert api.delete("/api/v1/scenarios/A halves").status_code == 404
    assert api.get("/api/v1/portfolios/main/stress?scenarios=A halves").status_code == 422


def test_built_in_scenarios_have_a_source_and_stay(api, shown):
    built_in = [one for one in api.get("/api/v1/scenarios").json() if one["built_in"]]
    assert len(built_in) >= 5
    assert all(one["source"] for one in built_in)
    assert api.delete("/api/v1/scenarios/Black Monday 1987").status_code == 409
    named = {"name": "Black Monday 1987", "everything": -0.1}
    assert api.post("/api/v1/scenarios", json=named).status_code == 409


def test_positions_add_up_to_the_whole_with_the_largest_loss_first(api, shown):
    answer = api.post("/api/v1/portfolios/main/stress", json={"everything": -0.1})
    (result,) = answer.json()["results"]
    assert result["scenario"] == "ad hoc"
    told = [row["pnl"] for row in result["positions"]]
    assert sum(told) == result["pnl"]
    assert told == sorted(told)
    for row in result["positions"]:
        assert row["pnl"] == pytest.approx(-0.1 * row["market_value"], rel=1e-12)
    assert answer.json()["market_value"] == pytest.approx(sum(r["market_value"] for r in result["positions"]))


def test_groups_give_way_to_instruments_and_what_is_not_shocked_may_follow(api, shown):
    group = {"name": "x", "groups": [{"symbols": ["A", "B"], "shock": -0.1}], "instruments": {"B": 0.2}}
    (result,) = api.post("/api/v1/portfolios/main/stress", json=group).json()["results"]
    moves = {row["symbol"]: row["pnl"] / row["market_value"] for row in result["positions"]}
    assert moves == pytest.approx({"A": -0.1, "B": 0.2})
    follow = {"name": "x", "instruments": {"A": -0.1}, "propagate": True}
    answer = api.post("/api/v1/portfolios/main/stress", json=follow).json()
    moves = {row["symbol"]: row["pnl"] / row["market_value"] for row in answer["results"][0]["positions"]}
    told = Covariance.model_validate_json(api.get("/api/v1/covariance?symbols=A,B").content)
    beta = told.covariance[0][1] / told.covariance[0][0]
    assert moves["A"] == pytest.approx(-0.1)
    assert moves["B"] == pytest.approx(-0.1 * beta, rel=0.3, abs=1e-3)


def test_an_episode_is_what_the_last_bars_did_once_more(api, shown):
    answer = api.post("/api/v1/portfolios/main/stress", json={"name": "x", "episode": {"bars": 5}})
    assert pnl(answer)["x"] != 0.0
    (again,) = [
        one for one in api.get("/api/v1/portfolios/main/stress").json()["results"] if "60 bars" in one["scenario"]
    ]
    assert again["pnl"] is None
    assert "bars before" in again["reason"]


@pytest.mark.parametrize(
    ("scenario", "what"),
    [
        ({"name": "x"}, "one of the two"),
        ({"name": "x", "everything": -0.1, "episode": {"bars": 3}}, "one of the two"),
        ({"name": "x", "everything": -1.5}, "everything"),
        ({"name": "x", "everything": -0.1, "propagate": True}, "propagate"),
        ({"name": "x", "instruments": {"NOTHING": 0.1}}, "'NOTHING' is neither held nor watched"),
        ({"name": "x", "instruments": {"C": 0.1}, "propagate": True}, "C"),
        ({"name": "x", "episode": {"bars": 5_000}}, "bars before"),
        ({"name": "a,b", "everything": -0.1}, "name"),
        ({"name": "x", "everyting": -0.1}, "everyting"),
    ],
)
def test_a_scenario_that_is_none_is_a_problem_that_says_so(api, shown, scenario, what):
    answer = api.post("/api/v1/portfolios/main/stress", json=scenario)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert what in answer.text


def test_the_covariance_is_that_of_the_figures(api, shown):
    told = Covariance.model_validate_json(api.get("/api/v1/covariance?symbols=B,A").content)
    assert told.symbols == ["B", "A"]
    matrix = np.array(told.covariance)
    assert np.sqrt(np.diagonal(matrix)) == pytest.approx(told.volatilities)
    assert told.correlation[0][1] == pytest.approx(matrix[0, 1] / np.prod(told.volatilities))
    assert told.conditioning.condition_number >= 1.0
    assert min(told.observations) >= 5
    everything = Covariance.model_validate_json(api.get("/api/v1/covariance").content)
    assert len(everything.symbols) == 3
    assert everything.correlation[2][2] is None
    assert api.get("/api/v1/covariance?symbols=NOTHING").status_code == 422
