"""Trades: what is told to the engine, and what it has booked."""

from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from api.models.base import Asked, Moment, Number, Payload, Timestamp

MOST_TRADES = 1_000
_Name = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]+$")]
Symbol = Annotated[str, Field(pattern=r"^[A-Za-z0-9._:/-]{1,129}$", examples=["BTCUSDT"])]


class NewTrade(Asked):
    """A trade to book; one that `cancels` another says nothing but the two ids."""

    trade_id: _Name = Field(examples=["T-1001"])
    """Yours. The same trade again changes nothing; the same id with another content is refused."""
    portfolio: _Name | None = Field(default=None, examples=["main"])
    symbol: Symbol | None = None
    quantity: Number | None = Field(default=None, ge=-1e15, le=1e15, examples=[-0.5])
    """Signed: a sale is negative; contracts or shares."""
    price: Number | None = Field(default=None, ge=1e-12, le=1e15)
    """Quote currency; by itself the newest price that the engine has."""
    event_time: Moment | None = None
    """When it was done, with a time zone; by itself when the engine takes it."""
    corrects: _Name | None = None
    """Id of the trade that this one undoes and stands in the place of."""
    cancels: _Name | None = None
    """Id of the trade that this one undoes."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        content = (self.portfolio, self.symbol, self.quantity)
        if self.cancels is None and None in content:
            raise ValueError("a trade has a portfolio, a symbol and a quantity")
        if self.cancels is not None and any(one is not None for one in (*content, self.price, self.corrects)):
            raise ValueError("a cancel has the ids of the two trades and nothing else")
        if self.quantity == 0:
            raise ValueError("a quantity of 0 is no trade")
        return self


class NewTrades(Asked):
    """Trades to book together: all of them or none."""

    trades: list[NewTrade] = Field(min_length=1, max_length=MOST_TRADES)


def _form(body: Any) -> str:
    return "batch" if isinstance(body, NewTrades) or (isinstance(body, dict) and "trades" in body) else "trade"


OneOrMore = Annotated[Annotated[NewTrade, Tag("trade")] | Annotated[NewTrades, Tag("batch")], Discriminator(_form)]
"""A trade by itself, or a batch; which it is decides what is told of a fault."""


class BookedTrade(Payload):
    """A trade as it was booked; a cancel shows what it took back."""

    trade_id: str
    portfolio: str
    symbol: str
    quantity: float
    price: float | None
    """Quote currency; null where no price was known yet: it counts from the first one."""
    event_time: Timestamp
    corrects: str | None
    cancels: str | None
    booked_at: Timestamp
    """The journal's time of the booking."""
    journal_offset: int
    """The journal record that booked it: figures whose `quality.journal_offset` is not smaller contain it."""


class BookedTrades(Payload):
    """What was booked, in the order in which it was told."""

    schema_: Literal[1] = Field(alias="schema")
    trades: list[BookedTrade]
