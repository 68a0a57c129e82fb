"""Portfolios, risk, positions and history over HTTP."""

from typing import Any

import msgspec
import pytest

from api.models import History, PortfolioSummary, Position, RiskSnapshot

pytestmark = pytest.mark.anyio


def assert_problem(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    assert "Traceback" not in answer.text
    return body


async def test_risk_is_the_stored_bytes_and_fits_its_model(engine: Any, asked: Any) -> None:
    payload = engine.risk()
    async with asked() as client:
        answer = await client.get("/api/v1/portfolios/main/risk")
    assert answer.status_code == 200
    assert answer.content == payload
    assert answer.headers["content-type"] == "application/json"
    assert RiskSnapshot.model_validate_json(answer.content).model_dump(mode="json") == answer.json()


async def test_unchanged_risk_is_not_sent_again(engine: Any, asked: Any) -> None:
    engine.risk()
    async with asked() as client:
        first = await client.get("/api/v1/portfolios/main/risk")
        tag = first.headers["etag"]
        again = await client.get("/api/v1/portfolios/main/risk", headers={"If-None-Match": f'"other", W/{tag}'})
        other = await client.get("/api/v1/portfolios/main/risk", headers={"If-None-Match": '"other"'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert other.status_code == 200


async def test_unknown_portfolio_is_a_404(engine: Any, asked: Any) -> None:
    engine.risk()
    async with asked() as client:
        for path in ("risk", "positions", "risk/history"):
            assert_problem(await client.get(f"/api/v1/portfolios/nobody/{path}"), 404)


async def test_warming_up_is_a_503_that_says_why(engine: Any, asked: Any) -> None:
    engine.risk(var=None)
    async with asked() as client:
        answer = await client.get("/api/v1/portfolios/main/risk")
        listed = (await client.get("/api/v1/portfolios")).json()
    assert assert_problem(answer, 503)["reason"] == "warming up: 3 of 30 observations"
    assert answer.headers["retry-after"]
    assert [(one["state"], one["reason"]) for one in listed] == [("warming_up", "warming up: 3 of 30 observations")]


async def test_booked_portfolio_without_a_snapshot_is_warming_up(engine: Any, asked: Any) -> None:
    engine.book("main", "BTCUSDT", 2.0)
    async with asked() as client:
        assert "reason" in assert_problem(await client.get("/api/v1/portfolios/main/risk"), 503)


async def test_portfolios_are_listed_with_their_last_figures(engine: Any, asked: Any) -> None:
    engine.risk("main", var=50.0)
    engine.risk("main", var=60.0)
    engine.risk("desk", var=70.0)
    async with asked() as client:
        answer = await client.get("/api/v1/portfolios")
    listed = [PortfolioSummary.model_validate(one) for one in answer.json()]
    assert [(one.portfolio, one.measures[0].var, one.state) for one in listed] == [
        ("desk", 70.0, "ok"),
        ("main", 60.0, "ok"),
    ]
    assert answer.headers["x-stream-cursor"]


async def test_positions_are_those_booked(engine: Any, asked: Any) -> None:
    engine.book("main", "BTCUSDT", -2.0)
    async with asked() as client:
        body = (await client.get("/api/v1/portfolios/main/positions")).json()
    assert [Position.model_validate(one).quantity for one in body] == [-2.0]
    assert body[0] == {
        "portfolio": "main",
        "symbol": "BTCUSDT",
        "quantity": -2.0,
        "avg_price": 10.5,
        "multiplier": 1.0,
        "currency": "USD",
        "desk": "crypto",
    }


async def test_history_gives_the_last_snapshot_of_each_interval(engine: Any, asked: Any) -> None:
    snapshots = [engine.risk(var=float(var)) for var in range(10)]
    span = {"start": "2026-11-22T12:00:00Z", "end": "2026-11-22T12:00:10Z", "resolution": "5s"}
    async with asked() as client:
        answer = await client.get("/api/v1/portfolios/main/risk/history", params=span)
    history = History.model_validate(answer.json())
    assert [point.measures[0].var for point in history.points] == [4.0, 9.0]
    assert history.points[0].event_time == "2026-11-22T12:00:04.000000000Z"
    newest, point = msgspec.json.decode(snapshots[9]), history.points[1]
    assert (point.market_value, point.pnl_today) == (newest["market_value"], newest["pnl_today"])
    assert (history.start, history.resolution) == ("2026-11-22T12:00:00.000000000Z", "5s")


async def test_as_of_a_moment_gives_what_was_known_then(engine: Any, asked: Any) -> None:
    first = engine.risk(var=1.0)
    known = msgspec.json.decode(first)["published_at"]
    engine.risk(var=2.0)
    async with asked() as client:
        path = "/api/v1/portfolios/main/risk/as-of"
        answer = await client.get(path, params={"known": known})
        assert answer.content == first
        assert_problem(await client.get(path, params={"known": "2001-01-01T00:00:00Z"}), 404)
        assert_problem(await client.get(path, params={"known": "noon"}), 422)
        assert_problem(await client.get(path), 422)
        assert_problem(await client.get("/api/v1/portfolios/none/risk/as-of", params={"known": known}), 404)


async def test_history_by_itself_ends_with_the_newest_snapshot(engine: Any, asked: Any) -> None:
    for var in range(3):
        engine.risk(var=float(var))
    async with asked() as client:
        points = (await client.get("/api/v1/portfolios/main/risk/history")).json()["points"]
    assert points[-1]["measures"][0]["var"] == 2.0


async def test_history_says_when_the_day_began_by_the_settings_of_the_run(engine: Any, asked: Any) -> None:
    engine.settle({"day_start": "17:00", "day_zone": "America/New_York"})
    engine.risk()
    async with asked() as client:
        history = (await client.get("/api/v1/portfolios/main/risk/history")).json()
    assert history["day_began"] == "2026-11-21T22:00:00.000000000Z"


async def test_history_says_where_it_begins_whatever_part_of_it_is_asked_for(engine: Any, asked: Any) -> None:
    for var in range(10):
        engine.risk(var=float(var))
    span = {"start": "2026-11-22T12:00:05Z", "end": "2026-11-22T12:00:10Z"}
    async with asked() as client:
        history = (await client.get("/api/v1/portfolios/main/risk/history", params=span)).json()
    assert history["begins"] == "2026-11-22T12:00:00.000000000Z"
    assert history["day_began"] == "2026-11-22T00:00:00.000000000Z"


@pytest.mark.parametrize(
    "params",
    [
        {"resolution": "2d"},
        {"resolution": "500ms"},
        {"resolution": "0s"},
        {"resolution": "-1s"},
        {"start": "yesterday"},
        {"start": "2026-11-22T12:00:00"},
        {"start": "0001-01-01T00:00:00Z", "end": "9999-12-31T23:59:59Z"},
        {"start": "2026-11-22T12:00:00Z", "end": "2026-11-22T11:00:00Z"},
        {"start": "2026-01-01T00:00:00Z", "end": "2026-11-22T11:00:00Z", "resolution": "1s"},
    ],
)
async def test_history_of_an_impossible_span_is_a_422(engine: Any, asked: Any, params: dict[str, str]) -> None:
    engine.risk()
    async with asked() as client:
        assert_problem(await client.get("/api/v1/portfolios/main/risk/history", params=params), 422)


async def test_one_run_is_never_mixed_with_another(new_engine: Any, asked: Any) -> None:
    new_engine("replay-0011223344ff", "replay").risk("old")
    new_engine("live").risk("new")
    async with asked() as client:
        assert [one["portfolio"] for one in (await client.get("/api/v1/portfolios")).json()] == ["new"]
    async with asked(run="replay-0011223344ff") as client:
        assert [one["portfolio"] for one in (await client.get("/api/v1/portfolios")).json()] == ["old"]


async def test_database_without_a_run_is_a_503(asked: Any) -> None:
    async with asked(loaded=False) as client:
        for path in ("", "/main/risk", "/main/positions", "/main/risk/history"):
            assert "reason" in assert_problem(await client.get(f"/api/v1/portfolios{path}"), 503)


async def test_new_snapshot_is_seen_without_asking_the_database_again(engine: Any, asked: Any) -> None:
    engine.risk(var=1.0)
    async with asked() as client:
        hub = client._transport.app.state.services.hub
        engine.risk(var=2.0)
        while hub.head < 2:
            await hub.change(5.0)
        body = (await client.get("/api/v1/portfolios/main/risk")).json()
    assert body["measures"][0]["var"] == 2.0


async def test_large_answers_are_compressed(engine: Any, asked: Any) -> None:
    engine.risk(size=5_000)
    async with asked() as client:
        answer = await client.get("/api/v1/portfolios/main/risk")
    assert answer.headers["content-encoding"] == "gzip"
    assert msgspec.json.decode(answer.content)["portfolio"] == "main"
