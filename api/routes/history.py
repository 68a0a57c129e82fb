"""The downsampled series of a portfolio's figures."""

import re
from datetime import UTC, datetime
from typing import Annotated, NamedTuple

import msgspec
from fastapi import APIRouter, Query, Response

from api.models import History, HistoryPoint, RiskSnapshot
from api.models.base import Moment
from api.moments import SECOND, nanoseconds, text
from api.problems import ProblemError, documented
from api.routes.portfolios import PortfolioId
from api.routes.portfolios import known as known_portfolio
from api.services import Served, Services
from api.summary import measures, summarize
from riskcore.days import Days

MOST_POINTS = 4_000
TYPICAL_POINTS = 300
_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_STEPS_S = (1, 5, 15, 30, 60, 300, 900, 1_800, 3_600, 14_400, 86_400)

router = APIRouter(prefix="/api/v1/portfolios", tags=["portfolios"])

Edge = Annotated[Moment | None, Query(description="Event time, RFC 3339 with a time zone.")]
Resolution = Annotated[
    str | None,
    Query(
        pattern=r"^[1-9][0-9]{0,4}[smhd]$",
        description="Length of an interval, `1s` to `1d`; by itself one that gives about 300 points.",
    ),
]


class _Day(msgspec.Struct):
    day_start: str = "00:00"
    day_zone: str = "UTC"


class Span(NamedTuple):
    """Event times [start, end) in nanoseconds, in steps of seconds."""

    start: int
    end: int
    step_s: int


@router.get("/{id}/risk/history", responses=documented(404, 422, 503))
async def history(
    served: Served,
    portfolio: PortfolioId,
    start: Edge = None,
    end: Edge = None,
    resolution: Resolution = None,
) -> History:
    """Give the last snapshot of each interval; by itself of the hour up to the newest snapshot."""
    await known_portfolio(served, portfolio)
    newest = _newest(served, portfolio)
    span = _span(start, end, resolution, newest)
    run = served.current_run()
    rows = await served.reader.risk_history(run.run, portfolio, *span)
    begins = await served.reader.first_moment(run.run, portfolio)
    return History(
        portfolio=portfolio,
        start=text(span.start),
        end=text(span.end),
        resolution=f"{span.step_s}s",
        begins=None if begins is None else text(begins),
        day_began=text(_day_began(run.settings, newest)),
        points=[
            HistoryPoint(
                event_time=text(row.event_time),
                market_value=row.market_value,
                pnl_today=row.pnl_today,
                measures=measures(row.measures),
            )
            for row in rows
        ],
    )


@router.get("/{id}/risk/as-of", response_model=RiskSnapshot, responses=documented(404, 422, 503))
async def as_of(
    served: Served,
    portfolio: PortfolioId,
    known: Annotated[Moment, Query(description="RFC 3339 with a time zone, to the microsecond.")],
) -> Response:
    """Give what was last published at a moment: what was known then, not what is known today of then.

    Figures between bars are forgotten after an hour; of older moments it is the last bar's.
    """
    await known_portfolio(served, portfolio)
    event = await served.reader.risk_as_of(served.current_run().run, portfolio, nanoseconds(known) + 999)
    if event is None:
        raise ProblemError(404, f"nothing had been published of portfolio {portfolio} at that moment")
    return Response(event.payload, media_type="application/json", headers={"Cache-Control": "no-cache"})


def _day_began(settings: bytes, moment: int) -> int:
    stated = msgspec.json.decode(settings, type=_Day)
    return Days(stated.day_start, stated.day_zone).begins(moment)


def _newest(served: Services, portfolio: str) -> int:
    event = served.hub.latest.get(portfolio)
    if event is None:
        return nanoseconds(datetime.now(UTC))
    return nanoseconds(datetime.fromisoformat(summarize(event).event_time))


def _span(start: datetime | None, end: datetime | None, resolution: str | None, newest: int) -> Span:
    until = newest + 1_000 if end is None else nanoseconds(end)
    since = max(0, until - 3_600 * SECOND) if start is None else nanoseconds(start)
    if since >= until:
        raise ProblemError(422, "start must be before end")
    fitting_s = _fitting_step_s(until - since)
    step_s = _step_s(resolution) if resolution else fitting_s
    points = (until - 1) // (step_s * SECOND) - since // (step_s * SECOND) + 1
    if points > MOST_POINTS:
        advice = f"ask for a resolution like {fitting_s}s or for a shorter time"
        raise ProblemError(422, f"{points} points are more than {MOST_POINTS}: {advice}")
    return Span(since, until, step_s)


def _step_s(resolution: str) -> int:
    match = re.fullmatch(r"(\d+)([smhd])", resolution, re.ASCII)
    seconds = int(match[1]) * _UNITS[match[2]] if match else 0
    if not 1 <= seconds <= _UNITS["d"]:
        raise ProblemError(422, f"resolution {resolution} is not between 1s and 1d")
    return seconds


def _fitting_step_s(length: int) -> int:
    wanted = length / TYPICAL_POINTS / SECOND
    return next((step for step in _STEPS_S if step >= wanted), _STEPS_S[-1])
