"""The ``alert`` event."""

from typing import Literal

from pydantic import Field

from api.models.base import Payload, Timestamp
from api.models.risk import Method


class Alert(Payload):
    """One transition of one limit. Delivered at least once: the same `id` is the same transition."""

    schema_: Literal[1] = Field(alias="schema")
    id: str
    portfolio: str
    """`*` for an alert that concerns all of them: the silence of the engine."""
    rule: str = Field(examples=["var"])
    """What is limited; `engine` where the engine itself is silent, `journal` where it can accept nothing."""
    method: Method | None
    confidence: float | None
    state: Literal["firing", "resolved", "acknowledged"]
    level: Literal["warning", "breach"]
    """The level that fires; of a resolved alert, the one that fired last."""
    value: float | None
    """In the unit of the rule: base currency for money."""
    limit: float | None
    """The value of that level; null for a watchdog."""
    since: Timestamp
    """When this alert began; the same through its rises and falls."""
    event_time: Timestamp
    journal_offset: int
    """The record of the journal that caused it."""
    scenario: str | None = None
    """Of a limit on one stress scenario."""
    reason: str | None = None
    """What is to be said beside the figures: why one is missing, who acknowledged it."""
    silenced: bool = False
    """A silence or a maintenance window covers it: to be kept, and to wake nobody."""
