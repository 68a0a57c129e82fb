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
    rule: str = Field(examples=["var"])
    """What is limited."""
    method: Method | None
    confidence: float | None
    state: Literal["firing", "resolved", "acknowledged"]
    level: Literal["warning", "breach"]
    value: float | None
    """In the unit of the rule: base currency for money."""
    limit: float | None
    since: Timestamp
    event_time: Timestamp
