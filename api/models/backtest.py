"""The running backtest of a portfolio: forecasts of one bar against what came."""

from typing import Literal

from pydantic import Field

from api.models.base import Payload, Timestamp
from api.models.risk import Method

Pnl = Literal["hypothetical", "actual"]


class LikelihoodTest(Payload):
    """A test of the exceptions; null with a reason where it cannot be made."""

    statistic: float | None
    p_value: float | None
    """How probable so extreme a statistic is of right forecasts; below 0.05 speaks against them."""
    reason: str | None


class Light(Payload):
    """Basel's traffic light over all bars that were judged."""

    zone: Literal["green", "yellow", "red"]
    cumulative_probability: float
    """Of so many exceptions or fewer by right forecasts; yellow from 0.95, red from 0.9999."""
    reason: str | None


class ForecastTest(Payload):
    """What the tests say of one method at one confidence."""

    method: str
    """`historical`, `parametric`, `monte_carlo`; in a job also `historical filtered`."""
    confidence: float
    pnl: Pnl
    """Of the positions held at the beginning of each bar (`hypothetical`), or with the trades in it (`actual`)."""
    bars: int
    """Those that were judged; days in a job, like the bars that follow."""
    exceptions: int
    """Bars whose loss exceeded the VaR forecast for them, and those without a forecast."""
    expected: float
    """Exceptions of right forecasts."""
    missing: int
    """Bars without a forecast after the first that had one; they count as exceptions."""
    kupiec: LikelihoodTest
    """Is the number of exceptions right?"""
    independence: LikelihoodTest
    """Do exceptions follow each other (Christoffersen)?"""
    conditional_coverage: LikelihoodTest
    """Both at once (Christoffersen)."""
    first_failure: LikelihoodTest
    """Did the first exception come when it should (Kupiec)?"""
    light: Light
    z2: LikelihoodTest
    """Expected Shortfall (Acerbi, Szekely): 0 is expected, negative when losses beyond VaR are deeper or more."""
    findings: list[Literal["too many", "too few", "clustered", "too deep", "no data"]]
    """What speaks against the forecasts at the 5 % level."""
    verdict: str
    """The same in words."""


class BacktestPoint(Payload):
    """One bar; base currency, losses of `var` and `es` positive."""

    event_time: Timestamp
    """The end of the bar."""
    hypothetical_pnl: float
    """Of the positions held at its beginning."""
    actual_pnl: float
    """With the trades in it, each at its own price."""
    var: float | None
    """Forecast for this bar at the end of the bar before, by the method and confidence asked for."""
    es: float | None
    hypothetical_exception: bool
    """The hypothetical loss exceeded `var`, or there was none."""
    actual_exception: bool


class Backtest(Payload):
    """The newest bars of a portfolio, and what every test says of each method and confidence."""

    schema_: Literal[1] = Field(alias="schema")
    portfolio: str
    base_currency: str | None
    """Null before there are figures."""
    method: Method
    """Whose forecasts `points` have."""
    confidence: float
    points: list[BacktestPoint]
    """Oldest first, from the first bar that this method had a forecast for."""
    tests: list[ForecastTest]
    """Over the bars asked for, each from its first forecast on."""
