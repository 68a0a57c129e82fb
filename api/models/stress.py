"""Stress scenarios, and what a portfolio gains or loses in them."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from api.models.base import Asked, Flag, Number, Payload, Timestamp, Whole
from api.models.risk import Uncovered
from api.models.trade import Symbol

MOST_SYMBOLS = 1_000
ScenarioName = Annotated[
    str, Field(min_length=1, max_length=80, pattern=r"^[^\x00-\x1f\x7f,/]+$", examples=["tech -20 %"])
]
Return = Annotated[Number, Field(ge=-1.0, le=10.0, examples=[-0.2])]
"""A return: -0.2 is a fall of 20 %."""


class ShockedGroup(Asked):
    """Instruments that are shocked alike; a later group counts before an earlier one."""

    symbols: list[Symbol] = Field(min_length=1, max_length=MOST_SYMBOLS)
    shock: Return


class Episode(Asked):
    """Bars of the past, compounded: the last `bars` of those that had closed `ago` bars ago."""

    bars: Whole = Field(ge=1, le=10_000, examples=[60])
    ago: Whole = Field(default=0, ge=0, le=100_000)


class NewScenario(Asked):
    """Returns by which prices move, the most particular one counts; or an episode of the past."""

    name: ScenarioName
    description: str = Field(default="", max_length=500)
    source: str | None = Field(default=None, max_length=500)
    """Where the figures are from."""
    everything: Return | None = None
    """Moves all instruments, but rates that only convert."""
    groups: list[ShockedGroup] = Field(default=[], max_length=100)
    instruments: dict[Symbol, Return] = Field(
        default={}, max_length=MOST_SYMBOLS, json_schema_extra={"additionalProperties": False}
    )
    propagate: Flag = False
    """What is not shocked follows by the conditional mean of the covariance."""
    episode: Episode | None = None

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        shocked = self.everything is not None or bool(self.groups) or bool(self.instruments)
        if shocked == (self.episode is not None):
            raise ValueError("a scenario has shocks (everything, groups, instruments) or an episode, one of the two")
        if self.propagate and (self.everything is not None or self.episode is not None):
            raise ValueError("propagate carries shocks of some instruments over to the rest: it takes no others")
        return self


class AskedScenario(NewScenario):
    """A scenario that is asked about and not stored: it needs no name."""

    name: ScenarioName = "ad hoc"


class Scenario(NewScenario):
    """A scenario as it is stored, or built in."""

    built_in: bool


class PositionPnl(Payload):
    """What one position gains or loses."""

    symbol: str
    market_value: float
    """Before, base currency."""
    pnl: float
    """Base currency; gains positive."""


class ScenarioPnl(Payload):
    """P&L of a portfolio in one scenario."""

    scenario: str
    pnl: float | None
    """Sum of the positions, base currency; null with a `reason` where the scenario does not fit the portfolio."""
    positions: list[PositionPnl]
    """The largest loss first; without those that have no price."""
    reason: str | None


class Stress(Payload):
    """The answer as of one record of the journal."""

    schema_: Literal[1] = Field(alias="schema")
    portfolio: str
    event_time: Timestamp
    """The moment of the market whose prices it has: that of the last figures."""
    journal_offset: int
    base_currency: str
    market_value: float
    results: list[ScenarioPnl]
    uncovered: list[Uncovered]
    """Positions that are left out, and why."""
