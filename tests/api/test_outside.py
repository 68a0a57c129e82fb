"""What the API looks like from outside: routes, headers, hosts, errors, probes and pages."""

import re
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from api.models import Health, Problem, Readiness
from api.reading import DatabaseReader
from api.server import listening_socket
from riskcore.errors import InputError

pytestmark = pytest.mark.anyio

ROUTES = {
    ("DELETE", "/api/v1/silences/{id}"),
    ("GET", "/api/v1/alerts"),
    ("GET", "/api/v1/portfolios/{id}/limits"),
    ("GET", "/api/v1/silences"),
    ("POST", "/api/v1/alerts/{id}/ack"),
    ("PUT", "/api/v1/portfolios/{id}/limits"),
    ("PUT", "/api/v1/silences/{id}"),
    ("DELETE", "/api/v1/session"),
    ("GET", "/api/v1/session"),
    ("POST", "/api/v1/session"),
    ("GET", "/api/v1/health"),
    ("GET", "/api/v1/portfolios"),
    ("GET", "/api/v1/portfolios/{id}/positions"),
    ("GET", "/api/v1/portfolios/{id}/risk"),
    ("GET", "/api/v1/portfolios/{id}/risk/history"),
    ("GET", "/api/v1/portfolios/{id}/risk/as-of"),
    ("GET", "/api/v1/stream"),
    ("GET", "/api/v1/covariance"),
    ("GET", "/api/v1/portfolios/{id}/backtest"),
    ("GET", "/api/v1/instruments"),
    ("PUT", "/api/v1/instruments"),
    ("POST", "/api/v1/reconciliation"),
    ("GET", "/api/v1/jobs"),
    ("POST", "/api/v1/jobs"),
    ("GET", "/api/v1/histories"),
    ("GET", "/api/v1/jobs/{id}"),
    ("DELETE", "/api/v1/jobs/{id}"),
    ("GET", "/api/v1/replay"),
    ("POST", "/api/v1/replay"),
    ("GET", "/api/v1/portfolios/{id}/explain"),
    ("GET", "/api/v1/portfolios/{id}/stress"),
    ("POST", "/api/v1/portfolios/{id}/stress"),
    ("POST", "/api/v1/portfolios/{id}/what-if"),
    ("GET", "/api/v1/scenarios"),
    ("POST", "/api/v1/scenarios"),
    ("DELETE", "/api/v1/scenarios/{name}"),
    ("POST", "/api/v1/trades"),
    ("GET", "/docs"),
    ("GET", "/healthz"),
    ("GET", "/metrics"),
    ("GET", "/openapi.json"),
    ("GET", "/readyz"),
}


async def test_there_is_no_route_that_is_not_on_the_list_and_described(engine: Any, asked: Any, routes: Any) -> None:
    async with asked() as client:
        described = (await client.get("/openapi.json")).json()
        page = (await client.get("/docs")).text
    seen = {(method.upper(), path) for path, methods in described["paths"].items() for method in methods}
    assert seen == ROUTES - {("GET", "/docs"), ("GET", "/openapi.json")}
    registered = set(routes(client))
    assert registered == {(method, re.sub(r"\{\w+\}", "main", path)) for method, path in ROUTES}
    assert all(path in page for _, path in seen)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/nothing", 404),
        ("GET", "/api/v2/portfolios", 404),
        ("POST", "/api/v1/nothing", 404),
        ("POST", "/api/v1/portfolios", 405),
        ("DELETE", "/api/v1/portfolios/main/risk", 405),
        ("GET", "/api/v1/portfolios/%00/risk", 422),
        ("GET", "/api/v1/portfolios/a%0ab/positions", 422),
        ("GET", f"/api/v1/portfolios/{'a' * 200}/risk", 422),
        ("GET", "/api/v1/stream?events=nonsense", 422),
        ("GET", "/api/v1/stream?portfolios=a%00b", 422),
        ("GET", "/api/v1/stream?portfolios=" + ",".join(str(i) for i in range(300)), 422),
        ("GET", "/assets/../../../etc/passwd", 503),
        ("GET", "/%2e%2e/%2e%2e/etc/passwd", 503),
        ("GET", "/x%00y", 404),
        ("GET", "/missing.js", 404),
    ],
)
async def test_wrong_request_is_a_problem_document(
    engine: Any, asked: Any, tmp_path: Any, method: str, path: str, status: int
) -> None:
    engine.risk()
    async with asked(dashboard=tmp_path) as client:
        answer = await client.request(method, path)
    assert answer.status_code == status, answer.text
    if status != 503:
        assert answer.headers["content-type"] == "application/problem+json"
        assert Problem.model_validate_json(answer.content).instance
    assert "root:" not in answer.text


async def test_a_method_that_is_not_taken_is_told_all_that_are(asked: Any) -> None:
    async with asked(loaded=False) as client:
        for path, methods in (("scenarios", "GET, POST"), ("portfolios/main/limits", "GET, PUT"), ("alerts", "GET")):
            answer = await client.request("PATCH", f"/api/v1/{path}")
            assert (answer.status_code, answer.headers["allow"]) == (405, methods)


async def test_error_of_ours_is_a_500_without_its_stack_trace(engine: Any, asked: Any, database_url: str) -> None:
    class Broken(DatabaseReader):
        async def positions(self, run: str, portfolio: str) -> Any:
            raise ZeroDivisionError("secret")

    engine.risk()
    async with asked(Broken(database_url, connections=2, timeout_s=2.0)) as client:
        answer = await client.get("/api/v1/portfolios/main/positions")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text


async def test_every_answer_carries_the_headers_that_protect_a_browser(engine: Any, asked: Any) -> None:
    engine.risk()
    async with asked() as client:
        for path in ("/", "/healthz", "/api/v1/portfolios", "/api/v1/nothing", "/docs"):
            headers = (await client.get(path)).headers
            assert headers["x-content-type-options"] == "nosniff"
            assert "script-src 'self'" in headers["content-security-policy"]
            assert "frame-ancestors 'none'" in headers["content-security-policy"]
            assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "127.0.0.1:8000"}, 200),
        ({"Host": "localhost:9999"}, 200),
        ({"Host": "[::1]:8000"}, 200),
        ({"Host": "evil.example"}, 421),
        ({"Host": "127.0.0.1.evil.example"}, 421),
        ({"Host": ""}, 421),
        ({"Host": "[::1"}, 421),
        ({"Host": "localhost", "Origin": "http://localhost"}, 200),
        ({"Host": "localhost", "Origin": "https://localhost.evil.example"}, 403),
        ({"Host": "localhost", "Origin": "http://evil.example"}, 403),
        ({"Host": "localhost", "Origin": "http://localhost:3000"}, 403),
        ({"Host": "localhost", "Origin": "null"}, 403),
        ({"Host": "watch.example", "Origin": "https://watch.example"}, 200),
    ],
)
async def test_only_our_own_hosts_and_pages_are_answered(asked: Any, headers: dict[str, str], status: int) -> None:
    async with asked(loaded=False, allowed_hosts=("watch.example",)) as client:
        assert (await client.get("/healthz", headers=headers)).status_code == status


async def test_process_is_alive_and_not_ready_when_the_database_is_away(asked: Any) -> None:
    async with asked(loaded=False, database_url="postgresql://nobody@127.0.0.1:1/x", database_timeout_s=0.3) as client:
        alive = await client.get("/healthz")
        ready = await client.get("/readyz")
        health = Health.model_validate_json((await client.get("/api/v1/health")).content)
        risk = await client.get("/api/v1/portfolios/main/risk")
    assert alive.status_code == 200
    assert ready.status_code == 503
    states = {part.name: part.state for part in Readiness.model_validate_json(ready.content).parts}
    assert states["database"] == "down"
    assert health.state == "down"
    assert risk.status_code == 503


@pytest.mark.parametrize(
    ("change", "advice"),
    [
        ("insert into schema_migrations (version, name, flavour) values (9999, 'later', 'x')", "update tailwatch"),
        ("delete from schema_migrations where version > 11", "run `tailwatch db migrate`"),
    ],
)
async def test_a_schema_of_another_version_is_not_read(
    engine: Any, asked: Any, database_url: str, monkeypatch: pytest.MonkeyPatch, change: str, advice: str
) -> None:
    monkeypatch.setattr("storage.pool._CHECK_S", 0.0)
    engine.risk()
    async with asked() as client:
        assert (await client.get("/api/v1/portfolios/main/positions")).status_code == 200
        with psycopg.connect(database_url) as connection:
            connection.execute(change.encode())
        refused = await client.get("/api/v1/portfolios/main/positions")
        ready = await client.get("/readyz")
        alive = await client.get("/healthz")
    assert (refused.status_code, ready.status_code, alive.status_code) == (503, 503, 200)
    database = next(part for part in ready.json()["parts"] if part["name"] == "database")
    assert database["reason"].endswith(advice)


async def test_ready_only_while_every_part_is_well(engine: Any, asked: Any) -> None:
    engine.risk()
    ledger = {"received": 10, "accepted": 7, "duplicate": 1, "late": 1, "rejected": {"price": 1}}
    feed = {"name": "binance", "state": "connected", "age_s": 0.1, "frames": 12, "reconnects": 3, "missing": 7}
    feed |= {"rate": 41.5, "clock_offset_ms": -20.5}
    async with asked(risk_limit_s=1e12) as client:
        assert (await client.get("/readyz")).status_code == 503
        numerics = {"vector_drift": 2e-7, "covariance_drift": 1e-13, "factor_hit_rate": 0.75}
        engine.beat("engine", feeds=[feed], ledger=ledger, ticks_per_s=5, numerics=numerics)
        engine.beat("archive")
        engine.beat("ledger", accounts=[ledger | {"feed": "binance:spot", "symbol": "BTCUSDT", "missing": 2}])
        ready = await client.get("/readyz")
        health = Health.model_validate_json((await client.get("/api/v1/health")).content)
        figures = (await client.get("/metrics")).text
        engine.beat("archive", state="degraded", reason="the database is slow")
        degraded = Readiness.model_validate_json((await client.get("/readyz")).content)
        engine.beat("archive")
        engine.beat("engine", feeds=[feed | {"state": "disconnected"}])
        without_feed = await client.get("/readyz")
    assert ready.status_code == 200, ready.text
    assert health.ledger is not None
    assert health.ledger.rejected == {"price": 1}
    (told,) = health.feeds
    assert (told.frames, told.rate, told.reconnects, told.missing, told.lag_ms) == (12, 41.5, 3, 7, 20.5)
    assert [(one.feed, one.symbol, one.accepted, one.missing) for one in health.accounts] == [
        ("binance:spot", "BTCUSDT", 7, 2)
    ]
    assert 'tailwatch_ticks_by_symbol{fate="late",feed="binance:spot",symbol="BTCUSDT"} 1.0' in figures
    assert next(part.detail for part in health.parts if part.name == "engine") == {
        "ticks_per_s": 5,
        "numerics": numerics,
    }
    assert [part.reason for part in degraded.parts if part.state != "ok"] == ["the database is slow"]
    assert without_feed.status_code == 503
    assert 'tailwatch_ticks{fate="accepted"} 7.0' in figures
    assert 'tailwatch_part_up{part="engine"} 1.0' in figures
    assert 'tailwatch_drift{kept="vector"} 2e-07' in figures
    assert 'tailwatch_drift{kept="covariance"} 1e-13' in figures
    assert "tailwatch_factor_hit_rate 0.75" in figures


async def test_parts_of_another_run_say_nothing_of_the_one_shown(engine: Any, new_engine: Any, asked: Any) -> None:
    engine.beat("engine", state="degraded", reason="of a live run long ago")
    new_engine("replay-0011223344ff", "replay").risk()
    async with asked() as client:
        health = Health.model_validate_json((await client.get("/api/v1/health")).content)
    assert health.run == "replay-0011223344ff"
    assert [part.name for part in health.parts if part.name in ("engine", "archive")] == []


async def test_silent_engine_and_old_figures_make_it_not_ready(engine: Any, asked: Any) -> None:
    engine.risk()
    engine.beat("engine")
    engine.beat("archive")
    async with asked(heartbeat_limit_s=-1.0, risk_limit_s=0.0) as client:
        readiness = Readiness.model_validate_json((await client.get("/readyz")).content)
    reasons = {part.name: part.reason for part in readiness.parts if part.state != "ok"}
    assert "no heartbeat" in str(reasons["engine"])


async def test_a_worker_that_is_silent_leaves_the_figures_as_good_as_they_are(
    engine: Any, asked: Any, database_url: str
) -> None:
    engine.risk()
    for part in ("engine", "archive", "jobs"):
        engine.beat(part)
    with psycopg.connect(database_url) as connection:
        connection.execute("update parts set beat = beat - interval '1 hour' where part = 'jobs'")
    async with asked() as client:
        answer = await client.get("/readyz")
    assert answer.status_code == 200, answer.text
    worker = next(part for part in Readiness.model_validate_json(answer.content).parts if part.name == "jobs")
    assert (worker.state, worker.reason) == ("degraded", "no heartbeat for 3600 s")


async def test_finished_replay_is_ready_without_an_engine(new_engine: Any, asked: Any) -> None:
    new_engine("replay-0011223344ff", "replay").risk()
    async with asked() as client:
        ready = await client.get("/readyz")
    assert ready.status_code == 200, ready.text


async def test_metrics_count_by_route_not_by_path(engine: Any, asked: Any) -> None:
    async with asked() as client:
        for number in range(3):
            await client.get(f"/api/v1/portfolios/{number}/risk")
        text = (await client.get("/metrics")).text
    assert re.search(r'tailwatch_http_requests_total\{.*route="/api/v1/portfolios/\{id\}/risk".*\} 3.0', text)
    assert "portfolios/0" not in text


async def test_dashboard_that_is_not_built_says_how_to_build_it(asked: Any, tmp_path: Any) -> None:
    async with asked(loaded=False, dashboard=tmp_path) as client:
        answer = await client.get("/")
    assert answer.status_code == 503
    assert answer.headers["content-type"].startswith("text/html")
    assert "make" in answer.text


async def test_dashboard_is_served_with_its_pages_and_kept_assets(asked: Any, tmp_path: Any) -> None:
    (tmp_path / "index.html").write_text("<title>tailwatch</title>")
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "index-abc.js").write_text("1")
    async with asked(loaded=False, dashboard=tmp_path) as client:
        page, inner, script = [await client.get(path) for path in ("/", "/portfolio/main", "/assets/index-abc.js")]
        missing = await client.get("/assets/index-old.js")
    assert page.text == inner.text == "<title>tailwatch</title>"
    assert page.headers["cache-control"] == "no-cache"
    assert "javascript" in script.headers["content-type"]
    assert "immutable" in script.headers["cache-control"]
    assert missing.status_code == 404


async def test_port_in_use_is_named_with_what_to_do(settings: Any) -> None:
    with listening_socket(settings) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=rf"port {port} on 127.0.0.1 is in use: .*--port"):
            listening_socket(replace(settings, port=port))


async def test_address_of_another_machine_is_named(settings: Any) -> None:
    with pytest.raises(InputError, match=r"192.0.2.1 is not an address of this machine"):
        listening_socket(replace(settings, host="192.0.2.1"))
    with pytest.raises(InputError, match="not known"):
        listening_socket(replace(settings, host="no.such.host.invalid"))
