"""The instrument master of the running engine."""

from typing import Any

import msgspec
from fastapi import APIRouter

from api.models import Instrument, NewInstrument, NewInstruments
from api.moments import nanoseconds, text
from api.problems import ProblemError, documented
from api.services import Served
from storage.rows import InstrumentRow

router = APIRouter(prefix="/api/v1", tags=["trades"])


@router.get("/instruments", responses=documented(503))
async def instruments(served: Served) -> list[Instrument]:
    """List what is known of instruments, by symbol; those of which nothing is known are not there."""
    return [_shown(row) for row in await served.reader.instruments(served.current_run().run)]


@router.put("/instruments", responses=documented(403, 409, 422, 503, 504))
async def state_instruments(served: Served, body: NewInstruments) -> list[Instrument]:
    """State what is known of these instruments from now on, all or none; others stay. Answers with all.

    It stands in the journal, so a replay knows it from the same record on. A 409 says what a position stands in the way
    of. At a start with another book the instruments file takes the place of everything.
    """
    command = {"command": "instruments", "instruments": [_told(one) for one in body.instruments]}
    answer = await served.asking.command(served.current_run(), msgspec.json.encode(command))
    if answer.status_code >= 400:
        told = msgspec.json.decode(answer.body)
        raise ProblemError(answer.status_code, told["detail"], errors=told.get("errors"))
    return await instruments(served)


def _told(one: NewInstrument) -> dict[str, Any]:
    told = one.model_dump(exclude_none=True)
    if one.ends is not None:
        told["ends"] = nanoseconds(one.ends)
    return told


def _shown(row: InstrumentRow) -> Instrument:
    known = msgspec.json.decode(row.definition or b"{}")
    ends = known.get("ends")
    return Instrument(
        symbol=row.symbol,
        currency=known.get("currency"),
        multiplier=known.get("multiplier"),
        product=known.get("product", "spot"),
        mark=known.get("mark"),
        proxy=known.get("proxy"),
        negative=known.get("negative", False),
        session=known.get("session"),
        ends=None if ends is None else text(ends),
        stated_at=text(row.stated),
    )
