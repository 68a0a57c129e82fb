"""Binance, spot and USD-margined futures: ``trade``, ``aggTrade``, ``bookTicker``, combined streams or
bare frames.

Spot and futures are told apart by what a frame says, not by where it came from: a spot trade carries ``M``, a
trade of the futures ``X``, and only a futures ``bookTicker`` has stamps.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from flows.feeds.adapter import UNSTAMPED, Decoded, FrameError, PriceSource, RisingTick, Unusable, VenueError, VenueTime
from flows.feeds.doubles import check_fields
from flows.feeds.prices import fault_of_quote
from flows.feeds.strict import UNREADABLE, check_bytes, reason_of
from flows.feeds.venue import Venue
from riskcore.errors import InputError
from riskcore.messages import Tick

SPOT = "binance:spot"
USDM = "binance:usdm"
_HOSTS = {SPOT: "wss://stream.binance.com:9443", USDM: "wss://fstream.binance.com"}
_MILLISECOND = 1_000_000
_MAX_STREAMS = 1024
_STREAMS_IN_URL = 200
_STREAMS_IN_MESSAGE = 100
_ABSENT = msgspec.Raw(b"")


class _Body(msgspec.Struct, gc=False):
    e: str = ""
    s: str = ""
    t: int | None = None
    p: float | None = None
    q: float | None = None
    T: int | None = None
    m: bool | None = None
    M: bool | None = None
    X: str | None = None
    u: int | None = None
    a: msgspec.Raw = _ABSENT
    b: msgspec.Raw = _ABSENT


class _Frame(_Body, gc=False):
    data: _Body | None = None


class _Complaint(msgspec.Struct):
    code: int = 0
    msg: str = ""


class _Answer(_Complaint):
    """A frame that is no event: an answer to a request, or the snapshot of a book."""

    error: _Complaint | None = None
    id: msgspec.Raw = _ABSENT
    result: msgspec.Raw = _ABSENT
    lastUpdateId: int | None = None  # noqa: N815  (the venue's own name)


class _Outline(msgspec.Struct):
    e: str = ""
    data: msgspec.Raw = _ABSENT


# The venue writes numbers as strings: not strict accepts both, and refuses what is no number.
_decode = msgspec.json.Decoder(_Frame, strict=False).decode
_decode_number = msgspec.json.Decoder(float, strict=False).decode
_decode_identifier = msgspec.json.Decoder(int).decode
_decode_answer = msgspec.json.Decoder(_Answer).decode
_decode_outline = msgspec.json.Decoder(_Outline).decode


class BinanceAdapter(Venue):
    """Binance by its public market streams.

    Identifiers are the trade id ``t``, consecutive within a symbol (``aggTrade``: ``a``; a recording
    should hold one of both streams); quotes carry the update id ``u``. A trade's event time is ``T``, not
    the message's ``E``.
    """

    consecutive = True
    liveness_s = 60.0
    pings_are_life = True
    messages_per_s = 4.0

    def __init__(self, price: PriceSource = "trade", name: str = "binance") -> None:
        self._mid = price == "mid"
        self._trades = "aggTrade" if name == "binance:agg" else "trade"
        self._feed = USDM if name == "binance:usdm" else SPOT
        self.name, self.feeds = name, (self._feed,)

    def url(self, symbols: Sequence[str], override: str | None = None) -> str:
        """Combined streams in the address; above 200 of them :meth:`subscribe` asks instead.

        Raises
        ------
        InputError
            More than the 1,024 streams that one connection may carry.
        """
        streams = self._streams(symbols)
        if len(streams) > _MAX_STREAMS:
            raise InputError(
                f"{self.name} takes {_MAX_STREAMS} symbols a connection, not {len(streams)}: ask for fewer"
            )
        base = (override or _HOSTS[self._feed]).rstrip("/")
        parts = urlsplit(base)
        if parts.query:
            return base
        path = base if parts.path else f"{base}/stream"
        return f"{path}?streams={'/'.join(streams)}" if len(streams) <= _STREAMS_IN_URL else path

    def subscribe(self, symbols: Sequence[str]) -> list[str]:
        streams = self._streams(symbols)
        if len(streams) <= _STREAMS_IN_URL:
            return []
        starts = range(0, len(streams), _STREAMS_IN_MESSAGE)
        return [_subscription(number, streams[at : at + _STREAMS_IN_MESSAGE]) for number, at in enumerate(starts, 1)]

    def decode(self, payload: bytes, received: int | None) -> Sequence[Decoded]:
        check_bytes(payload)
        try:
            found = self.read(payload, received)
        except UNREADABLE as error:
            if _is_of_another_stream(payload):
                return ()
            raise FrameError(reason_of(error, payload)) from None
        if found:
            check_fields(payload)
        return found

    def read(self, payload: bytes, received: int | None) -> Sequence[Decoded]:
        frame = _decode(payload)
        body = frame.data or frame
        if body.e == "trade":
            return self._trade(body, body.t, received)
        if body.e == "aggTrade":
            return self._trade(body, _decode_identifier(body.a), received)
        if body.e == "bookTicker" or (not body.e and body.u is not None):
            return self._quote(body, received)
        return () if body.e else _answered(payload)

    def _trade(self, body: _Body, identifier: int | None, received: int | None) -> Sequence[Decoded]:
        if identifier is None or body.p is None or body.T is None or not body.s:
            raise FrameError("missing_field")
        feed = self._feed_of(body)
        stamp = body.T * _MILLISECOND
        if self._mid:
            return (VenueTime(feed, stamp),)
        side: Literal["buy", "sell"] | None = None if body.m is None else "sell" if body.m else "buy"
        tick = Tick(feed, body.s, stamp, body.p, body.q, side, identifier, received)
        # Insurance fund and auto-deleveraging settle at prices that are not the market's.
        return (tick,) if body.X in (None, "MARKET") else (Unusable("off_market", tick, b""),)

    def _quote(self, body: _Body, received: int | None) -> Sequence[Decoded]:
        if not self._mid:
            return ()
        if body.u is None or not body.s or not body.b or not body.a:
            raise FrameError("missing_field")
        feed, stamp = (SPOT, UNSTAMPED) if body.T is None else (USDM, body.T * _MILLISECOND)
        bid, ask = _decode_number(body.b), _decode_number(body.a)
        tick = RisingTick(feed, body.s, stamp, (bid + ask) / 2, None, None, body.u, received, bid, ask)
        fault = fault_of_quote(bid, ask)
        return (tick,) if fault is None else (Unusable(fault, tick, b""),)

    def _feed_of(self, body: _Body) -> str:
        if body.M is not None:
            return SPOT
        return USDM if body.X is not None or body.e == "aggTrade" else self._feed

    def _streams(self, symbols: Sequence[str]) -> list[str]:
        suffix = "bookTicker" if self._mid else self._trades
        names = dict.fromkeys(symbol.removeprefix(f"{self._feed}:").lower() for symbol in symbols)
        return [f"{name}@{suffix}" for name in names]


def _subscription(number: int, streams: list[str]) -> str:
    return msgspec.json.encode({"method": "SUBSCRIBE", "params": streams, "id": number}).decode()


def _answered(payload: bytes) -> Sequence[Decoded]:
    answer = _decode_answer(payload)
    complaint = answer.error or answer
    if complaint.msg:
        return (VenueError(f"{complaint.msg} (code {complaint.code})"),)
    if answer.lastUpdateId is None and not answer.id and not answer.result:
        raise FrameError("unrecognised")
    return ()


def _is_of_another_stream(payload: bytes) -> bool:
    try:
        outline = _decode_outline(payload)
        if bytes(outline.data).startswith(b"["):
            return True
        event = (_decode_outline(outline.data) if outline.data else outline).e
    except UNREADABLE:
        return False
    return event not in ("", "trade", "aggTrade", "bookTicker")


ADAPTERS: dict[str, Callable[[PriceSource], BinanceAdapter]] = {
    name: partial(BinanceAdapter, name=name) for name in ("binance", "binance:agg", "binance:usdm")
}
