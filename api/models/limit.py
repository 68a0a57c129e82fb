"""Limits and silences."""

from typing import Annotated, Literal

from pydantic import Field

from api.models.base import Asked, Moment, Number, Payload, Timestamp
from api.models.risk import Method

Rule = Literal[
    "var", "es", "stress", "gross", "net", "position_share", "stale", "silence", "gaps", "data_quality", "watchdog"
]
_Level = Annotated[Number, Field(gt=0, le=1e15)]
_Name = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]+$")]
MOST_LIMITS = 5_000


class NewLimit(Asked):
    """A limit: what a figure must not reach."""

    rule: Rule
    method: Method | None = None
    """With `var` and `es`."""
    confidence: Number | None = Field(default=None, gt=0.5, lt=1)
    """With `var` and `es`."""
    scenario: _Name | None = None
    """With `stress`; by itself the worst scenario."""
    warning: _Level | None = None
    breach: _Level | None = None
    for_s: Number = Field(default=0.0, ge=0, le=604_800)
    """Seconds of journal time that the figure must stand at a level before it fires."""
    hysteresis: Number = Field(default=0.05, ge=0, lt=1)
    """Part of a level by which the figure must fall below it before it counts as below."""


class NewLimits(Asked):
    """All limits of a portfolio, in place of those before."""

    limits: list[NewLimit] = Field(max_length=MOST_LIMITS)


class Limit(Payload):
    """A limit and how it stands."""

    name: str = Field(examples=["var historical 0.99"])
    rule: Rule
    method: Method | None
    confidence: float | None
    scenario: str | None
    warning: float | None
    breach: float | None
    for_s: float
    hysteresis: float
    value: float | None
    """The figure as of the newest snapshot; of a rule on the stream, as it was told last."""
    utilisation: float | None
    """The figure as a part of the highest level."""
    reason: str | None
    """Why there is no figure."""
    state: Literal["ok", "firing", "acknowledged"]
    level: Literal["warning", "breach"] | None
    since: Timestamp | None
    alert: str | None
    """Id of the alert that told the present state."""
    silenced: bool


class NewSilence(Asked):
    """A silence, or a maintenance window where it lies ahead."""

    starts: Moment = Field(examples=["2026-11-22T09:00:00Z"])
    ends: Moment = Field(examples=["2026-11-22T17:00:00Z"])
    portfolio: _Name | None = None
    """By itself all portfolios."""
    rule: Rule | Literal["engine", "journal"] | None = None
    """By itself all rules."""
    comment: str = Field(default="", max_length=500)


class Silence(Payload):
    """A silence: alerts that it covers are stored and sent as `silenced`."""

    id: str
    starts: Timestamp
    ends: Timestamp
    portfolio: str | None
    rule: str | None
    comment: str
    by: str
    """Whose token made it."""
