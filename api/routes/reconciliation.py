"""The book of somebody else, such as a back office's at the end of the day, against what is held."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Request

from api.identity import Caller
from api.models import BookedTrade, BookedTrades, Reconciliation
from api.problems import ProblemError, documented
from api.reconciliation import Comparison
from api.services import Served, Services
from api.tables import documented_table, refused, rows_in
from files.positions import OPTIONAL, REQUIRED, checked_positions
from riskcore.errors import InputError

MOST_TRADES = 5_000

_COLUMNS = {
    "portfolio": {"type": ["string", "integer"]},
    "symbol": {"type": ["string", "integer"]},
    "quantity": {"type": ["number", "string"]},
    "avg_price": {"type": ["number", "string", "null"]},
    "multiplier": {"type": ["number", "string", "null"]},
    "currency": {"type": ["string", "null"]},
    "desk": {"type": ["string", "integer", "null"]},
}
_EXAMPLE = "portfolio,symbol,quantity,avg_price\nmain,BTCUSDT,0.5,60000\n"

router = APIRouter(prefix="/api/v1", tags=["trades"])


@router.post(
    "/reconciliation",
    openapi_extra=documented_table("positions", REQUIRED, _COLUMNS, _EXAMPLE),
    responses=documented(403, 409, 413, 415, 422, 503, 504),
)
async def reconcile(
    request: Request,
    served: Served,
    caller: Caller,
    *,
    apply: Annotated[
        bool, Query(description="Book the differences in quantity, all or none, at the newest prices.")
    ] = False,
) -> Reconciliation:
    """Compare a book with what is held, for the portfolios that it names; the body is a positions file, CSV or JSON.

    Nothing is changed, unless `apply` says so: then the quantities are made to agree by trades, all or none, with ids
    that are functions of both books, so that the same may be sent again. A 409 says that a portfolio was traded
    meanwhile.
    """
    if apply and not caller.may("trade"):
        raise ProblemError(403, "to apply needs a token with the scope trade")
    rows = await rows_in(request, "positions", REQUIRED, OPTIONAL)
    run = served.current_run().run
    try:
        positions = checked_positions(rows, "positions")
        named = sorted({one.portfolio for one in positions})
        there = {name for name in named if name in served.hub.latest and caller.sees(name)}
        held = await served.reader.books(run, sorted(there))
        comparison = Comparison(list(zip(rows, positions, strict=True)), held, there)
    except InputError as error:
        raise refused(error) from None
    booked = await _booked(served, comparison) if apply else []
    return Reconciliation(
        schema=1,
        as_of=comparison.as_of,
        compared=comparison.compared,
        differences=comparison.differences,
        booked=booked,
    )


async def _booked(served: Services, comparison: Comparison) -> list[BookedTrade]:
    trades = comparison.trades()
    if not trades:
        return []
    if len(trades) > MOST_TRADES:
        raise ProblemError(422, f"{len(trades):,d} differences: this is hardly the same book; nothing was booked")
    command = {"command": "trades", "trades": trades, "as_of": comparison.as_of}
    answer = await served.asking.command(served.current_run(), msgspec.json.encode(command))
    if answer.status_code >= 400:
        told = msgspec.json.decode(answer.body)
        raise ProblemError(answer.status_code, told["detail"], errors=told.get("errors"))
    return list(BookedTrades.model_validate_json(bytes(answer.body)).trades)
