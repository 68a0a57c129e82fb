"""Portfolios and their present risk, from the hub's memory: the bytes that the stream sent last."""

from typing import Annotated

from fastapi import APIRouter, Header, Path, Response

from api.identity import Caller
from api.models import PortfolioSummary, Position, RiskSnapshot
from api.problems import ProblemError, documented
from api.services import Served, Services
from api.summary import summarize

CURSOR_HEADER = "X-Stream-Cursor"
NO_CONTROL_CHARACTERS = r"^[^\x00-\x1f\x7f]+$"

router = APIRouter(prefix="/api/v1/portfolios", tags=["portfolios"])

PortfolioId = Annotated[
    str,
    Path(
        alias="id",
        min_length=1,
        max_length=128,
        pattern=NO_CONTROL_CHARACTERS,
        description="Name of a portfolio.",
    ),
]
_cursor_described = {
    CURSOR_HEADER: {
        "description": "Give it to /api/v1/stream as `cursor` and miss nothing after this answer.",
        "schema": {"type": "string"},
    }
}


@router.get("", responses={200: {"headers": _cursor_described}, **documented(503)})
async def portfolios(served: Served, caller: Caller, response: Response) -> list[PortfolioSummary]:
    """List every portfolio with its last figures."""
    served.current_run()
    response.headers[CURSOR_HEADER] = served.hub.cursor or ""
    response.headers["Cache-Control"] = "no-cache"
    return [summarize(event) for name, event in sorted(served.hub.latest.items()) if caller.sees(name)]


@router.get(
    "/{id}/risk",
    response_model=RiskSnapshot,
    responses={
        200: {"headers": _cursor_described},
        304: {"description": "The snapshot of If-None-Match is still the newest."},
        **documented(404, 422, 503),
    },
)
async def risk(
    served: Served, portfolio: PortfolioId, if_none_match: Annotated[str | None, Header()] = None
) -> Response:
    """Give the last snapshot; 503 with the `reason` while no method can give a figure."""
    await known(served, portfolio)
    event = served.hub.latest.get(portfolio)
    reason = "its first snapshot has not been published" if event is None else summarize(event).reason
    if event is None or reason is not None:
        raise ProblemError(503, f"portfolio {portfolio} is warming up: {reason}", reason=reason)
    headers = {"ETag": f'"{event.cursor}"', "Cache-Control": "no-cache", CURSOR_HEADER: event.cursor}
    if if_none_match is not None and _matches(if_none_match, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(event.payload, headers=headers, media_type="application/json")


@router.get("/{id}/positions", responses=documented(404, 422, 503))
async def positions(served: Served, portfolio: PortfolioId) -> list[Position]:
    """List what the portfolio holds."""
    await known(served, portfolio)
    held = await served.reader.positions(served.current_run().run, portfolio)
    return [
        Position(
            portfolio=row.portfolio,
            symbol=row.symbol,
            quantity=row.quantity,
            avg_price=row.average_price,
            multiplier=row.multiplier,
            currency=row.currency,
            desk=row.desk,
        )
        for row in held
    ]


async def known(served: Services, portfolio: str) -> None:
    """Refuse a portfolio that is neither booked nor has figures.

    Raises
    ------
    ProblemError
        404; 503 while there is no run.
    """
    run = served.current_run()
    if portfolio not in served.hub.latest and not await served.reader.positions(run.run, portfolio):
        raise ProblemError(404, "there is no portfolio of this name; /api/v1/portfolios lists them")


def _matches(condition: str, etag: str) -> bool:
    tags = {tag.strip().removeprefix("W/") for tag in condition.split(",")}
    return "*" in tags or etag in tags
