"""The running backtest of a portfolio."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query

from api.backtesting import Series
from api.models import Backtest
from api.models.risk import Method
from api.problems import ProblemError, documented
from api.routes.portfolios import PortfolioId, known
from api.services import Served
from api.summary import summarize

router = APIRouter(prefix="/api/v1/portfolios", tags=["portfolios"])


@router.get("/{id}/backtest", responses=documented(404, 422, 503))
async def backtest(
    served: Served,
    portfolio: PortfolioId,
    method: Method = "historical",
    confidence: Annotated[float, Query(gt=0, lt=1)] = 0.99,
    bars: Annotated[int, Query(ge=1, le=5_000, description="How many of the newest bars are judged.")] = 500,
) -> Backtest:
    """Hold the forecasts of each bar against its P&L: the series of one method, and the tests of all."""
    await known(served, portfolio)
    rows = await served.reader.backtest(served.current_run().run, portfolio, bars)
    series = Series(rows)
    if rows and confidence not in series.confidences:
        there = ", ".join(f"{level:g}" for level in series.confidences)
        raise ProblemError(422, f"there is no VaR at {confidence:g}; there is at {there}")
    newest = served.hub.latest.get(portfolio)
    return Backtest(
        schema=1,
        portfolio=portfolio,
        base_currency=None if newest is None else summarize(newest).base_currency,
        method=method,
        confidence=confidence,
        points=series.points(method, confidence),
        tests=await asyncio.to_thread(series.tests),
    )
