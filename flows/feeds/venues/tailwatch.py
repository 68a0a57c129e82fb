"""Our own protocol: the tick objects of the file format, one or an array a frame, and objects with a
``type``.

``{"type":"hello","session":…}`` opens a numbering session of ``seq``, ``{"type":"heartbeat"}`` is life,
``{"type":"error","message":…}`` a refusal, ``{"type":"subscribe","symbols":[…]}`` what the client sends.
"""

from collections.abc import Sequence
from typing import Literal

import msgspec

from flows.feeds.adapter import Decoded, FrameError, SequencedTick, Session, TickReason, Unusable, VenueError
from flows.feeds.doubles import check_fields, says_twice
from flows.feeds.prices import fault_of_quote
from flows.feeds.strict import UNREADABLE, check_bytes, reason_of, tick_reason
from flows.feeds.venue import Venue
from flows.timestamps import parse_timestamp
from riskcore.errors import InputError
from riskcore.messages import Tick

FEED = "tailwatch"
_NANOSECONDS_FROM = 10**17
_NANOSECONDS_TO = 2**63
_SIDES: dict[str | None, Literal["buy", "sell"]] = {"buy": "buy", "sell": "sell"}
_TICKS = ("", "tick", "trade")
_NO_TICKS = ("heartbeat", "subscribed", "status")


class _Message(msgspec.Struct, gc=False):
    symbol: str | None = None
    price: float | None = None
    ts: int | str | None = None
    size: float | None = None
    side: str | None = None
    seq: int | None = None
    trade_id: int | None = None
    bid: float | None = None
    ask: float | None = None
    feed: str = FEED
    received: int | str | None = None
    type: str = ""
    session: str | int | None = None
    message: str = ""


# Many who write ticks keep decimals as text ("187.25"): not strict reads them too, and refuses what is no number.
_decode = msgspec.json.Decoder(_Message | list[_Message], strict=False).decode
_decode_one = msgspec.json.Decoder(_Message, strict=False).decode
_decode_parts = msgspec.json.Decoder(list[msgspec.Raw]).decode


class _NotATickError(Exception):
    def __init__(self, reason: TickReason) -> None:
        super().__init__(reason)
        self.reason: TickReason = reason


class TailwatchAdapter(Venue):
    """The ``tailwatch`` protocol and the lines of tick files.

    ``seq`` counts all ticks of a feed one by one, ``trade_id`` names a trade of a symbol (with both,
    ``seq`` is the identifier). A tick without ``feed`` belongs to the feed ``tailwatch``. With
    ``price="mid"`` the price is halfway between ``bid`` and ``ask`` where a tick has both.
    """

    name = FEED
    feeds = (FEED,)
    liveness_s = 5.0
    heartbeat = b'{"type":"heartbeat"}'
    tells_receipt = True
    messages_per_s = 10.0

    def __init__(self, price: Literal["trade", "mid"] = "trade") -> None:
        self._mid = price == "mid"

    def url(self, symbols: Sequence[str], override: str | None = None) -> str:
        """The address given: this protocol has no public venue.

        Raises
        ------
        InputError
            No address was given.
        """
        if not override:
            raise InputError("the feed tailwatch has no address of its own: give one with --url ws://host:port")
        return override

    def subscribe(self, symbols: Sequence[str]) -> list[str]:
        names = [symbol.removeprefix(f"{FEED}:") for symbol in dict.fromkeys(symbols)]
        return [msgspec.json.encode({"type": "subscribe", "symbols": names}).decode()]

    def decode(self, payload: bytes, received: int | None) -> Sequence[Decoded]:
        check_bytes(payload)
        try:
            frame = _decode(payload)
        except UNREADABLE as error:
            if isinstance(error, msgspec.ValidationError) and payload.lstrip()[:1] == b"[":
                return self._each(payload, received)
            raise FrameError(reason_of(error, payload)) from None
        if type(frame) is not list:
            check_fields(payload)
            return self._single(frame, received)
        try:
            ticks = [self._tick(message, received) for message in frame]
        except _NotATickError:
            return self._each(payload, received)
        # One by one, since the keys of several objects are never all distinct, which is what is quick to see.
        twice = any(says_twice(bytes(part)) for part in _decode_parts(payload))
        return self._each(payload, received) if twice else ticks

    def _single(self, message: _Message, received: int | None) -> Sequence[Decoded]:
        if message.type in _TICKS:
            try:
                return (self._tick(message, received),)
            except _NotATickError as error:
                return (Unusable(error.reason, None, b""),)
        if message.type in _NO_TICKS:
            return ()
        if message.type == "hello" and message.session is not None:
            return (Session(str(message.session)),)
        if message.type == "error":
            return (VenueError(message.message or "no reason given"),)
        raise FrameError("missing_field" if message.type == "hello" else "unrecognised")

    def _each(self, payload: bytes, received: int | None) -> Sequence[Decoded]:
        try:
            parts = _decode_parts(payload)
        except UNREADABLE as error:
            raise FrameError(reason_of(error, payload)) from None
        return [self._part(bytes(part), received) for part in parts]

    def _part(self, part: bytes, received: int | None) -> Decoded:
        try:
            tick = self._tick(_decode_one(part), received)
            check_fields(part)
        except _NotATickError as error:
            return Unusable(error.reason, None, part)
        except FrameError as error:
            return Unusable(tick_reason(error.reason), None, part)
        except UNREADABLE as error:
            return Unusable(tick_reason(reason_of(error, part)), None, part)
        return tick

    def _tick(self, message: _Message, received: int | None) -> Tick | Unusable:
        symbol, stamp, price, bid, ask = message.symbol, message.ts, message.price, message.bid, message.ask
        fault: TickReason | None = None
        if self._mid and bid is not None and ask is not None:
            price, fault = (bid + ask) / 2, fault_of_quote(bid, ask)
        if symbol is None or price is None or stamp is None:
            raise _NotATickError("missing_field")
        if type(stamp) is not int or not _NANOSECONDS_FROM <= stamp < _NANOSECONDS_TO:
            stamp = _time(stamp)
        if received is None and message.received is not None:
            received = _time(message.received)
        kind, identifier = (Tick, message.trade_id) if message.seq is None else (SequencedTick, message.seq)
        side = _SIDES.get(message.side)
        tick = kind(message.feed, symbol, stamp, price, message.size, side, identifier, received, bid, ask)
        return tick if fault is None else Unusable(fault, tick, b"")


def _time(value: int | str) -> int:
    try:
        return parse_timestamp(value)
    except InputError:
        raise _NotATickError("bad_time") from None


ADAPTERS = {FEED: TailwatchAdapter}
