"""Heavy work that is done beside the engine."""

import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from api.models.backtest import ForecastTest
from api.models.base import Asked, Day, Payload, Timestamp, Whole
from api.models.risk import Distribution, Measure, Uncovered

MOST_PATHS = 10_000_000
JobId = Annotated[str, Field(examples=["3f0c6f0f6b2f4d3c8f6f0c1e2d3a4b5c"])]
PortfolioName = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]+$")]
HistoryName = Annotated[str, Field(min_length=1, max_length=200, examples=["prices.csv.gz"])]


class NewMonteCarlo(Asked):
    """VaR and ES of a portfolio over many paths, by the covariance of when the work begins."""

    kind: Literal["monte_carlo"]
    portfolio: PortfolioName
    paths: Whole = Field(default=1_000_000, ge=1_000, le=MOST_PATHS)
    seed: Whole = Field(default=7, ge=0, le=2**53 - 1)


class NewBacktest(Asked):
    """What a portfolio holds now over a history of daily prices, judged."""

    kind: Literal["backtest"]
    portfolio: PortfolioName
    history: HistoryName
    """One of `GET /api/v1/histories`."""
    start: Day | None = None
    """The first day to judge; earlier ones train. By itself the first before which a whole window was seen."""
    end: Day | None = None
    """Leave out this day and later."""
    hold: Literal["quantity", "exposure"] = "quantity"
    """What stays the same through the years: quantities, or their value at the last price."""


NewJob = Annotated[NewMonteCarlo | NewBacktest, Field(discriminator="kind")]


class MonteCarloResult(Payload):
    """As of one record of the journal: the same book, covariance, paths and seed give the same again."""

    kind: Literal["monte_carlo"]
    event_time: Timestamp
    journal_offset: int
    base_currency: str
    horizon: str
    paths: int
    seed: int
    measures: list[Measure]
    distribution: Distribution | None
    uncovered: list[Uncovered]
    """Positions that the figures leave out, and why."""


class DailyForecasts(Payload):
    """VaR of one method at one confidence, day by day."""

    method: str
    confidence: float
    var: list[float | None]


class BacktestResult(Payload):
    """The days that were judged, and what every test says of each method and confidence."""

    kind: Literal["backtest"]
    base_currency: str
    hold: Literal["quantity", "exposure"]
    dates: list[datetime.date]
    pnl: list[float | None]
    """Of each day, of the positions held at the end of the day before; base currency."""
    forecasts: list[DailyForecasts]
    tests: list[ForecastTest]
    uncovered: list[Uncovered]


class Job(Payload):
    """A piece of work and how far it is; also the data of the stream's `job` event, there without `result`."""

    schema_: Literal[1] = Field(alias="schema")
    id: JobId
    kind: Literal["monte_carlo", "backtest"]
    portfolio: str
    request: dict[str, Any]
    """As it was asked for."""
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    progress: float = Field(ge=0, le=1)
    created: Timestamp
    started: Timestamp | None
    finished: Timestamp | None
    attempts: int
    """How often it was begun: once more after its worker was killed."""
    reason: str | None
    """Why it failed."""
    result: MonteCarloResult | BacktestResult | None = Field(default=None, discriminator="kind")
    """Once it is done, in the answer for one job."""


class Histories(Payload):
    """The histories that a backtest can be made over."""

    names: list[HistoryName]
