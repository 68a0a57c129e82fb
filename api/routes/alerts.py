"""Limits, what came of them, and who has seen it."""

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path, Query, Response

from api.identity import Caller
from api.limits import limit_of, shown_limit, shown_silence
from api.models import Alert, Limit, NewLimits, NewSilence, Silence
from api.moments import nanoseconds, parse
from api.problems import ProblemError, documented
from api.routes.portfolios import PortfolioId, known
from api.services import Served, Services
from storage.outbox import ALL

MOST_ALERTS = 1_000

router = APIRouter(prefix="/api/v1", tags=["alerts"])
Identifier = Annotated[str, Path(alias="id", pattern=r"^[A-Za-z0-9_-]{1,64}$")]


@router.get("/portfolios/{id}/limits", responses=documented(404, 422, 503))
async def limits(served: Served, portfolio: PortfolioId) -> list[Limit]:
    """List the limits of a portfolio, with the figures as of now and how they stand."""
    stored = await served.reader.limits(served.current_run().run, portfolio)
    if not stored:
        await known(served, portfolio)
    return [shown_limit(one, served.hub.latest.get(portfolio)) for one in stored]


@router.put("/portfolios/{id}/limits", responses=documented(403, 404, 409, 422, 503, 504))
async def set_limits(served: Served, portfolio: PortfolioId, body: NewLimits) -> list[Limit]:
    """State all limits of a portfolio anew; one that is there already stays as it stands."""
    stated = [limit_of(portfolio, one) for one in body.limits]
    names = [one.name for one in stated]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ProblemError(422, f"there twice: {', '.join(twice)}")
    await _tell(served, {"command": "limits", "portfolio": portfolio, "limits": stated})
    return await limits(served, portfolio)


@router.get("/alerts", response_model=list[Alert], responses=documented(404, 422, 503))
async def alerts(
    served: Served,
    caller: Caller,
    since: Annotated[
        str | None,
        Query(max_length=64, description="Event time (RFC 3339), or the id of an alert: what was told after it."),
    ] = None,
    portfolio: Annotated[str | None, Query(max_length=128, description="By itself all.")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_ALERTS)] = MOST_ALERTS,
) -> Response:
    """List alerts in the order in which they were told; ask on with the id of the last one as `since`."""
    run = served.current_run().run
    wanted = caller.visible(frozenset() if portfolio is None else frozenset((portfolio,)))
    moment, after = await _place(served, run, since)
    named = sorted({*wanted, ALL}) if wanted else None
    found = await served.reader.alerts(run, since=moment, after=after, portfolios=named, limit=limit)
    served.receipts.note(run, [one.id for one in found])
    body = b"[" + b",".join(one.payload for one in found) + b"]"
    return Response(body, headers={"Cache-Control": "no-store"}, media_type="application/json")


async def _place(served: Services, run: str, since: str | None) -> tuple[int, int]:
    if since is None:
        return 0, 0
    moment = parse(since)
    if moment is not None:
        return moment, 0
    event = await served.reader.alert(run, since)
    if event is None:
        raise ProblemError(404, "since is neither a time with a time zone nor the id of an alert of the run shown")
    return 0, event.id


@router.post("/alerts/{id}/ack", response_model=Alert, responses=documented(403, 404, 409, 422, 503, 504))
async def acknowledge(served: Served, caller: Caller, alert: Identifier) -> Response:
    """Say that somebody has seen an alert; it stays, and fires again when it gets worse."""
    event = await served.reader.alert(served.current_run().run, alert)
    if event is None or not caller.sees(event.portfolio):
        raise ProblemError(404, "there is no alert of this id; /api/v1/alerts lists them")
    return await _tell(served, {"command": "acknowledge", "alert": alert, "by": caller.name})


@router.get("/silences", responses=documented(503))
async def silences(served: Served) -> list[Silence]:
    """List silences and maintenance windows that were not ended."""
    return [shown_silence(one) for one in await served.reader.silences(served.current_run().run)]


@router.put("/silences/{id}", responses=documented(403, 409, 422, 503, 504))
async def silence(served: Served, caller: Caller, identifier: Identifier, body: NewSilence) -> Silence:
    """Silence alerts for a time, from now or from later; the same id again takes the place of the one before."""
    starts, ends = nanoseconds(body.starts), nanoseconds(body.ends)
    if ends <= starts:
        raise ProblemError(422, "ends must be after starts")
    told = {
        "command": "silence", "id": identifier, "starts": starts, "ends": ends, "portfolio": body.portfolio,
        "rule": body.rule, "comment": body.comment, "by": caller.name,
    }  # fmt: skip
    await _tell(served, told)
    return shown_silence(msgspec.json.encode(told))


@router.delete(
    "/silences/{id}", status_code=204, response_class=Response, responses=documented(403, 409, 422, 503, 504)
)
async def end_silence(served: Served, identifier: Identifier) -> None:
    """End a silence; alerts that still fire under it are told again."""
    await _tell(served, {"command": "silence", "id": identifier, "starts": 0, "ends": 0})


async def _tell(served: Services, command: dict[str, Any] | Sequence[Any]) -> Response:
    answer = await served.asking.command(served.current_run(), msgspec.json.encode(command))
    if answer.status_code >= 400:
        raise ProblemError(answer.status_code, msgspec.json.decode(answer.body)["detail"])
    return answer
