"""Why VaR moved: the sums of what was stored with each snapshot."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query

from api.models import Explanation, Measure
from api.models.base import Moment
from api.models.risk import Method
from api.moments import nanoseconds, text
from api.problems import ProblemError, documented
from api.routes.portfolios import PortfolioId, known
from api.services import Served
from api.summary import measures
from storage.rows import AsOfRow

_HOUR = 3_600_000_000_000
_FOR_EVER = 2**62

router = APIRouter(prefix="/api/v1/portfolios", tags=["portfolios"])


@router.get("/{id}/explain", responses=documented(404, 422, 503))
async def explain(
    served: Served,
    portfolio: PortfolioId,
    method: Method = "historical",
    confidence: Annotated[float, Query(gt=0, lt=1)] = 0.99,
    start: Annotated[Moment | None, Query(alias="from", description="By itself an hour before `to`.")] = None,
    end: Annotated[Moment | None, Query(alias="to", description="By itself the newest figures.")] = None,
) -> Explanation:
    """Tell what moved VaR between two moments of event time: trades, prices, covariance, scenarios."""
    await known(served, portfolio)
    run = served.current_run().run
    last = await served.reader.as_of(run, portfolio, _FOR_EVER if end is None else nanoseconds(end))
    if last is None:
        raise _nothing(end, "its first snapshot has not been published")
    after = _var(last, end, method, confidence)
    since = last.event_time - _HOUR if start is None else nanoseconds(start)
    first = await served.reader.begin(run, portfolio, since, method, confidence) or last
    if first.id > last.id or since > last.event_time:
        raise ProblemError(422, "from must be before to")
    before = _var(first, start, method, confidence)
    parts = await served.reader.explained(run, portfolio, first, last, method, confidence)
    change = after - before
    return Explanation(
        schema=1,
        portfolio=portfolio,
        method=method,
        confidence=confidence,
        start=text(first.event_time),
        end=text(last.event_time),
        var_from=before,
        var_to=after,
        change=change,
        trades=parts.trades,
        prices=parts.prices,
        covariance=parts.covariance,
        scenarios=parts.scenarios,
        unexplained=change - (parts.trades + parts.prices + parts.covariance + parts.scenarios),
        snapshots=parts.snapshots,
        missing=last.seq - first.seq - parts.snapshots,
    )


def _nothing(asked: datetime | None, reason: str | None) -> ProblemError:
    """What is not there yet may come; what was not there then never will."""
    if asked is None:
        return ProblemError(503, f"there are no figures yet: {reason}", reason=reason)
    return ProblemError(422, f"there are no figures as of {asked.isoformat()}: {reason}")


def _var(row: AsOfRow, asked: datetime | None, method: Method, confidence: float) -> float:
    found = measures(row.measures)
    chosen: Measure | None = next((m for m in found if m.method == method and m.confidence == confidence), None)
    if chosen is None:
        there = ", ".join(f"{level:g}" for level in sorted({m.confidence for m in found}))
        raise ProblemError(422, f"there is no VaR at {confidence:g}; there is at {there}")
    if chosen.var is None:
        raise _nothing(asked, chosen.reason)
    return chosen.var
