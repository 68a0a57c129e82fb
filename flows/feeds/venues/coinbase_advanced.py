"""Coinbase Advanced Trade: ``market_trades`` (``--price mid``: ``ticker``) and ``heartbeats``.

Frames are numbered one by one within a connection, over all channels: a number that is missing is a frame that is
missing. The snapshot after a subscription is of old trades, newest first: history, told here from the oldest on.
"""

from collections.abc import Iterator, Sequence

import msgspec

from flows.feeds.adapter import Backfill, Decoded, FrameError, FrameNumber, PriceSource, Unusable, VenueError, VenueTime
from flows.feeds.prices import fault_of_quote
from flows.feeds.times import text_time
from flows.feeds.venue import Venue, in_parts, request, taker_of
from riskcore.messages import Tick

_PRODUCTS_IN_MESSAGE = 100
_NO_TICKS = frozenset(
    {
        *("subscriptions", "heartbeats", "l2_data", "level2", "candles"),
        *("status", "ticker_batch", "user", "futures_balance_summary"),
    }
)


class _Trade(msgspec.Struct, gc=False):
    trade_id: int
    product_id: str
    price: float
    time: str
    size: float | None = None
    side: str | None = None


class _Ticker(msgspec.Struct, gc=False):
    product_id: str
    best_bid: float
    best_ask: float


class _Event(msgspec.Struct):
    type: str = ""
    trades: list[_Trade] = []
    tickers: list[_Ticker] = []


class _Frame(msgspec.Struct):
    channel: str = ""
    timestamp: str | None = None
    sequence_num: int | None = None
    events: list[_Event] = []


class _Outline(msgspec.Struct, gc=False):
    channel: str = ""
    timestamp: str | None = None
    sequence_num: int | None = None
    type: str = ""
    message: str = ""


_decode = msgspec.json.Decoder(_Frame, strict=False).decode
_decode_outline = msgspec.json.Decoder(_Outline).decode


class CoinbaseAdvancedAdapter(Venue):
    """Trade ids name trades and prove repeats; frame numbers prove that nothing is missing within a connection."""

    name = "coinbase:advanced"
    feeds = ("coinbase:advanced",)
    host = "wss://advanced-trade-ws.coinbase.com"
    liveness_s = 5.0
    heartbeat = b'{"channel":"heartbeats"}'
    messages_per_s = 8.0

    def __init__(self, price: PriceSource = "trade") -> None:
        self._mid = price == "mid"

    def subscribe(self, symbols: Sequence[str]) -> list[str]:
        channel = "ticker" if self._mid else "market_trades"
        parts = in_parts(self.own_names(symbols), _PRODUCTS_IN_MESSAGE)
        asked = [request(type="subscribe", product_ids=part, channel=channel) for part in parts]
        return [*asked, request(type="subscribe", channel="heartbeats")]

    def read(self, payload: bytes, received: int | None) -> Sequence[Decoded]:
        outline = _decode_outline(payload)
        if outline.type == "error":
            return (VenueError(outline.message or "no reason given"),)
        if outline.channel == "market_trades":
            return [*self._number(outline), *self._trades(_decode(payload), received)]
        if outline.channel == "ticker":
            return [*self._number(outline), *self._quotes(_decode(payload), received)]
        if outline.channel in _NO_TICKS:
            return list(self._number(outline))
        raise FrameError("unrecognised")

    def _number(self, outline: _Outline) -> Iterator[Decoded]:
        if outline.timestamp is not None:
            stamp = text_time(outline.timestamp)
            if outline.sequence_num is not None:
                yield FrameNumber(self.feeds[0], outline.sequence_num, stamp)
            yield VenueTime(self.feeds[0], stamp)

    def _trades(self, frame: _Frame, received: int | None) -> Iterator[Decoded]:
        for event in () if self._mid else frame.events:
            is_history = event.type == "snapshot"
            for trade in sorted(event.trades, key=_trade_id) if is_history else event.trades:
                tick = Tick(
                    self.feeds[0], trade.product_id, text_time(trade.time), trade.price, trade.size,
                    taker_of(trade.side), trade.trade_id, received,
                )  # fmt: skip
                yield Backfill(tick) if is_history else tick

    def _quotes(self, frame: _Frame, received: int | None) -> Iterator[Decoded]:
        stamp = text_time(frame.timestamp)
        for event in frame.events if self._mid else ():
            for quote in event.tickers:
                bid, ask = quote.best_bid, quote.best_ask
                price = (bid + ask) / 2
                tick = Tick(self.feeds[0], quote.product_id, stamp, price, received=received, bid=bid, ask=ask)
                fault = fault_of_quote(bid, ask)
                yield tick if fault is None else Unusable(fault, tick, b"")


def _trade_id(trade: _Trade) -> int:
    return trade.trade_id


ADAPTERS = {"coinbase:advanced": CoinbaseAdvancedAdapter}
