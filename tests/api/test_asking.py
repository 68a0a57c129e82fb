"""What a request hears when the engine is away, slow, or does not work on the run shown."""

import asyncio
from typing import Any

import pytest

from storage.commands import CommandStore

pytestmark = pytest.mark.anyio
TRADE = {"trade_id": "T1", "portfolio": "main", "symbol": "A", "quantity": 1}


@pytest.fixture
def commands(database_url: str) -> Any:
    store = CommandStore(database_url, "live")
    yield store
    store.close()


async def test_without_an_engine_nothing_is_booked_and_the_answer_says_so(
    engine: Any, asked: Any, commands: CommandStore
) -> None:
    async with asked(answer_timeout_s=0.3) as client:
        answer = await client.post("/api/v1/trades", json=TRADE)
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert "nothing was changed" in answer.json()["detail"]
    assert "did not take it within 0.3 s" in answer.json()["reason"]
    assert commands.claim() == []


async def test_an_engine_that_took_it_and_does_not_answer_is_a_504_that_says_send_it_again(
    engine: Any, asked: Any, commands: CommandStore, until: Any
) -> None:
    async with asked(answer_timeout_s=2.0) as client:
        waiting = asyncio.create_task(client.post("/api/v1/trades", json=TRADE))
        await asyncio.to_thread(until, commands.claim)
        answer = await waiting
    assert answer.status_code == 504
    assert "send the same once more" in answer.json()["detail"]


async def test_a_recording_takes_no_trades(new_engine: Any, asked: Any) -> None:
    new_engine("replay-0011223344ff", "replay").risk()
    async with asked() as client:
        answer = await client.post("/api/v1/trades", json=TRADE)
    assert answer.status_code == 409
    assert "replay-0011223344ff" in answer.json()["detail"]


async def test_no_more_requests_wait_than_a_bound(
    engine: Any, asked: Any, commands: CommandStore, until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.asking.LONGEST_QUEUE", 1)
    async with asked(answer_timeout_s=2.0) as client:
        waiting = asyncio.create_task(client.post("/api/v1/trades", json=TRADE))
        await asyncio.to_thread(until, commands.claim)
        refused = await client.post("/api/v1/trades", json=TRADE)
        await waiting
    assert refused.status_code == 503
    assert "wait for the engine" in refused.json()["detail"]


async def test_a_trade_is_not_taken_while_there_is_no_run(asked: Any) -> None:
    async with asked(loaded=False) as client:
        assert (await client.post("/api/v1/trades", json=TRADE)).status_code == 503
