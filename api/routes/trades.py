"""Booking trades in the running engine."""

from datetime import datetime
from typing import Any

import msgspec
from fastapi import APIRouter, Response

from api.identity import Caller, Identity
from api.models import BookedTrades, NewTrade, NewTrades
from api.models.trade import OneOrMore
from api.moments import nanoseconds
from api.problems import ProblemError, documented
from api.services import Served

router = APIRouter(prefix="/api/v1", tags=["trades"])


@router.post("/trades", response_model=BookedTrades, responses=documented(403, 404, 409, 422, 503, 504))
async def book_trades(served: Served, caller: Caller, trades: OneOrMore) -> Response:
    """Book one trade, or several together: all or none. Answered when the engine has taken them.

    Send the same again after a 503 or 504, or when no answer came: what is booked already is recognised by its
    `trade_id`, changes nothing, and gets the same answer. Another content under a known id is a 409.
    """
    told = trades.trades if isinstance(trades, NewTrades) else [trades]
    for trade in told:
        _check_rights(caller, trade)
    command = {"command": "trades", "trades": [_told(trade) for trade in told]}
    return await served.asking.command(served.current_run(), msgspec.json.encode(command))


def _check_rights(caller: Identity, trade: NewTrade) -> None:
    if caller.portfolios is None:
        return
    if trade.portfolio is None or trade.corrects is not None:
        raise ProblemError(403, "to correct or cancel a trade needs a token for all portfolios")
    caller.require(trade.portfolio)


def _told(trade: NewTrade) -> dict[str, Any]:
    content = trade.model_dump(exclude_none=True)
    if isinstance(moment := content.get("event_time"), datetime):
        content["event_time"] = nanoseconds(moment)
    return content
