"""Which portfolios and trades there are. Every shard keeps the same blotter, so all decide alike about a trade."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from math import isfinite, isnan
from typing import Any, NamedTuple

import msgspec

from flows.commands import Trade
from flows.feeds.prices import MAX_PRICE, MIN_PRICE
from flows.timestamps import format_timestamp
from storage.rows import TradeRow

LARGEST = 1e15
"""Of a quantity."""
_encode = msgspec.json.Encoder().encode


class Booked(msgspec.Struct, frozen=True, array_like=True):
    """A trade as it was booked: where it refers to another, with what it says nothing about filled in."""

    given: Trade
    portfolio: str
    symbol: str
    quantity: float
    price: float | None
    """None where no price was known."""
    event_time: int
    stamp: int
    offset: int
    undoes: str | None = None


class Fault(NamedTuple):
    """Why a trade is refused; ``conflict`` where another trade stands in its way."""

    text: str
    conflict: bool = False


class Change(NamedTuple):
    """What a trade does to a portfolio; ``price`` is NaN where none is known."""

    portfolio: str
    symbol: str
    quantity: float
    price: float


@dataclass(slots=True)
class Draft:
    """A batch on its way into the blotter: it is booked whole, or not at all when there is a fault."""

    booked: dict[str, Booked] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    @property
    def status(self) -> int:
        if not self.faults:
            return 200
        return 409 if any(fault.conflict for fault in self.faults) else 422

    @property
    def errors(self) -> list[str]:
        return [fault.text for fault in self.faults]


class Blotter:
    """Books trades, each once.

    A trade is known by its ``trade_id``: told again it changes nothing, told with another content it is refused. The
    faults of a batch are told by row, and nothing of a faulty batch is booked.
    """

    def __init__(self) -> None:
        self.portfolios: set[str] = set()
        self._booked: dict[str, Booked] = {}
        self._undone: set[str] = set()
        self.symbols: set[str] = set()
        self._traded: dict[str, int] = {}
        self._stated = -1

    def state_book(self, portfolios: Iterable[str], offset: int) -> None:
        """Hear of a book that was stated at this record."""
        self.portfolios.update(portfolios)
        self._stated = offset

    def draft(
        self,
        trades: Sequence[Trade],
        stamp: int,
        offset: int,
        price_of: Callable[[str], float | None],
        as_of: int | None = None,
    ) -> Draft:
        """Judge a batch. ``price_of`` tells the newest price of a symbol, NaN for none, None for an unknown symbol.

        Those that presume a book ``as_of`` a record conflict with what has been traded or stated since.
        """
        draft = Draft()
        for row, trade in enumerate(trades):
            known = self._known(trade.trade_id, draft)
            fault = self._fault(trade, draft, price_of) if known is None else _difference(trade, known)
            if known is None and as_of is not None:
                fault = fault or self._fault_of_presumption(trade, as_of)
            if fault is not None:
                draft.faults.append(fault._replace(text=f"trades.{row}.{fault.text}"))
            elif known is None:
                draft.booked[trade.trade_id] = self._complete(trade, draft, stamp, offset, price_of)
        return draft

    def book(self, draft: Draft) -> list[Change]:
        """Book a draft without faults, and return what it does, in order."""
        changes = []
        for booked in draft.booked.values():
            self._booked[booked.given.trade_id] = booked
            if booked.undoes is not None:
                undone = self._booked[booked.undoes]
                self._undone.add(booked.undoes)
                changes.append(_change(undone, -undone.quantity))
            self._traded[booked.portfolio] = booked.offset
            self.symbols.add(booked.symbol)
            if booked.given.cancels is None:
                changes.append(_change(booked, booked.quantity))
        return changes

    def told(self, trades: Sequence[Trade]) -> bytes:
        """The answer for these trades, which are booked: the same whenever it is asked for."""
        return _encode({"schema": 1, "trades": [_told(self._booked[trade.trade_id]) for trade in trades]})

    def _known(self, trade_id: str | None, draft: Draft) -> Booked | None:
        return draft.booked.get(trade_id or "") or self._booked.get(trade_id or "")

    def _fault(self, trade: Trade, draft: Draft, price_of: Callable[[str], float | None]) -> Fault | None:
        if not trade.trade_id:
            return Fault("trade_id: is missing")
        if trade.cancels is not None and trade.corrects is not None:
            return Fault("cancels: a trade cancels or corrects another, not both")
        if trade.cancels is not None:
            return self._fault_of_reference("cancels", trade.cancels, draft)
        fault = None if trade.corrects is None else self._fault_of_reference("corrects", trade.corrects, draft)
        return fault or self._fault_of_content(trade, price_of)

    def _fault_of_reference(self, word: str, other: str, draft: Draft) -> Fault | None:
        known = self._known(other, draft)
        if known is None:
            return Fault(f"{word}: there is no trade {other!r}")
        if known.given.cancels is not None:
            return Fault(f"{word}: trade {other!r} is itself a cancel", conflict=True)
        if other in self._undone or any(booked.undoes == other for booked in draft.booked.values()):
            return Fault(f"{word}: trade {other!r} is cancelled or corrected already", conflict=True)
        return None

    def _fault_of_presumption(self, trade: Trade, as_of: int) -> Fault | None:
        if max(self._stated, self._traded.get(trade.portfolio, -1)) <= as_of:
            return None
        return Fault(f"portfolio: {trade.portfolio!r} has been traded meanwhile; compare it again", conflict=True)

    def _fault_of_content(self, trade: Trade, price_of: Callable[[str], float | None]) -> Fault | None:
        if trade.portfolio not in self.portfolios:
            return Fault(f"portfolio: there is no portfolio {trade.portfolio!r}; the positions file names them")
        if price_of(trade.symbol) is None:
            advice = "name it with --symbols at the engine's start"
            return Fault(f"symbol: {trade.symbol!r} is neither held nor watched; {advice}")
        if not isfinite(trade.quantity) or not 0.0 < abs(trade.quantity) <= LARGEST:
            return Fault(f"quantity: {trade.quantity:g} is not a number other than 0, at most {LARGEST:g} in size")
        if trade.price is not None and not MIN_PRICE <= trade.price <= MAX_PRICE:
            return Fault(f"price: {trade.price:g} does not lie between {MIN_PRICE:g} and {MAX_PRICE:g}")
        return None

    def _complete(
        self, trade: Trade, draft: Draft, stamp: int, offset: int, price_of: Callable[[str], float | None]
    ) -> Booked:
        when = stamp if trade.event_time is None else trade.event_time
        if trade.cancels is not None:
            undone = draft.booked.get(trade.cancels) or self._booked[trade.cancels]
            content = undone.portfolio, undone.symbol, -undone.quantity, undone.price
            return Booked(trade, *content, when, stamp, offset, trade.cancels)
        price = price_of(trade.symbol) if trade.price is None else trade.price
        known = None if price is None or isnan(price) else price
        return Booked(trade, trade.portfolio, trade.symbol, trade.quantity, known, when, stamp, offset, trade.corrects)

    def state(self) -> "BlotterState":
        """What :meth:`restore` needs."""
        return BlotterState(sorted(self.portfolios), list(self._booked.values()), self._stated)

    def restore(self, state: "BlotterState") -> None:
        """Become what :meth:`state` described."""
        self.portfolios = set(state.portfolios)
        self._booked = {one.given.trade_id: one for one in state.booked}
        self._undone = {one.undoes for one in state.booked if one.undoes is not None}
        self.symbols = {one.symbol for one in state.booked}
        self._traded = {one.portfolio: one.offset for one in state.booked}
        self._stated = state.stated


class BlotterState(msgspec.Struct, array_like=True):
    """A blotter in a checkpoint."""

    portfolios: list[str]
    booked: list[Booked]
    stated: int = -1


def trade_rows(draft: Draft) -> tuple[TradeRow, ...]:
    """The trades of a draft as the database keeps them."""
    return tuple(
        TradeRow(
            trade_id,
            one.portfolio,
            one.symbol,
            one.quantity,
            one.price,
            one.event_time,
            one.offset,
            one.given.corrects,
            one.given.cancels,
        )
        for trade_id, one in draft.booked.items()
    )


def refusal(draft: Draft) -> bytes:
    """What the sender of a faulty batch hears."""
    errors = draft.errors
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return _encode({"detail": f"nothing was booked: {errors[0]}{more}", "errors": errors[:100]})


def _difference(trade: Trade, known: Booked) -> Fault | None:
    if trade == known.given:
        return None
    advice = "a repeat must say the same, a new trade needs an id of its own"
    return Fault(f"trade_id: {trade.trade_id!r} is booked with another content; {advice}", conflict=True)


def _change(booked: Booked, quantity: float) -> Change:
    price = float("nan") if booked.price is None else booked.price
    return Change(booked.portfolio, booked.symbol, quantity, price)


def _told(booked: Booked) -> dict[str, Any]:
    given = booked.given
    return {
        "trade_id": given.trade_id,
        "portfolio": booked.portfolio,
        "symbol": booked.symbol,
        "quantity": booked.quantity,
        "price": booked.price,
        "event_time": format_timestamp(booked.event_time),
        "corrects": given.corrects,
        "cancels": given.cancels,
        "booked_at": format_timestamp(booked.stamp),
        "journal_offset": booked.offset,
    }
