"""A recording that is replayed into the database: how far it is, and how fast it goes on."""

from typing import Any

import msgspec
from fastapi import APIRouter

from api.models import Replay, Steer
from api.problems import ProblemError, documented
from api.services import Served, Services
from storage.rows import PartRow

router = APIRouter(prefix="/api/v1/replay", tags=["replay"])
_PART = "replay"
_LIVE = "the figures are of a live feed: only a recording has a beginning, an end and a speed"


@router.get("", responses=documented(409, 503))
async def replay(served: Served) -> Replay:
    """Tell how far the recording is, and how fast it goes; 409 where a live feed is shown."""
    if served.current_run().kind == "live":
        raise ProblemError(409, _LIVE)
    return await _sight(served)


@router.post("", responses=documented(409, 422, 503))
async def steer(served: Served, wanted: Steer) -> Replay:
    """Change the speed of the recording, or let it pause and go on. No figure depends on it."""
    run = served.current_run()
    if run.kind == "live":
        raise ProblemError(409, _LIVE)
    state = (await _sight(served)).state
    if state in {"ended", "away"}:
        raise ProblemError(409, "the recording has ended" if state == "ended" else "no program replays it any more")
    question = {"question": "steer", **wanted.model_dump(exclude_none=True)}
    answer = await served.asking.steer(run, msgspec.json.encode(question))
    return _told(run.run, msgspec.json.decode(answer.body))


async def _sight(served: Services) -> Replay:
    run = served.current_run().run
    row = next((one for one in await served.reader.parts() if (one.part, one.run) == (_PART, run)), None)
    if row is None:
        raise ProblemError(503, "the replay has not said anything yet", reason="no sign of life of the replay")
    told = _told(run, msgspec.json.decode(row.state))
    return told.model_copy(update={"state": "away"}) if _is_away(served, row, told) else told


def _is_away(served: Services, row: PartRow, told: Replay) -> bool:
    return told.state != "ended" and row.age_s > served.settings.heartbeat_limit_s


def _told(run: str, sight: dict[str, Any]) -> Replay:
    return Replay.model_validate({"schema": 1, "run": run, **sight})
