"""Limits as an operator sets them and as a pager follows them: over HTTP, with an engine that runs."""

import json
import subprocess
import sys

import pytest

from flows.commands import Holding, Positions

BOOK = Positions((Holding("main", "A", 10.0),))
GROSS = {"rule": "gross", "warning": 900.0, "breach": 5_000.0}


@pytest.fixture
def engine(new_live_engine):
    engine = new_live_engine((BOOK,)).start()
    engine.ticks(A=100.0)
    return engine


@pytest.fixture
def limited(api, engine, until):
    until(lambda: api.get("/api/v1/portfolios/main/positions").status_code == 200)
    answer = api.put("/api/v1/portfolios/main/limits", json={"limits": [GROSS]})
    assert answer.status_code == 200, answer.text
    assert [one["name"] for one in answer.json()] == ["data_quality", "gross"]
    return api


def alerts(api, **query):
    return [one for one in api.get("/api/v1/alerts", params=query).json() if one["rule"] == "gross"]


def test_a_limit_set_over_http_fires_is_acknowledged_once_and_rises(limited, engine, until):
    until(lambda: engine.ticks(A=100.0) or alerts(limited))
    (fired,) = alerts(limited)
    assert (fired["state"], fired["level"], fired["value"]) == ("firing", "warning", 1_000.0)
    known = limited.post(f"/api/v1/alerts/{fired['id']}/ack")
    assert (known.status_code, known.json()["state"]) == (200, "acknowledged")
    assert known.json()["reason"] == "acknowledged by local"
    assert limited.post(f"/api/v1/alerts/{fired['id']}/ack").status_code == 409
    assert limited.post("/api/v1/alerts/nothing/ack").status_code == 404
    until(lambda: engine.ticks(A=600.0) or len(alerts(limited)) >= 3)
    assert [(one["state"], one["level"]) for one in alerts(limited)][-1] == ("firing", "breach")
    assert alerts(limited, since=fired["id"]) == alerts(limited)[1:]
    shown = next(one for one in limited.get("/api/v1/portfolios/main/limits").json() if one["name"] == "gross")
    assert (shown["state"], shown["level"], shown["utilisation"]) == ("firing", "breach", 6_000.0 / 5_000.0)


def test_what_is_known_of_an_alert_survives_a_restart_of_the_engine(limited, engine, until):
    until(lambda: engine.ticks(A=100.0) or alerts(limited))
    limited.post(f"/api/v1/alerts/{alerts(limited)[0]['id']}/ack")
    before = alerts(limited)
    engine.stop()
    engine.start()
    for _ in range(30):
        engine.ticks(A=100.0)
    until(lambda: limited.put("/api/v1/silences/s1", json=WINDOW).status_code == 200)
    assert alerts(limited) == before
    shown = next(one for one in limited.get("/api/v1/portfolios/main/limits").json() if one["name"] == "gross")
    assert shown["state"] == "acknowledged"


WINDOW = {"starts": "2026-01-01T00:00:00Z", "ends": "2200-01-01T00:00:00Z", "rule": "gross", "comment": "move"}


def test_a_silence_is_set_seen_and_ended_over_http(limited, engine, until):
    made = limited.put("/api/v1/silences/s1", json=WINDOW)
    assert (made.status_code, made.json()["by"]) == (200, "local")
    until(lambda: engine.ticks(A=100.0) or alerts(limited))
    assert [one["silenced"] for one in alerts(limited)] == [True]
    assert [one["comment"] for one in limited.get("/api/v1/silences").json()] == ["move"]
    assert limited.delete("/api/v1/silences/s1").status_code == 204
    until(lambda: engine.ticks(A=100.0) or len(alerts(limited)) == 2)
    assert [one["silenced"] for one in alerts(limited)] == [True, False]
    assert limited.get("/api/v1/silences").json() == []


def test_wrong_limits_change_nothing(limited):
    for body in ({"limits": [{"rule": "gross"}]}, {"limits": [GROSS, GROSS]}, {"limits": [{"rule": "wealth"}]}, {}):
        assert limited.put("/api/v1/portfolios/main/limits", json=body).status_code == 422
    assert len(limited.get("/api/v1/portfolios/main/limits").json()) == 2


def test_the_command_line_sets_limits_and_follows_alerts_once_each_through_its_own_restarts(
    limited, engine, until, tailwatch, tmp_path
):
    place = ("--api", str(limited.base_url))
    (tmp_path / "limits.csv").write_text("portfolio,rule,warning\nmain,gross,500\n")
    assert "main: 1 limits" in tailwatch("limits", "set", tmp_path / "limits.csv", *place).stderr
    until(lambda: engine.ticks(A=100.0) or alerts(limited))
    assert "gross" in tailwatch("limits", "ls", "main", *place).stdout
    file = tmp_path / "state"
    seen = []
    for price in (100.0, 1_000.0):
        command = [sys.executable, "-m", "tailwatch", "alerts", "--follow", *map(str, (*place, "--state", file))]
        follower = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            limited.put("/api/v1/portfolios/main/limits", json={"limits": [GROSS | {"warning": price}]})
            until(lambda at=price: engine.ticks(A=at) or len(alerts(limited)) > len(seen))
            seen.append(json.loads(follower.stdout.readline()))
            until(lambda: file.exists() and seen[-1]["id"] in file.read_text())
        finally:
            follower.kill()
            follower.communicate()
    told = [json.loads(line)["id"] for line in tailwatch("alerts", *place).stdout.splitlines()]
    assert [one["id"] for one in seen] == told[:2]
    assert tailwatch("alerts", "--api", "http://127.0.0.1:1", status=1).stderr.count("\n") == 1
