"""The instrument master."""

from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, ConfigDict, Field, field_validator, model_validator

from api.models.base import Payload, Timestamp
from api.models.trade import Symbol

Product = Literal["spot", "share", "fund", "bond", "future", "perpetual"]
_Price = Annotated[float, Field(ge=-1e15, le=1e15)]
MOST_INSTRUMENTS = 5_000


class NewInstrument(Payload):
    """What is known of an instrument from now on, whoever holds it; what is left out is not known."""

    model_config = ConfigDict(strict=False, extra="forbid")

    symbol: Symbol
    currency: str | None = Field(default=None, pattern=r"^[A-Z][A-Z0-9]{2,9}$")
    """By itself the base currency. It cannot change while the instrument is held."""
    multiplier: float | None = Field(default=None, gt=0, le=1e15)
    """Value of one contract for a price of 1, by itself 1. It cannot change while the instrument is held."""
    product: Product = "spot"
    """Options and warrants are refused: their value is not linear in a price."""
    mark: _Price | None = None
    """A price set by hand, for want of ticks; such a position is `stale`, and `stated_at` says how old it is."""
    proxy: Symbol | None = None
    """The instrument whose returns stand in for its own."""
    negative: bool = False
    """Whether its price can be 0 or below."""
    session: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_/-]{1,32}$")
    """A calendar that the engine knows from the instruments file; by itself it trades always."""
    ends: AwareDatetime | None = None
    """From when on it is no more."""

    @field_validator("product", mode="before")
    @classmethod
    def _linear(cls, product: object) -> object:
        if product in ("option", "warrant"):
            raise ValueError("its value is not linear in a price and cannot be revalued in this version")
        return product

    @model_validator(mode="after")
    def _priced(self) -> Self:
        if self.mark is not None and self.mark <= 0 and not self.negative:
            raise ValueError("mark must be greater than 0, unless negative says otherwise")
        return self


class NewInstruments(Payload):
    """Instruments to be described together, all of them or none."""

    model_config = ConfigDict(strict=False, extra="forbid")

    instruments: list[NewInstrument] = Field(min_length=1, max_length=MOST_INSTRUMENTS)


class Instrument(Payload):
    """What is known of an instrument."""

    symbol: str
    currency: str | None
    multiplier: float | None
    product: str
    mark: float | None
    proxy: str | None
    negative: bool
    session: str | None
    ends: Timestamp | None
    stated_at: Timestamp
    """The journal's time at which it was stated: the age of a mark."""
