"""Kraken, API v1: arrays of trades (``--price mid``: ``ticker``) with every number as a string. For old recordings.

Nothing is numbered: neither a repeat nor a gap can be told.
"""

from collections.abc import Iterator, Sequence

import msgspec

from flows.feeds.adapter import UNSTAMPED, Decoded, FrameError, PriceSource, Unusable, VenueError
from flows.feeds.prices import fault_of_quote
from flows.feeds.times import decimal_seconds
from flows.feeds.venue import Venue, in_parts, request, side_of
from riskcore.messages import Tick

_PAIRS_IN_MESSAGE = 100
_EVENTS = frozenset(["heartbeat", "systemStatus", "subscriptionStatus", "pong"])


class _Trade(msgspec.Struct, array_like=True, gc=False):
    price: float
    volume: float
    time: str
    side: str


class _Quote(msgspec.Struct, gc=False):
    a: list[float]
    b: list[float]


class _Event(msgspec.Struct, gc=False):
    event: str = ""
    errorMessage: str = ""  # noqa: N815  (the venue's own name)


_decode_event = msgspec.json.Decoder(_Event).decode
_decode_parts = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_text = msgspec.json.Decoder(str).decode
_decode_trades = msgspec.json.Decoder(list[_Trade], strict=False).decode
_decode_quote = msgspec.json.Decoder(_Quote, strict=False).decode


class KrakenV1Adapter(Venue):
    """``[channel, data, name, pair]``; whatever is no array is an event."""

    name = "kraken:v1"
    feeds = ("kraken:spot",)
    host = "wss://ws.kraken.com"
    liveness_s = 5.0
    heartbeat = b'{"event":"heartbeat"}'

    def __init__(self, price: PriceSource = "trade") -> None:
        self._mid = price == "mid"

    def subscribe(self, symbols: Sequence[str]) -> list[str]:
        channel = {"name": "ticker" if self._mid else "trade"}
        parts = in_parts(self.own_names(symbols), _PAIRS_IN_MESSAGE)
        return [request(event="subscribe", pair=part, subscription=channel) for part in parts]

    def read(self, payload: bytes, received: int | None) -> Sequence[Decoded]:
        if payload.lstrip()[:1] != b"[":
            return self._event(_decode_event(payload))
        parts = _decode_parts(payload)
        if len(parts) < 4:
            raise FrameError("unrecognised")
        channel, pair = _decode_text(parts[-2]), _decode_text(parts[-1])
        if channel == "trade":
            return () if self._mid else list(self._trades(parts[1], pair, received))
        if channel == "ticker":
            return (self._quote(parts[1], pair, received),) if self._mid else ()
        return ()

    def _event(self, event: _Event) -> Sequence[Decoded]:
        if event.errorMessage:
            return (VenueError(event.errorMessage),)
        if event.event not in _EVENTS:
            raise FrameError("unrecognised")
        return ()

    def _trades(self, data: msgspec.Raw, pair: str, received: int | None) -> Iterator[Decoded]:
        for trade in _decode_trades(data):
            stamp = decimal_seconds(trade.time)
            yield Tick(self.feeds[0], pair, stamp, trade.price, trade.volume, side_of(trade.side), received=received)

    def _quote(self, data: msgspec.Raw, pair: str, received: int | None) -> Decoded:
        quote = _decode_quote(data)
        if not quote.a or not quote.b:
            raise FrameError("missing_field")
        bid, ask = quote.b[0], quote.a[0]
        tick = Tick(self.feeds[0], pair, UNSTAMPED, (bid + ask) / 2, received=received, bid=bid, ask=ask)
        fault = fault_of_quote(bid, ask)
        return tick if fault is None else Unusable(fault, tick, b"")


ADAPTERS = {"kraken:v1": KrakenV1Adapter}
