"""Whatever one may ask of the API has a bound; every bound has an answer, a metric, a test and a line in the docs."""

import re
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from api.metrics import Metrics
from api.settings import ApiSettings

ROOT = Path(__file__).resolve().parents[2]
DOCS = (ROOT / "docs" / "how-to" / "let-others-in.md").read_text().split("## Bounds")[1]
NAMED = re.compile(r"^((?:MOST|LONGEST|LONG|LARGEST)\w*) *=", re.MULTILINE)
REFUSED, ANSWERS = "tailwatch_http_refused_total", "tailwatch_http_requests_total"


class Cap(NamedTuple):
    """How the default is written in the docs, what counts it, and the test that goes beyond it."""

    written: str
    metric: str
    test: str


CAPS = {
    "max_clients": Cap("1,024", "tailwatch_streams_refused_total", "test_one_stream_too_many_is_told_to_come_back"),
    "max_clients_each": Cap("32", "tailwatch_streams_refused_total", "test_streams_of_one_token_are_counted"),
    "send_timeout_s": Cap("10 s", "tailwatch_streams_evicted_total", "test_reader_that_takes_nothing_is_disconnected"),
    "keep_bytes": Cap(
        "16 MiB",
        "tailwatch_stream_memory_bytes",
        "test_memory_for_events_is_bounded_and_a_reader_beyond_it_is_served_from_the_database",
    ),
    "max_connections": Cap("2,048", REFUSED, "test_one_connection_too_many_is_told_so_and_the_others_stay"),
    "max_head_bytes": Cap("32 KiB", REFUSED, "test_a_long_address_is_refused"),
    "head_timeout_s": Cap("10 s", REFUSED, "test_a_head_that_comes_drop_by_drop_is_ended"),
    "max_body_bytes": Cap("1 MiB", REFUSED, "test_a_body_is_bounded_by_what_comes_whatever_a_header_says_of_it"),
    "body_timeout_s": Cap("30 s", REFUSED, "test_a_body_that_stops_coming_is_not_waited_for"),
    "database_timeout_s": Cap("3 s", ANSWERS, "test_with_the_database_away_nobody_unknown_is_let_in"),
    "answer_timeout_s": Cap("5 s", ANSWERS, "test_no_more_requests_wait_than_a_bound"),
    "protocol.LONGEST_HEAD": Cap("2 MiB", REFUSED, "test_a_head_that_never_ends_is_cut_off_before_it_fills_the_memory"),
    "protocol.LONG_HEADS": Cap("16 MiB", REFUSED, "test_long_heads_are_bounded_together"),
    "rates.REQUESTS": Cap("50 a second, 200 at once", REFUSED, "test_guessing_is_slowed_down_and_asking_too_often_too"),
    "rates.FAILURES": Cap("10 a minute", REFUSED, "test_guessing_is_slowed_down_and_asking_too_often_too"),
    "asking.LONGEST_QUEUE": Cap("256", "tailwatch_requests_waiting", "test_no_more_requests_wait_than_a_bound"),
    "jobs.MOST_OPEN": Cap("16", ANSWERS, "test_a_full_queue_says_when_to_come_back"),
    "models.job.MOST_PATHS": Cap("10,000,000", ANSWERS, "test_what_is_beyond_a_bound_is_refused_in_words"),
    "models.trade.MOST_TRADES": Cap("1,000", ANSWERS, "test_what_is_beyond_a_bound_is_refused_in_words"),
    "models.limit.MOST_LIMITS": Cap("5,000", ANSWERS, "test_what_is_beyond_a_bound_is_refused_in_words"),
    "models.stress.MOST_SYMBOLS": Cap("1,000", ANSWERS, "test_what_is_beyond_a_bound_is_refused_in_words"),
    "models.instrument.MOST_INSTRUMENTS": Cap("5,000", ANSWERS, "test_what_is_beyond_a_bound_is_refused_in_words"),
    "tables.MOST_ROWS": Cap("20,000", ANSWERS, "test_what_is_beyond_a_bound_is_refused_in_words"),
    "routes.reconciliation.MOST_TRADES": Cap("5,000", ANSWERS, "test_what_is_beyond_a_bound_is_refused_in_words"),
    "routes.alerts.MOST_ALERTS": Cap("1,000", ANSWERS, "test_what_is_beyond_a_bound_is_refused_in_words"),
    "routes.history.MOST_POINTS": Cap("4,000", ANSWERS, "test_what_is_beyond_a_bound_is_refused_in_words"),
    "routes.stream.MOST_PORTFOLIOS": Cap("200", ANSWERS, "test_wrong_request_is_a_problem_document"),
    "routes.scenarios.MOST_SCENARIOS": Cap("200", ANSWERS, "test_no_more_scenarios_are_stored_than_a_bound"),
}
INTERNAL = {
    "tokens.MOST_KNOWN": "forgets the oldest answer, which is asked for again",
    "rates.MOST_KNOWN": "forgets the oldest name, which only favours it",
    "receipts.MOST": "of a batch that is written",
    "following.LONGEST_WAIT_S": "a stream looks again after so long",
    "cursor.LONGEST": "longer is no cursor of ours: test_cursor.py",
}
"""What bounds our own memory and refuses nobody."""
TESTS = "\n".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))


def bounds() -> set[str]:
    """Every bound of the API, by what it is called in the code."""
    found = {field.name for field in fields(ApiSettings) if re.search(r"^max_|_timeout_s$|^keep_", field.name)}
    for path in sorted((ROOT / "api").rglob("*.py")):
        module = ".".join(path.relative_to(ROOT / "api").with_suffix("").parts)
        found |= {f"{module}.{name}" for name in NAMED.findall(path.read_text())}
    return found | {"rates.REQUESTS", "rates.FAILURES"}


def test_no_bound_is_without_a_row_here() -> None:
    assert bounds() == set(CAPS) | set(INTERNAL)


@pytest.mark.parametrize("name", CAPS)
def test_each_bound_has_a_default_in_the_docs_a_metric_and_a_test(name: str) -> None:
    cap = CAPS[name]
    assert value_of(name) in {read(one) for one in cap.written.split(", ")} | {cap.written}
    assert cap.written in DOCS, f"the docs do not say {cap.written}"
    families = {family.name for family in Metrics().registry.collect()} | {
        "tailwatch_stream_memory_bytes",
        "tailwatch_requests_waiting",
    }
    assert cap.metric.removesuffix("_total") in families
    assert f"def {cap.test}(" in TESTS


def value_of(name: str) -> Any:
    module, _, constant = name.rpartition(".")
    if not module:
        return getattr(ApiSettings(""), name)
    value = getattr(import_module(f"api.{module}"), constant)
    if name == "rates.REQUESTS":
        return f"{value[0]:g} a second, {value[1]:g} at once"
    return f"{value[0] * 60:g} a minute" if name == "rates.FAILURES" else value


def read(written: str) -> float | None:
    number, _, unit = written.partition(" ")
    scale = {"": 1, "s": 1, "KiB": 1024, "MiB": 1024**2}.get(unit)
    return None if scale is None else float(number.replace(",", "")) * scale


def trades(count: int) -> list[dict[str, Any]]:
    return [{"trade_id": str(i), "portfolio": "main", "symbol": "A", "quantity": 1.0} for i in range(count)]


def positions(count: int) -> list[dict[str, Any]]:
    return [{"portfolio": "main", "symbol": f"S{i}", "quantity": 1} for i in range(count)]


A_DAY = "start=2026-11-22T00:00:00Z&end=2026-11-23T00:00:00Z"
BEYOND = {
    "trades": ("POST", "/trades", {"trades": trades(1_001)}),
    "what-if": ("POST", "/portfolios/main/what-if", {"trades": [{"symbol": "A", "quantity": 1.0}] * 1_001}),
    "limits": ("PUT", "/portfolios/main/limits", {"limits": [{"rule": "gross", "breach": 1.0}] * 5_001}),
    "symbols": ("POST", "/scenarios", {"name": "a", "instruments": {f"S{i}": 0.1 for i in range(1_001)}}),
    "alerts": ("GET", "/alerts?limit=1001", None),
    "points": ("GET", f"/portfolios/main/risk/history?{A_DAY}&resolution=1s", None),
    "rows": ("POST", "/reconciliation", {"positions": positions(20_001)}),
    "differences": ("POST", "/reconciliation?apply=true", {"positions": positions(5_001)}),
    "instruments": ("PUT", "/instruments", {"instruments": [{"symbol": f"S{i}"} for i in range(5_001)]}),
    "paths": ("POST", "/jobs", {"kind": "monte_carlo", "portfolio": "main", "paths": 10_000_001}),
}  # fmt: skip


@pytest.mark.anyio
@pytest.mark.parametrize("what", BEYOND)
async def test_what_is_beyond_a_bound_is_refused_in_words(engine: Any, asked: Any, what: str) -> None:
    engine.risk()
    method, path, body = BEYOND[what]
    async with asked() as client:
        answer = await client.request(method, f"/api/v1{path}", json=body)
        metrics = (await client.get("/metrics")).text
    assert answer.status_code == 422, answer.text
    assert answer.json()["detail"]
    assert re.search(r'http_requests_total\{.*status="422".*\} 1', metrics)


@pytest.mark.anyio
async def test_no_more_scenarios_are_stored_than_a_bound(
    engine: Any, asked: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.risk()
    monkeypatch.setattr("api.routes.scenarios.MOST_SCENARIOS", 1)
    async with asked() as client:
        for name, status in (("one", 200), ("two", 409), ("one", 200)):
            answer = await client.post("/api/v1/scenarios", json={"name": name, "everything": -0.1})
            assert answer.status_code == status, answer.text
