"""The messages that cross the borders of the house: what a tick is and what a risk snapshot says.

Nothing here is changed once it is made, nor holds logic; it encodes to the objects of the public contract as it stands,
field by field. A number that cannot be given is ``None`` and a ``reason`` stands beside it.
"""

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

Method = Literal["historical", "parametric", "monte_carlo"]

FIRM = "firm"
"""The name under which the sum of all portfolios is told."""
_DESK = "desk:"


def desk_name(desk: str) -> str:
    """The name under which the sum of a desk's portfolios is told.

    Examples
    --------
    >>> desk_name("macro"), kind_of("desk:macro"), kind_of("macro")
    ('desk:macro', 'desk', 'portfolio')
    """
    return f"{_DESK}{desk}"


def kind_of(portfolio: str) -> Literal["portfolio", "desk", "firm"]:
    """What stands under a name: a portfolio, or a sum of several."""
    if portfolio == FIRM:
        return "firm"
    return "desk" if portfolio.startswith(_DESK) else "portfolio"


class Tick(NamedTuple):
    """One trade or quote of one instrument, as the venue told it. Times are nanoseconds since the epoch, UTC."""

    feed: str
    """Venue and product, ``binance:spot``; with the symbol it is the instrument's key."""
    symbol: str
    """The venue's own name of the instrument."""
    event_time: int
    price: float
    size: float | None = None
    side: Literal["buy", "sell"] | None = None
    """The side of the taker."""
    identifier: int | None = None
    """Trade id or sequence number: what makes a repeat recognisable and a gap provable."""
    received: int | None = None
    bid: float | None = None
    ask: float | None = None

    @property
    def key(self) -> str:
        return f"{self.feed}:{self.symbol}"


@dataclass(slots=True)
class Measure:
    """Value-at-Risk and Expected Shortfall by one method at one confidence; losses are positive.

    Not ``frozen``, which takes several times as long to make, and a reading makes nine.
    """

    method: Method
    confidence: float
    var: float | None
    es: float | None
    var_stderr: float | None = None
    es_stderr: float | None = None
    scenarios: int | None = None
    reason: str | None = None


@dataclass(slots=True)
class PositionRisk:
    """What one position is worth and adds. Not ``frozen``, as a :class:`Measure`: a snapshot has thousands."""

    symbol: str
    quantity: float
    price: float | None
    market_value: float | None
    volatility: float | None
    marginal_var: float | None
    component_var: float | None
    component_es: float | None
    stale: bool
    currency: str | None = None
    average_price: float | None = None
    realised_pnl: float | None = None
    unrealised_pnl: float | None = None


@dataclass(frozen=True, slots=True)
class CurrencyRisk:
    """The risk of one exchange rate: of all positions in that currency together, beside their own."""

    currency: str
    symbol: str
    """The instrument that gives the rate."""
    rate: float
    exposure: float
    volatility: float | None
    marginal_var: float | None
    component_var: float | None
    component_es: float | None
    stale: bool


@dataclass(frozen=True, slots=True)
class Distribution:
    """Histogram of the P&L scenarios of one method: ``len(edges) == len(counts) + 1``."""

    method: Method
    edges: tuple[float, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class StressResult:
    scenario: str
    pnl: float


@dataclass(frozen=True, slots=True)
class Explained:
    """Why Value-at-Risk moved since the snapshot ``since_seq``; the four parts add up to the change."""

    method: Method
    confidence: float
    since_seq: int
    trades: float
    prices: float
    covariance: float
    scenarios: float


@dataclass(frozen=True, slots=True)
class Forecast:
    """Value-at-Risk and Expected Shortfall of the next bar, by one method at one confidence; losses are positive."""

    method: Method
    confidence: float
    var: float | None
    es: float | None


@dataclass(frozen=True, slots=True)
class BarBacktest:
    """What came of the forecasts that were made at the end of the bar before."""

    since: str
    """Event time of that end."""
    hypothetical_pnl: float
    """Of the positions held then."""
    actual_pnl: float
    """With the trades since."""
    forecasts: tuple[Forecast, ...]


@dataclass(frozen=True, slots=True)
class Uncovered:
    symbol: str
    reason: str


@dataclass(frozen=True, slots=True)
class Quality:
    """The health of the number it travels with."""

    observations: int
    stale: tuple[str, ...]
    uncovered: tuple[Uncovered, ...]
    late: int
    rejected: int
    gaps: int
    scaled_from: str
    journal_offset: int
    settings: str
    lag_ms: float | None = None


@dataclass(frozen=True, slots=True)
class RiskSnapshot:
    """The risk of one portfolio at one moment of event time: the ``risk`` event of the stream."""

    portfolio: str
    seq: int
    event_time: str
    base_currency: str
    horizon: str
    market_value: float
    gross: float
    net: float
    pnl_today: float | None
    measures: tuple[Measure, ...]
    positions: tuple[PositionRisk, ...]
    distribution: Distribution | None
    quality: Quality
    stress: tuple[StressResult, ...] = ()
    explain: tuple[Explained, ...] = ()
    currencies: tuple[CurrencyRisk, ...] = ()
    backtest: BarBacktest | None = None
    """At the end of a bar, what came of the forecasts of the bar before."""
    moment: Literal["bar", "tick"] = "bar"
    """``bar``: prices as of the end of a closed bar; ``tick``: between bars, the newest prices."""
    desk: str | None = None
    """That the portfolio is part of; None for a sum."""
    published_at: str | None = None
    schema: int = field(default=1)


@dataclass(frozen=True, slots=True)
class Alert:
    """One transition of one limit: the ``alert`` event of the stream. The same ``id`` is the same transition."""

    id: str
    portfolio: str
    rule: str
    method: str | None
    confidence: float | None
    state: Literal["firing", "resolved", "acknowledged"]
    level: Literal["warning", "breach"]
    value: float | None
    limit: float | None
    since: str
    """Event time at which the alert began."""
    event_time: str
    journal_offset: int
    scenario: str | None = None
    reason: str | None = None
    """What is to be said beside the figures: why one is missing, who acknowledged."""
    silenced: bool = False
    """A silence or a maintenance window covers it: to be kept, and to wake nobody."""
    schema: int = field(default=1)
