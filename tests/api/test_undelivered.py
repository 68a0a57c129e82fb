"""Alerts that nobody was given are counted, until somebody is."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import httpx
import msgspec
import pytest

from api.receipts import Receipts
from storage.errors import DatabaseUnavailableError
from storage.rows import OutboxRow

Until = Callable[..., None]


@pytest.fixture
def alert(engine: Any, database_url: str) -> Any:
    """Tell alerts of now, or of so many days ago."""

    def tell(*names: str, portfolio: str = "main", state: str = "firing", days_ago: int = 0) -> None:
        when = time.time_ns() - days_ago * 86_400 * 10**9
        for name in names:
            engine._offset += 1
            payload = msgspec.json.encode({"schema": 1, "id": name, "portfolio": portfolio, "state": state})
            engine._outbox.write([OutboxRow(portfolio, engine._offset, "alert", 0, when, payload)])

    return tell


def undelivered(server: Any) -> Any:
    return httpx.get(f"{server.url}/api/v1/health").json()["undelivered"]


def test_alerts_that_nobody_was_given_are_counted_until_a_client_asks_for_them(
    engine: Any, server: Any, alert: Any, until: Until
) -> None:
    engine.risk()
    until(lambda: undelivered(server) == 0)
    alert("a", "b")
    alert("ack", state="acknowledged")
    alert("old", days_ago=8)
    until(lambda: undelivered(server) == 2)
    text = httpx.get(f"{server.url}/metrics").text
    assert "tailwatch_alerts_undelivered 2.0" in text
    assert [one["id"] for one in httpx.get(f"{server.url}/api/v1/alerts").json()][:2] == ["a", "b"]
    until(lambda: undelivered(server) == 0)


def test_a_stream_takes_only_what_it_was_sent(
    engine: Any, server: Any, alert: Any, open_stream: Any, until: Until
) -> None:
    engine.risk("main")
    with open_stream(server.url, portfolios="main") as stream:
        stream.next()
        alert("mine", "too")
        alert("theirs", portfolio="other")
        assert [one.json()["id"] for one in stream.take(2)] == ["mine", "too"]
        until(lambda: undelivered(server) == 1)
    alert("late")
    until(lambda: undelivered(server) == 2)


def test_a_client_that_comes_back_takes_what_it_missed(
    engine: Any, server: Any, alert: Any, open_stream: Any, until: Until
) -> None:
    engine.risk("main")
    with open_stream(server.url) as stream:
        seen = stream.next().id
    alert("a", "b")
    until(lambda: undelivered(server) == 2)
    with open_stream(server.url, seen, events="alert") as stream:
        stream.take(2)
        until(lambda: undelivered(server) == 0)


def test_what_one_process_gave_another_one_knows(
    engine: Any, server: Any, start: Any, alert: Any, until: Until
) -> None:
    engine.risk("main")
    alert("a")
    with start() as other:
        until(lambda: undelivered(other) == 1)
        httpx.get(f"{server.url}/api/v1/alerts").raise_for_status()
        until(lambda: undelivered(other) == 0)


def test_a_replay_has_no_such_count(new_engine: Any, server: Any, until: Until) -> None:
    new_engine("replay-1", "replay").risk()
    until(lambda: httpx.get(f"{server.url}/api/v1/health").json()["run"] == "replay-1")
    assert undelivered(server) is None


@pytest.mark.anyio
async def test_receipts_wait_for_a_database_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    stored: list[tuple[str, int]] = []
    failures = [DatabaseUnavailableError("away")] * 2

    class Away:
        async def note_received(self, places: Any) -> None:
            if failures:
                raise failures.pop()
            stored.extend(places)

    monkeypatch.setattr("api.receipts._RETRY_S", 0.0)
    receipts = Receipts(Away())  # type: ignore[arg-type]  # of the reader only this is asked
    receipts.note("live", [1, 2])
    receipts.note("live", [2, 3])
    work = asyncio.create_task(receipts.follow())
    async with asyncio.timeout(20):
        while len(stored) < 3:
            await asyncio.sleep(0)
        receipts.note("live", [3, 4])
        while len(stored) < 4:
            await asyncio.sleep(0)
    work.cancel()
    assert stored == [("live", 1), ("live", 2), ("live", 3), ("live", 4)]


@pytest.mark.anyio
async def test_receipts_in_memory_are_bounded() -> None:
    receipts = Receipts(None)  # type: ignore[arg-type]  # nothing is stored here
    receipts.note("live", range(1, 20_001))
    assert len(receipts._fresh) == 10_000
