"""Kraken, API v2: ``trade`` with its snapshot (``--price mid``: ``ticker``), numbers as JSON numbers."""

from collections.abc import Iterator, Sequence

import msgspec

from flows.feeds.adapter import UNSTAMPED, Backfill, Decoded, FrameError, PriceSource, Unusable, VenueError
from flows.feeds.prices import fault_of_quote
from flows.feeds.times import text_time
from flows.feeds.venue import Venue, in_parts, request, side_of
from riskcore.messages import Tick

_SYMBOLS_IN_MESSAGE = 100
_NO_TICKS = frozenset(["heartbeat", "status", "book", "ohlc", "instrument", "level3", "executions", "balances"])


class _Trade(msgspec.Struct, gc=False):
    symbol: str
    price: float
    trade_id: int
    timestamp: str
    qty: float | None = None
    side: str | None = None


class _Quote(msgspec.Struct, gc=False):
    symbol: str
    bid: float
    ask: float
    timestamp: str | None = None


class _Trades(msgspec.Struct):
    type: str
    data: list[_Trade]


class _Quotes(msgspec.Struct):
    data: list[_Quote]


class _Outline(msgspec.Struct, gc=False):
    channel: str = ""
    method: str = ""
    success: bool | None = None
    error: str = ""


_decode_outline = msgspec.json.Decoder(_Outline).decode
_decode_trades = msgspec.json.Decoder(_Trades).decode
_decode_quotes = msgspec.json.Decoder(_Quotes).decode


class KrakenAdapter(Venue):
    """Trades are numbered one by one within a symbol; the snapshot, the newest 50 of each, is history."""

    name = "kraken"
    feeds = ("kraken:spot",)
    host = "wss://ws.kraken.com/v2"
    consecutive = True
    liveness_s = 5.0
    heartbeat = b'{"channel":"heartbeat"}'

    def __init__(self, price: PriceSource = "trade") -> None:
        self._mid = price == "mid"

    def subscribe(self, symbols: Sequence[str]) -> list[str]:
        how = {"channel": "ticker", "event_trigger": "bbo"} if self._mid else {"channel": "trade"}
        parts = in_parts(self.own_names(symbols), _SYMBOLS_IN_MESSAGE)
        return [request(method="subscribe", params=how | {"symbol": part, "snapshot": True}) for part in parts]

    def read(self, payload: bytes, received: int | None) -> Sequence[Decoded]:
        outline = _decode_outline(payload)
        if outline.channel == "trade":
            return () if self._mid else list(self._trades(_decode_trades(payload), received))
        if outline.channel == "ticker":
            return list(self._quotes(_decode_quotes(payload), received)) if self._mid else ()
        if outline.error:
            return (VenueError(outline.error),)
        if outline.channel in _NO_TICKS or outline.method:
            return ()
        raise FrameError("unrecognised")

    def _trades(self, frame: _Trades, received: int | None) -> Iterator[Decoded]:
        for trade in frame.data:
            tick = Tick(
                self.feeds[0], trade.symbol, text_time(trade.timestamp), trade.price, trade.qty,
                side_of(trade.side), trade.trade_id, received,
            )  # fmt: skip
            yield Backfill(tick) if frame.type == "snapshot" else tick

    def _quotes(self, frame: _Quotes, received: int | None) -> Iterator[Decoded]:
        for quote in frame.data:
            stamp = UNSTAMPED if quote.timestamp is None else text_time(quote.timestamp)
            price = (quote.bid + quote.ask) / 2
            tick = Tick(self.feeds[0], quote.symbol, stamp, price, received=received, bid=quote.bid, ask=quote.ask)
            fault = fault_of_quote(quote.bid, quote.ask)
            yield tick if fault is None else Unusable(fault, tick, b"")


ADAPTERS = {"kraken": KrakenAdapter}
