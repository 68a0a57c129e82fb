"""Asking the running engine what would be. Nothing is booked by it."""

import msgspec
from fastapi import APIRouter, Response

from api.models import Candidates, WhatIf
from api.problems import documented
from api.routes.portfolios import PortfolioId
from api.services import Served

router = APIRouter(prefix="/api/v1/portfolios", tags=["portfolios"])


@router.post("/{id}/what-if", response_model=WhatIf, responses=documented(404, 409, 422, 503))
async def what_if(served: Served, portfolio: PortfolioId, candidates: Candidates) -> Response:
    """Tell the risk with trades that are not done, against without; nothing is booked."""
    question = {"question": "what_if", "portfolio": portfolio, "trades": candidates.model_dump()["trades"]}
    return await served.asking.question(served.current_run(), msgspec.json.encode(question))
