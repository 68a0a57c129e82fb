"""Differences between two books."""

from typing import Literal

from pydantic import Field

from api.models.base import Payload
from api.models.trade import BookedTrade


class PositionDifference(Payload):
    """A position on which the two books do not agree."""

    portfolio: str
    symbol: str
    """As the held book calls it, where that has it."""
    held: float
    """What is held; 0 for nothing."""
    stated: float
    """What the other book says; 0 where it does not name it."""
    difference: float
    """The trade that would make them agree: `stated` less `held`; 0 where only the average prices differ."""
    held_average_price: float | None
    stated_average_price: float | None


class Reconciliation(Payload):
    """Two books beside each other."""

    schema_: Literal[1] = Field(alias="schema")
    as_of: int
    """The journal record up to which the held book was known."""
    compared: int
    """Positions that either book has."""
    differences: list[PositionDifference]
    booked: list[BookedTrade]
    """Trades that made the quantities agree; empty unless they were asked for."""
