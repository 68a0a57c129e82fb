"""The FeedActor: bytes of the journal in, ticks with exactly one fate each out, in journal order."""

import unicodedata
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from flows.actors.feed_lines import UNKNOWN, FeedState, Line, Lines
from flows.actors.ledger import Ledger
from flows.commands import Positions, decode_command
from flows.feeds.adapter import (
    DUPLICATE,
    UNSTAMPED,
    Adapter,
    Backfill,
    Decoded,
    DuplicateReason,
    FrameError,
    FrameNumber,
    LastTrade,
    NamedTick,
    PriceSource,
    RisingTick,
    SequencedTick,
    Session,
    TickReason,
    Unusable,
    VenueTime,
)
from flows.feeds.prices import MAX_PRICE, MAX_SIZE, MIN_PRICE, fault_of_any_price, fault_of_price
from flows.feeds.registry import get_adapter
from flows.messages import Accepted, Command, End, Event, FeedBatch, Gap, Instant, Kind, Record, Refused
from flows.universe import Universe, is_symbol
from riskcore.errors import InputError
from riskcore.messages import Tick
from riskcore.state import pack, unpack

_KIND = "feed actor, version 4"
_TICKS = frozenset((Tick, SequencedTick, RisingTick, NamedTick))
_END_OF_TIME = 2**63
_KEPT = 4096


class _Connection(msgspec.Struct):
    """What the journal says of a connection that was made."""

    price: PriceSource | None = None


class FeedActor:
    """Decodes frames, follows identifiers and clocks, and judges every tick.

    A tick is accepted, a duplicate or rejected, with a reason from the closed lists of
    :mod:`flows.feeds.adapter`, and the ledger counts it. Time is the journal's: the same records give the
    same events.

    Parameters
    ----------
    universe
        The instruments; a ``positions`` command extends it.
    price
        What a tick is: a trade, or the middle of a quote; of a feed whose connection says otherwise, what that says.
    adapters
        Makes an adapter by name and price source.
    """

    def __init__(
        self,
        universe: Universe,
        price: PriceSource = "trade",
        adapters: Callable[[str, PriceSource], Adapter] = get_adapter,
    ) -> None:
        self._universe = universe
        self._price = price
        self._make_adapter = adapters
        self._adapters: dict[str, Adapter] = {}
        self._lines = Lines()
        self._negative: set[int] = set()
        self._sessions: dict[str, str] = {}
        self._connected: dict[str, bool] = {}
        self._prices: dict[str, PriceSource] = {}

    @property
    def ledger(self) -> Ledger:
        """What became of every tick so far."""
        return self._lines.ledger

    @property
    def connected(self) -> dict[str, bool]:
        """Whether each connection of a feed, by its origin, was there at the last record."""
        return dict(self._connected)

    def clock_offset(self, feed: str) -> int:
        """How far the clock of ``feed`` runs ahead of ours, in nanoseconds; 0 where nothing is known."""
        state = self._lines.feeds.get(feed)
        return state.clock.offset if state is not None else 0

    def on_batch(self, records: Sequence[Record]) -> FeedBatch:
        """Turn records into events; each record gives at least one, so that the journal's time moves on.

        Raises
        ------
        InputError
            A command that cannot be read, a symbol that two feeds have where a position does not say which,
            or an adapter that is not installed.
        """
        events: list[Event] = []
        for record in records:
            if record.kind is Kind.FRAME:
                self._on_frame(record, events)
            else:
                events.append(self._on_control(record))
        if not records:
            return FeedBatch(-1, 0, events)
        return FeedBatch(records[-1].offset, records[-1].stamp, events)

    def _on_frame(self, record: Record, events: list[Event]) -> None:
        adapter = self._adapters.get(record.adapter) or self._load(record.adapter)
        received = None if record.line and adapter.tells_receipt else record.stamp
        before = len(events)
        try:
            for ordinal, item in enumerate(adapter.decode(record.payload, received)):
                if item.__class__ in _TICKS:
                    self._on_tick(record, ordinal, item, events)
                else:
                    self._on_other(record, ordinal, item, events)
        except FrameError as error:
            account = self._lines.ledger.account(adapter.name)
            account.received += 1
            account.rejected[error.reason] = account.rejected.get(error.reason, 0) + 1
            events.append(_rejected(record, 0, error.reason))
        if len(events) == before:
            events.append(Instant(record.offset, record.stamp))

    def _on_tick(
        self,
        record: Record,
        ordinal: int,
        tick: Tick,
        events: list[Event],
        fault: TickReason | None = None,
        *,
        is_history: bool = False,
    ) -> None:
        line = self._lines.by_key.get((tick.feed, tick.symbol))
        if line is None:
            tick = _normalised(tick)
            line = self._open(tick, record.adapter)
        received, is_stamped = tick.received, tick.event_time != UNSTAMPED
        if not is_stamped and received is not None:
            tick = tick._replace(event_time=received + line.feed.clock.offset)
        account = line.account
        account.received += 1
        reason = self._judge(record, line, tick, events, fault)
        if reason is None:
            account.accepted += 1
            if is_stamped and received is not None and not is_history:
                line.feed.clock.observe(tick.event_time - received, received)
            events.append(Accepted(record.offset, ordinal, record.stamp, line.instrument, tick, is_history))
        elif reason in DUPLICATE:
            account.duplicate[reason] = account.duplicate.get(reason, 0) + 1
            events.append(_rejected(record, ordinal, reason, tick)._replace(fate="duplicate"))
        else:
            account.rejected[reason] = account.rejected.get(reason, 0) + 1
            events.append(_rejected(record, ordinal, reason, tick))

    def _judge(
        self, record: Record, line: Line, tick: Tick, events: list[Event], fault: TickReason | None
    ) -> TickReason | DuplicateReason | None:
        event_time, received, price, identifier = tick.event_time, tick.received, tick.price, tick.identifier
        clock = line.feed.clock
        if not 0 < event_time < _END_OF_TIME:
            fault = fault or "bad_time"
        elif received is not None and event_time - received > clock.tolerance:
            fault = fault or "future"
        # A number that came is no gap, whatever is wrong with its tick; a wrong time proves nothing.
        if identifier is not None:
            verdict = line.admit(tick.__class__, identifier, price, 0 if fault else event_time)
            if verdict.__class__ is tuple:
                self._declare(record, line, tick, verdict, events)
            elif verdict is not None:
                return verdict  # type: ignore[return-value]  # not a range
        if line.instrument == UNKNOWN:
            return "unknown_symbol" if is_symbol(tick.symbol) and is_symbol(tick.feed) else "bad_symbol"
        wrong = self._fault_of(line.instrument, tick, fault)
        if wrong is not None:
            return wrong
        if tick.size is not None and not 0.0 <= tick.size <= MAX_SIZE:
            return "bad_size"
        return None

    def _fault_of(self, instrument: int, tick: Tick, fault: TickReason | None) -> TickReason | None:
        if instrument in self._negative:
            return fault_of_any_price(tick.price) or (None if fault == "not_positive" and _has_room(tick) else fault)
        if fault is None and not MIN_PRICE <= tick.price <= MAX_PRICE:
            return fault_of_price(tick.price)
        return fault

    def _declare(self, record: Record, line: Line, tick: Tick, gap: tuple[int, int], events: list[Event]) -> None:
        of_feed = tick.__class__ is SequencedTick
        account = line.feed.account if of_feed else line.account
        account.missing += gap[1] - gap[0] + 1
        events.append(Gap(record.offset, record.stamp, line.feed.name, "" if of_feed else line.symbol, *gap))

    def _on_other(self, record: Record, ordinal: int, item: Decoded, events: list[Event]) -> None:
        if isinstance(item, Unusable):
            self._on_unusable(record, ordinal, item, events)
        elif isinstance(item, Backfill):
            self._on_tick(record, ordinal, item.tick, events, is_history=True)
        elif isinstance(item, FrameNumber):
            self._on_frame_number(record, item, events)
        elif isinstance(item, Session):
            if self._sessions.get(record.adapter, item.name) != item.name:
                self._lines.renumbered(record.adapter)
            self._sessions[record.adapter] = item.name
        elif isinstance(item, LastTrade):
            self._on_last_trade(record, item, events)
        elif isinstance(item, VenueTime):
            self._lines.feed(item.feed, record.adapter).clock.observe(item.time - record.stamp, record.stamp)

    def _on_frame_number(self, record: Record, item: FrameNumber, events: list[Event]) -> None:
        feed = self._lines.feed(item.feed, record.adapter)
        verdict = feed.admit(item.number, 0.0, item.time)
        if verdict.__class__ is tuple:
            first, last = verdict
            feed.account.missing += last - first + 1
            events.append(Gap(record.offset, record.stamp, feed.name, "", first, last))

    def _on_last_trade(self, record: Record, item: LastTrade, events: list[Event]) -> None:
        line = self._lines.by_key.get((item.feed, item.symbol))
        gap = None if line is None or line.trades is None else line.trades.hear(item.identifier)
        if line is not None and gap is not None:
            line.account.missing += gap[1] - gap[0] + 1
            events.append(Gap(record.offset, record.stamp, line.feed.name, line.symbol, *gap))

    def _on_unusable(self, record: Record, ordinal: int, item: Unusable, events: list[Event]) -> None:
        if item.tick is not None:
            self._on_tick(record, ordinal, item.tick, events, item.reason)
            return
        account = self._lines.ledger.account(record.adapter)
        account.received += 1
        account.rejected[item.reason] = account.rejected.get(item.reason, 0) + 1
        events.append(_rejected(record, ordinal, item.reason, payload=item.payload))

    def _on_control(self, record: Record) -> Event:
        if record.kind is Kind.COMMAND:
            self._on_command(record)
            return Command(record.offset, record.stamp, record.payload)
        if record.kind is Kind.END:
            return End(record.offset, record.stamp)
        if record.kind is Kind.CONNECTED:
            self._learn_price(record)
            self._lines.reconnected(record.adapter)
            self._connected[record.origin] = True
        elif record.kind is Kind.DISCONNECTED:
            self._connected[record.origin] = False
        return Instant(record.offset, record.stamp)

    def _on_command(self, record: Record) -> None:
        try:
            command = decode_command(record.payload)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise InputError(f"the command at journal offset {record.offset} cannot be read: {error}") from None
        if isinstance(command, Positions):
            self._universe.add(command.names, command.aliases)
            found = (self._universe.find(known.symbol) for known in command.instruments if known.negative)
            self._negative = {number for number in found if number is not None}

    def _open(self, tick: Tick, adapter: str) -> Line:
        valid = is_symbol(tick.symbol) and is_symbol(tick.feed)
        instrument = self._universe.number(tick.feed, tick.symbol) if valid else None
        if instrument is not None:
            return self._lines.open(self._lines.feed(tick.feed, adapter), tick.symbol, instrument)
        return self._lines.unknown(self._feed_of_unknown(tick.feed, adapter))

    def _feed_of_unknown(self, name: str, adapter: str) -> FeedState:
        if name in self._lines.feeds or name in self._adapters[adapter].feeds:
            return self._lines.feed(name, adapter)
        return self._lines.feed(f"{adapter}:?", adapter, tracked=False)

    def _load(self, name: str) -> Adapter:
        price = self._prices.get(name, self._price)
        return self._adapters.setdefault(name, self._make_adapter(name, price))

    def _learn_price(self, record: Record) -> None:
        """What this connection reads, which need not be what others do."""
        price = msgspec.json.decode(record.payload or b"{}", type=_Connection).price or self._price
        if self._prices.get(record.adapter, self._price) != price:
            self._adapters.pop(record.adapter, None)
        self._prices[record.adapter] = price

    def snapshot(self) -> bytes:
        """The whole state as bytes of our own, versioned and with a checksum."""
        arrays, meta = self._lines.state()
        meta |= {"price": self._price, "universe": self._universe.state()}
        meta |= {"negative": sorted(self._negative)}
        meta |= {"sessions": self._sessions, "connected": self._connected, "prices": self._prices}
        encoded = msgspec.json.encode(meta)
        return pack(_KIND, arrays | {"meta": _as_words(encoded)}, {"bytes": len(encoded)})

    def restore(self, state: bytes) -> None:
        """Become what :meth:`snapshot` described, the universe included.

        Raises
        ------
        StateError
            The bytes are damaged or not the state of a FeedActor.
        InputError
            The state was made with the other price source.
        """
        restored = unpack(_KIND, state)
        encoded = restored.arrays["meta"].tobytes()[: restored.meta["bytes"]]
        meta: dict[str, Any] = msgspec.json.decode(encoded)
        if meta["price"] != self._price:
            raise InputError(f"the saved state is of {meta['price']} prices: start with --price {meta['price']}")
        self._universe.restore(meta["universe"])
        self._lines = Lines.restore(restored.arrays, meta)
        self._negative = set(meta["negative"])
        self._sessions, self._connected = meta["sessions"], meta["connected"]
        self._prices, self._adapters = meta["prices"], {}


# The middle of a quote: what is wrong with it is the sign of a side, not that they cross.
def _has_room(tick: Tick) -> bool:
    return tick.bid is not None and tick.ask is not None and tick.bid < tick.ask


# As an array, because the JSON of the state's own header takes too long for thousands of symbols.
def _as_words(encoded: bytes) -> NDArray[np.int64]:
    return np.frombuffer(encoded.ljust(-(-len(encoded) // 8) * 8), dtype="<i8")


def _normalised(tick: Tick) -> Tick:
    if tick.symbol.isascii():
        return tick
    return tick._replace(symbol=unicodedata.normalize("NFC", tick.symbol))


def _rejected(record: Record, ordinal: int, reason: str, tick: Tick | None = None, payload: bytes = b"") -> Refused:
    kept = (payload or record.payload)[:_KEPT]
    return Refused(record.offset, ordinal, record.stamp, "rejected", reason, record.origin, record.line, tick, kept)
