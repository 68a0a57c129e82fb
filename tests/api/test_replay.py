"""The control of a replay over HTTP."""

from typing import Any

import pytest

from api.models import Replay
from storage.commands import CommandStore
from storage.rows import AnswerRow
from tests.api.test_rest import assert_problem

pytestmark = pytest.mark.anyio
SIGHT = {"fraction": 0.25, "event_time": "2026-11-22T12:00:00Z", "ticks": 12, "speed": "10x", "paused": False}


async def test_progress_is_what_the_replay_said_last(new_engine: Any, asked: Any) -> None:
    replay = new_engine("replay-1", "replay")
    replay.beat("replay", state="running", **SIGHT)
    async with asked() as client:
        answer = await client.get("/api/v1/replay")
        health = (await client.get("/api/v1/health")).json()
    assert answer.status_code == 200, answer.text
    told = Replay.model_validate_json(answer.content)
    assert (told.run, told.state, told.fraction, told.speed) == ("replay-1", "running", 0.25, "10x")
    assert "replay" not in [part["name"] for part in health["parts"]]


async def test_a_change_is_asked_of_the_replay_and_answered_with_how_it_is_then(
    new_engine: Any, asked: Any, database_url: str
) -> None:
    replay = new_engine("replay-1", "replay")
    replay.beat("replay", state="running", **SIGHT)
    store = CommandStore(database_url, "replay-1")
    taken = []

    def answer() -> None:
        while not taken:
            taken.extend(store.claim())
        sight = b'{"state":"paused","fraction":0.5,"event_time":null,"ticks":13,"speed":"max","paused":true}'
        store.answer([AnswerRow(taken[0].id, 200, sight)])

    import anyio.to_thread  # noqa: PLC0415 - only here

    async with asked() as client, anyio.create_task_group() as tasks:
        tasks.start_soon(anyio.to_thread.run_sync, answer)
        told = await client.post("/api/v1/replay", json={"speed": "max", "paused": True})
    store.close()
    assert taken[0].payload == b'{"question":"steer","speed":"max","paused":true}'
    assert (told.status_code, told.json()["state"], told.json()["ticks"]) == (200, "paused", 13)


async def test_a_live_feed_has_neither_progress_nor_speed(engine: Any, asked: Any) -> None:
    async with asked() as client:
        assert_problem(await client.get("/api/v1/replay"), 409)
        body = assert_problem(await client.post("/api/v1/replay", json={"paused": True}), 409)
    assert "only a recording" in body["detail"]


async def test_a_recording_that_has_ended_cannot_be_hurried(new_engine: Any, asked: Any) -> None:
    replay = new_engine("replay-1", "replay")
    async with asked() as client:
        assert_problem(await client.get("/api/v1/replay"), 503)
        replay.beat("replay", state="ended", **SIGHT)
        assert (await client.get("/api/v1/replay")).json()["state"] == "ended"
        assert_problem(await client.post("/api/v1/replay", json={"paused": True}), 409)


async def test_a_replay_that_was_killed_is_said_to_be_away(new_engine: Any, asked: Any) -> None:
    replay = new_engine("replay-1", "replay")
    replay.beat("replay", state="running", **SIGHT)
    async with asked(heartbeat_limit_s=0.0) as client:
        assert (await client.get("/api/v1/replay")).json()["state"] == "away"
        body = assert_problem(await client.post("/api/v1/replay", json={"speed": "1x"}), 409)
    assert "no program" in body["detail"]


async def test_nonsense_is_refused(new_engine: Any, asked: Any) -> None:
    replay = new_engine("replay-1", "replay")
    replay.beat("replay", state="running", **SIGHT)
    speeds = ({"speed": text} for text in ("0x", "0.0x", "fast", "1e9x", ".x"))
    async with asked() as client:
        for body in ({}, {"to": 1}, *speeds):
            assert_problem(await client.post("/api/v1/replay", json=body), 422)
