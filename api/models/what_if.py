"""What would be: risk with trades that are not done, against without."""

from typing import Annotated, Literal

from pydantic import Field

from api.models.base import Asked, Number, Payload, Timestamp
from api.models.risk import Method, Uncovered
from api.models.trade import MOST_TRADES, Symbol


class Candidate(Asked):
    """A trade that might be done."""

    symbol: Symbol
    quantity: Annotated[Number, Field(ge=-1e15, le=1e15, examples=[-2.5])]
    """Signed: a sale is negative; contracts or shares."""


class Candidates(Asked):
    """Trades that might be done together."""

    trades: list[Candidate] = Field(min_length=1, max_length=MOST_TRADES)


class MeasureChange(Payload):
    """VaR and ES by one method at one confidence without and with the trades; base currency, losses positive."""

    method: Method
    confidence: float
    var_before: float | None
    """Null with a `reason` where it cannot be given, like the figures that follow."""
    var_after: float | None
    incremental_var: float | None
    """After less before: what the trades add."""
    es_before: float | None
    es_after: float | None
    incremental_es: float | None
    reason: str | None


class ComponentChange(Payload):
    """A position and its part of the risk, without and with the trades."""

    symbol: str
    quantity_before: float
    quantity_after: float
    component_var_before: float
    """Share of the parametric VaR at the highest confidence, base currency; 0 where it is not held."""
    component_var_after: float
    component_es_before: float
    """Share of the simulated ES at the highest confidence, base currency."""
    component_es_after: float


class WhatIf(Payload):
    """The answer as of one record of the journal: whoever replays it so far gets the same."""

    schema_: Literal[1] = Field(alias="schema")
    portfolio: str
    event_time: Timestamp
    """The moment of the market whose prices it has: that of the last figures."""
    journal_offset: int
    """The last journal record that is in it."""
    base_currency: str
    horizon: str
    market_value_before: float
    """Base currency."""
    market_value_after: float
    measures: list[MeasureChange]
    components: list[ComponentChange]
    """The positions whose part moves most, at most 20, the largest move first."""
    uncovered: list[Uncovered]
    """Positions that the figures with the trades leave out, and why."""
