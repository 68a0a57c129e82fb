"""Coinbase Exchange: ``matches`` (``--price mid``: ``ticker``) and ``heartbeat``.

A match tells the side of the maker. ``last_match``, the first message of a product, is the trade before the
subscription: history.
"""

from collections.abc import Sequence

import msgspec

from flows.feeds.adapter import (
    Backfill,
    Decoded,
    FrameError,
    LastTrade,
    PriceSource,
    RisingTick,
    Unusable,
    VenueError,
    VenueTime,
)
from flows.feeds.prices import fault_of_quote
from flows.feeds.times import text_time
from flows.feeds.venue import Venue, in_parts, request, taker_of
from riskcore.messages import Tick

_PRODUCTS_IN_MESSAGE = 100
_NO_TICKS = frozenset(
    {
        *("subscriptions", "snapshot", "l2update", "status", "auction"),
        *("received", "open", "done", "change", "activate", "rfq_match"),
    }
)


class _Message(msgspec.Struct, gc=False):
    type: str = ""
    product_id: str = ""
    trade_id: int | None = None
    last_trade_id: int | None = None
    price: float | None = None
    size: float | None = None
    last_size: float | None = None
    side: str | None = None
    time: str | None = None
    sequence: int | None = None
    best_bid: float | None = None
    best_ask: float | None = None
    message: str = ""
    reason: str = ""


class _Outline(msgspec.Struct, gc=False):
    type: str = ""


# Numbers are strings: not strict accepts both, and refuses what is no number.
_decode = msgspec.json.Decoder(_Message, strict=False).decode
_decode_outline = msgspec.json.Decoder(_Outline).decode


class CoinbaseAdapter(Venue):
    """Trades are numbered one by one within a product; quotes carry the product's rising ``sequence``."""

    name = "coinbase"
    feeds = ("coinbase:spot",)
    host = "wss://ws-feed.exchange.coinbase.com"
    consecutive = True
    liveness_s = 5.0
    heartbeat = b'{"type":"heartbeat"}'
    messages_per_s = 8.0

    def __init__(self, price: PriceSource = "trade") -> None:
        self._mid = price == "mid"

    def subscribe(self, symbols: Sequence[str]) -> list[str]:
        channels = ["ticker" if self._mid else "matches", "heartbeat"]
        parts = in_parts(self.own_names(symbols), _PRODUCTS_IN_MESSAGE)
        return [request(type="subscribe", product_ids=part, channels=channels) for part in parts]

    def read(self, payload: bytes, received: int | None) -> Sequence[Decoded]:
        kind = _decode_outline(payload).type
        if kind in _NO_TICKS:
            return ()
        message = _decode(payload)
        if kind in ("match", "last_match"):
            return self._trade(message, received)
        if kind == "ticker":
            return self._quote(message, received) if self._mid else ()
        if kind == "heartbeat":
            return self._heartbeat(message)
        if kind == "error":
            return (VenueError(": ".join(filter(None, (message.message, message.reason))) or "no reason given"),)
        raise FrameError("unrecognised")

    def _heartbeat(self, message: _Message) -> Sequence[Decoded]:
        if message.time is None:
            return ()
        time = VenueTime(self.feeds[0], text_time(message.time))
        if self._mid or message.last_trade_id is None or not message.product_id:
            return (time,)
        return (time, LastTrade(self.feeds[0], message.product_id, message.last_trade_id))

    def _trade(self, message: _Message, received: int | None) -> Sequence[Decoded]:
        if message.price is None or message.trade_id is None or not message.product_id:
            raise FrameError("missing_field")
        stamp = text_time(message.time)
        if self._mid:
            return (VenueTime(self.feeds[0], stamp),) if message.type == "match" else ()
        tick = Tick(
            self.feeds[0], message.product_id, stamp, message.price, message.size,
            taker_of(message.side), message.trade_id, received,
        )  # fmt: skip
        return (tick,) if message.type == "match" else (Backfill(tick),)

    def _quote(self, message: _Message, received: int | None) -> Sequence[Decoded]:
        bid, ask = message.best_bid, message.best_ask
        if bid is None or ask is None or message.sequence is None or not message.product_id:
            raise FrameError("missing_field")
        tick = RisingTick(
            self.feeds[0], message.product_id, text_time(message.time), (bid + ask) / 2,
            None, None, message.sequence, received, bid, ask,
        )  # fmt: skip
        fault = fault_of_quote(bid, ask)
        return (tick,) if fault is None else (Unusable(fault, tick, b""),)


ADAPTERS = {"coinbase": CoinbaseAdapter}
