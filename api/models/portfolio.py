"""The list of portfolios."""

from typing import Literal

from api.models.base import Payload, Timestamp
from api.models.risk import Measure


class PortfolioSummary(Payload):
    """A portfolio with its last figures; without the positions, which its risk snapshot has."""

    portfolio: str
    """A desk is called `desk:` and its name, the firm `firm`."""
    kind: Literal["portfolio", "desk", "firm"]
    """Desks and the firm are sums of portfolios: their figures are those of the summed P&L, not sums of figures."""
    desk: str | None
    """That the portfolio is part of."""
    state: Literal["ok", "warming_up"]
    """`warming_up`: no method can give a figure yet, for the `reason` given."""
    reason: str | None
    seq: int
    event_time: Timestamp
    published_at: Timestamp | None
    base_currency: str
    horizon: str
    market_value: float
    """Base currency, like the figures that follow."""
    gross: float
    net: float
    pnl_today: float | None
    measures: list[Measure]
