"""Schemathesis asks every route what its description allows and what it does not; a real engine answers."""

import threading
from collections import Counter

import httpx
import pytest
import schemathesis
from schemathesis.core.failures import Failure
from schemathesis.engine import events, from_schema
from schemathesis.generation import GenerationMode

from api.server import ApiServer
from api.settings import ApiSettings
from flows.commands import Holding, Positions
from storage.runs import PartStore
from storage.tokens import TokenStore

BOOK = Positions((Holding("main", "BTCUSDT", 10.0), Holding("main", "B", -4.0), Holding("hedge", "B", 3.0)))
THERE_IS = {
    "portfolios": ("main", "hedge"),
    "symbols": ("BTCUSDT", "B"),
    "scenarios": ("Black Monday 1987", "tech -20 %"),
    "histories": ("prices.csv",),
    "moments": ("2023-11-14T22:13:29Z", "2023-11-14T22:13:31.5Z"),
}
WHERE = {
    "path.id": "portfolios",
    "path.name": "scenarios",
    "body.history": "histories",
    "query.symbols": "symbols",
    "query.portfolio": "portfolios",
    "query.scenarios": "scenarios",
    "query.from": "moments",
    "query.start": "moments",
    "query.known": "moments",
    "body.portfolio": "portfolios",
    "body.instruments[*].symbol": "symbols",
    "body.positions[*].portfolio": "portfolios",
    "body.positions[*].symbol": "symbols",
    "body.symbol": "symbols",
    "body.trades[*].portfolio": "portfolios",
    "body.trades[*].symbol": "symbols",
    "body.groups[*].symbols[*]": "symbols",
}
"""Where half of the cases name what there is: at random hardly a question would reach the engine."""
ENDLESS = "/api/v1/stream"
LEAST = 2_000
EXAMPLES = 24
REFUSALS = [400, 401, 403, 404, 405, 409, 413, 422, 431]


@pytest.fixture
def served(new_live_engine, database_url, until, monkeypatch):
    """An engine with figures, and the API in front of it, which asks for a token; gives both."""
    monkeypatch.setattr("api.rates.REQUESTS", (1e9, 1e9))
    monkeypatch.setattr("api.rates.FAILURES", (1e9, 1e9))
    engine = new_live_engine((BOOK,)).start()
    engine.trade_for(12, BTCUSDT=100.0, B=50.0)
    parts = PartStore(database_url)
    for part in ("archive", "engine"):
        parts.beat(part, engine.run, b"{}")
    parts.beat("jobs", None, b'{"histories": ["prices.csv"]}')
    parts.close()
    store = TokenStore(database_url)
    secret = store.create("ann", "admin")
    store.close()
    settings = ApiSettings(
        database_url=database_url, port=0, tokens=True, answer_timeout_s=20.0, heartbeat_limit_s=1e6, risk_limit_s=1e6
    )
    server = ApiServer(settings)
    thread = threading.Thread(target=server.work, daemon=True)
    thread.start()
    until(lambda: server.started and "main" in server.app.state.services.hub.latest)
    yield server, secret
    server.stop()
    thread.join(20.0)
    assert not thread.is_alive()


@pytest.fixture
def job(served):
    """The id of a job that nobody does."""
    server, secret = served
    wanted = {"kind": "monte_carlo", "portfolio": "main"}
    told = httpx.post(f"{server.url}/api/v1/jobs", json=wanted, headers={"Authorization": f"Bearer {secret}"})
    assert told.status_code == 202, told.text
    return told.json()["id"]


@pytest.fixture
def alert(served, until):
    """The id of an alert that fires."""
    server, secret = served
    with httpx.Client(base_url=f"{server.url}/api/v1", headers={"Authorization": f"Bearer {secret}"}) as client:
        told = client.put("/portfolios/main/limits", json={"limits": [{"rule": "gross", "breach": 1.0}]})
        assert told.status_code == 200, told.text
        return until(lambda: client.get("/alerts").json())[0]["id"]


def configuration(url, secret, alert, job):
    return schemathesis.Config.from_dict(
        {
            "seed": 7,
            "base-url": url,
            "headers": {"Authorization": f"Bearer {secret}"},
            "dictionaries": {
                name: {"values": list(values)}
                for name, values in (THERE_IS | {"alerts": (alert,), "jobs": (job,), "tokens": (secret,)}).items()
            },
            "parameters": {place: {"dictionary": name, "probability": 0.5} for place, name in WHERE.items()},
            "generation": {"max-examples": EXAMPLES, "deterministic": True, "database": "none", "no-shrink": True},
            "checks": {
                "enabled": True,
                "positive_data_acceptance": {"expected-statuses": ["2xx", "3xx", 404, 409, 422]},
                "negative_data_rejection": {"expected-statuses": REFUSALS},
            },
            "operations": [
                {
                    "include-path": "/api/v1/alerts/{id}/ack",
                    "parameters": {"path.id": {"dictionary": "alerts", "probability": 0.5}},
                },
                {
                    "include-path": "/api/v1/jobs/{id}",
                    "parameters": {"path.id": {"dictionary": "jobs", "probability": 0.5}},
                },
                {
                    # The queue is full after a while.
                    "include-path": "/api/v1/jobs",
                    "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", 404, 422, 429]}},
                },
                {
                    "include-path": "/api/v1/session",
                    "parameters": {"body.token": {"dictionary": "tokens", "probability": 0.5}},
                    "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", 401]}},
                },
            ],
            "phases": {"stateful": {"enabled": False}},
            "suppress-health-check": ["all"],
            "request-timeout": 30,
            "warnings": False,
        }
    )


@schemathesis.check
def refused_though_described(ctx, response, case):
    """What the description allows may be refused by a rule that it cannot tell, never by its form."""
    if response.status_code != 422 or case.meta is None or case.meta.generation.mode != GenerationMode.POSITIVE:
        return
    told = response.json()
    if told["detail"].startswith("the request does not fit") and not any("Value error" in e for e in told["errors"]):
        raise Failure(operation=case.operation.label, title="Refused though described", message=told["detail"])


@pytest.mark.timeout(300)
def test_every_route_keeps_to_its_description_and_none_is_open_that_is_not_said_to_be(served, alert, job):
    server, secret = served
    config = configuration(server.url, secret, alert, job)
    schema = schemathesis.openapi.from_dict(server.app.openapi(), config=config).exclude(path=ENDLESS)
    asked, statuses, failures = Counter(), Counter(), []
    for event in from_schema(schema).execute():
        if isinstance(event, events.NonFatalError):
            failures.append(f"{event.label}: {event.info}")
        if isinstance(event, events.ScenarioFinished):
            asked[event.label] += len(event.recorder.cases)
            found = event.recorder.interactions.values()
            statuses.update((event.label, one.response.status_code) for one in found if one.response is not None)
            failures += told(event)
    print(f"{asked.total()} cases, {Counter(code for _, code in statuses.elements())}")
    assert not failures, "\n\n".join(failures)
    assert set(asked) == {one.ok().label for one in schema.get_all_operations()}
    assert asked.total() >= LEAST
    for label in asked:
        reached = {code for name, code in statuses if name == label} - {400, 401, 405, 422, 431}
        assert reached, f"nothing that was asked of {label} came through to what it does"


def told(event):
    return [
        f"{event.label}: {check.name}: {check.failure_info.failure.message}\n{check.failure_info.code_sample}"
        for checks in event.recorder.checks.values()
        for check in checks
        if check.failure_info is not None
    ]
