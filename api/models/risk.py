"""The ``risk`` event: figures of one portfolio at one moment of event time, with their health.

Field by field the twin of ``riskcore.messages.RiskSnapshot``; a test holds the two together.
"""

from typing import Literal

from pydantic import Field

from api.models.base import Payload, Timestamp

Method = Literal["historical", "parametric", "monte_carlo"]


class Measure(Payload):
    """Value-at-Risk and Expected Shortfall by one method at one confidence. Losses are positive."""

    method: Method
    confidence: float = Field(gt=0, lt=1, examples=[0.99])
    var: float | None
    """Value-at-Risk over the horizon, base currency; null with a `reason` where it cannot be given."""
    es: float | None
    """Expected Shortfall over the horizon, base currency; never less than `var`."""
    var_stderr: float | None
    """Standard error of a simulated `var`, base currency; null where nothing is simulated."""
    es_stderr: float | None
    """Standard error of a simulated `es`, base currency."""
    scenarios: int | None
    """Scenarios behind the figure; null for the closed form."""
    reason: str | None
    """Why `var` and `es` are null."""


class PositionRisk(Payload):
    """What one position adds to the risk of the portfolio."""

    symbol: str
    """As the positions file wrote it."""
    quantity: float
    """Signed, contracts or shares."""
    price: float | None
    """Last accepted price, quote currency."""
    market_value: float | None
    """Signed, base currency."""
    volatility: float | None
    """Standard deviation of the return of one bar, dimensionless; in points where the price may be negative."""
    marginal_var: float | None
    """Change of VaR for one unit of base currency more exposure."""
    component_var: float | None
    """Share of the parametric VaR, base currency; with those of `currencies` the shares add up to it."""
    component_es: float | None
    """Share of the Expected Shortfall, base currency; with those of `currencies` the shares add up to it."""
    stale: bool
    """No price for longer than the setting `stale_after`."""
    currency: str | None = None
    """Quote currency."""
    average_price: float | None = None
    """What was paid for what is held, quote currency; null when it is not known."""
    realised_pnl: float | None = None
    """Gains of what was sold, by average cost, quote currency; null when it is not known what was paid."""
    unrealised_pnl: float | None = None
    """Value less what was paid for it, quote currency; null when it is not known."""


class CurrencyRisk(Payload):
    """The risk of one exchange rate: of all positions in that currency together, beside their own."""

    currency: str
    symbol: str
    """The instrument that gives the rate, by its key `feed:symbol`."""
    rate: float
    """Value of one unit of the currency, base currency."""
    exposure: float
    """Market value of all positions in the currency, base currency: change of value for a return of the rate of 1."""
    volatility: float | None
    """Standard deviation of the rate's return of one bar, dimensionless."""
    marginal_var: float | None
    """Change of VaR for one unit of base currency more exposure."""
    component_var: float | None
    """Share of the parametric VaR, base currency; with those of the positions the shares add up to it."""
    component_es: float | None
    """Share of the Expected Shortfall, base currency; with those of the positions the shares add up to it."""
    stale: bool
    """No price for longer than the setting `stale_after`."""


class Distribution(Payload):
    """Histogram of the P&L scenarios of one method: one edge more than counts."""

    method: Method
    edges: list[float]
    """Ascending, base currency; gains positive."""
    counts: list[int]


class StressResult(Payload):
    """P&L of the portfolio under one stress scenario."""

    scenario: str
    pnl: float
    """Base currency; gains positive."""


class Explained(Payload):
    """Why VaR moved since the snapshot `since_seq`: the four parts add up to the change."""

    method: Method
    confidence: float
    since_seq: int
    trades: float
    """Base currency, like the parts that follow."""
    prices: float
    covariance: float
    scenarios: float


class Forecast(Payload):
    """VaR and ES of the next bar, by one method at one confidence; base currency, losses positive."""

    method: Method
    confidence: float
    var: float | None
    es: float | None


class BarBacktest(Payload):
    """What came of the forecasts that were made at the end of the bar before."""

    since: Timestamp
    """The end of the bar before."""
    hypothetical_pnl: float
    """P&L of the bar of the positions held at its beginning, base currency."""
    actual_pnl: float
    """P&L of the bar with the trades in it, each at its own price."""
    forecasts: list[Forecast]


class Uncovered(Payload):
    """A position that the figures leave out, and why."""

    symbol: str
    reason: str


class Quality(Payload):
    """The health of the figures it travels with."""

    observations: int
    """Bars with a return, of the instrument that has fewest."""
    stale: list[str]
    """Symbols without a recent price."""
    uncovered: list[Uncovered]
    late: int
    """Ticks of this run that came after their bar had closed."""
    rejected: int
    """Ticks of this run that were refused."""
    gaps: int
    """Holes in the feeds' own numbering."""
    scaled_from: str
    """Length of the bar whose returns were scaled to the horizon."""
    journal_offset: int
    """The last journal record that is in the figures."""
    settings: str
    """Hash of the settings of the risk model."""
    lag_ms: float | None
    """From the event time to publishing, milliseconds; null for a recording."""


class RiskSnapshot(Payload):
    """The risk of one portfolio at one moment of event time."""

    schema_: Literal[1] = Field(alias="schema")
    """Version of this object; fields may be added within it."""
    portfolio: str
    seq: int
    """Counts the snapshots of the portfolio."""
    event_time: Timestamp
    """The moment of the market that the figures are as of."""
    moment: Literal["bar", "tick"]
    """`bar`: prices as of the end of a closed bar; `tick`: between bars, the newest prices."""
    published_at: Timestamp | None
    """Wall clock of publishing; null in a replay."""
    desk: str | None = None
    """That the portfolio is part of; null for a desk and the firm."""
    base_currency: str = Field(examples=["USD"])
    horizon: str = Field(examples=["1d"])
    market_value: float
    """Sum of the positions' values, base currency."""
    gross: float
    """Sum of the absolute values, base currency."""
    net: float
    """Long less short, base currency."""
    pnl_today: float | None
    """Since the start of the day, base currency."""
    measures: list[Measure]
    positions: list[PositionRisk]
    currencies: list[CurrencyRisk] = Field(default_factory=list)
    """The rates that convert positions in another currency."""
    backtest: BarBacktest | None = None
    """At the end of a bar, what came of the forecasts for it; null between bars and before there was a forecast."""
    distribution: Distribution | None
    stress: list[StressResult]
    explain: list[Explained]
    quality: Quality
