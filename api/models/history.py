"""A portfolio's figures over time."""

from api.models.base import Payload, Timestamp
from api.models.risk import Measure


class HistoryPoint(Payload):
    """The last snapshot of one interval, by event time."""

    event_time: Timestamp
    market_value: float | None
    """Base currency."""
    pnl_today: float | None
    """Since the day began; base currency, gains positive."""
    measures: list[Measure]


class History(Payload):
    """A downsampled series: at most one point for each interval of `resolution`, oldest first."""

    portfolio: str
    start: Timestamp
    """Inclusive."""
    end: Timestamp
    """Exclusive."""
    resolution: str
    begins: Timestamp | None
    """Event time of the oldest snapshot that is kept: there is nothing before it."""
    day_began: Timestamp
    """Since when `pnl_today` of the newest snapshot counts."""
    points: list[HistoryPoint]
