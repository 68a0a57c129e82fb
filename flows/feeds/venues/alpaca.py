"""Alpaca, US shares: ``trades`` (``--price mid``: ``quotes``) of the feeds ``iex``, ``sip`` and ``test``.

Every frame is an array. A trade's number is one of its exchange and of its day: it names a trade and proves no gap.
A correction or cancel is counted and changes nothing: what a figure was computed from stays what it was.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import msgspec

from flows.feeds.adapter import Credentials, Decoded, FrameError, NamedTick, PriceSource, Unusable, VenueError
from flows.feeds.doubles import check_fields
from flows.feeds.prices import fault_of_quote
from flows.feeds.strict import UNREADABLE, reason_of, tick_reason
from flows.feeds.times import text_time
from flows.feeds.venue import Venue, in_parts, request
from riskcore.errors import InputError
from riskcore.messages import Tick

_HOST = "wss://stream.data.alpaca.markets/v2"
_SYMBOLS_IN_MESSAGE = 200
_NO_TICKS = frozenset(("success", "subscription", "b", "d", "u", "s", "l", "i", "n"))
_NOT_THE_PRICE_NOW = frozenset("CGHMNPQRUVWZ479")
"""Sale conditions under which a price was made elsewhere or earlier: cash, next day, average, prior reference,
contingent, out of sequence, derived, the official open and close."""

_PASSING = (406, 407, 500)
"""Errors that go by themselves: another connection is still open, a reader was too slow, the venue's own."""


class _Message(msgspec.Struct, gc=False, rename={"kind": "T"}):
    kind: str = ""
    S: str | None = None
    i: int | None = None
    p: float | None = None
    s: float | None = None
    c: list[str] | None = None
    t: str | None = None
    bp: float | None = None
    ap: float | None = None
    oi: int | None = None
    cp: float | None = None
    cs: float | None = None
    msg: str = ""
    code: int | None = None


class _Outline(msgspec.Struct, gc=False, rename={"kind": "T"}):
    kind: str = ""


_decode_parts = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_outline = msgspec.json.Decoder(_Outline).decode
_decode = msgspec.json.Decoder(_Message).decode


class AlpacaAdapter(Venue):
    """One of Alpaca's feeds; needs a key and its secret. Usually one connection at a time is allowed."""

    messages_per_s = 2.0
    liveness_s = 60.0
    pings_are_life = True

    def __init__(self, price: PriceSource = "trade", source: str = "iex") -> None:
        self._mid = price == "mid"
        self.name = "alpaca" if source == "iex" else f"alpaca:{source}"
        self.feeds = (f"alpaca:{source}",)
        self._source = source

    def url(self, symbols: Sequence[str], override: str | None = None) -> str:
        return override or f"{_HOST}/{self._source}"

    def login(self, credentials: Credentials | None) -> list[str]:
        """The message that names us.

        Raises
        ------
        InputError
            There are no credentials.
        """
        if credentials is None:
            raise InputError(
                f"the feed {self.name} needs a key: set TAILWATCH_FEED_KEY and TAILWATCH_FEED_SECRET in the environment"
            )
        return [request(action="auth", key=credentials.key, secret=credentials.secret)]

    def subscribe(self, symbols: Sequence[str]) -> list[str]:
        channel = "quotes" if self._mid else "trades"
        parts = in_parts(self.own_names(symbols), _SYMBOLS_IN_MESSAGE)
        return [request(action="subscribe", **{channel: part}) for part in parts]

    def read(self, payload: bytes, received: int | None) -> Sequence[Decoded]:
        if payload.lstrip()[:1] != b"[":
            _decode_outline(payload)
            raise FrameError("unrecognised")
        return [found for part in _decode_parts(payload) for found in self._safely(part, received)]

    def _safely(self, part: msgspec.Raw, received: int | None) -> list[Decoded]:
        try:
            found = list(self._part(part, received))
            check_fields(bytes(part))
        except UNREADABLE as error:
            return [Unusable(tick_reason(reason_of(error, bytes(part))), None, bytes(part))]
        except FrameError as error:
            return [Unusable(tick_reason(error.reason), None, bytes(part))]
        return found

    def _part(self, part: msgspec.Raw, received: int | None) -> Iterator[Decoded]:
        kind = _decode_outline(part).kind
        if kind in _NO_TICKS:
            return
        message = _decode(part)
        if kind == "t":
            if not self._mid:
                yield self._trade(message, part, received)
        elif kind == "q":
            if self._mid:
                yield self._quote(message, received)
        elif kind in ("c", "x"):
            if not self._mid:
                yield self._revision(message, part, received)
        elif kind == "error":
            words = f"{message.msg or 'no reason given'} (code {message.code})"
            yield VenueError(words, is_final=message.code not in _PASSING)
        else:
            raise FrameError("unrecognised")

    def _trade(self, message: _Message, part: msgspec.Raw, received: int | None) -> Decoded:
        if message.S is None or message.p is None:
            raise FrameError("missing_field")
        tick = NamedTick(
            self.feeds[0], message.S, text_time(message.t), message.p, message.s, None, message.i, received
        )
        is_now = _NOT_THE_PRICE_NOW.isdisjoint(message.c or ())
        return tick if is_now else Unusable("off_market", tick, bytes(part))

    def _revision(self, message: _Message, part: msgspec.Raw, received: int | None) -> Decoded:
        is_correction = message.kind == "c"
        price = message.cp if is_correction else message.p
        if message.S is None or price is None:
            raise FrameError("missing_field")
        size = message.cs if is_correction else message.s
        tick = Tick(self.feeds[0], message.S, text_time(message.t), price, size, received=received)
        return Unusable("correction" if is_correction else "cancel", tick, bytes(part))

    def _quote(self, message: _Message, received: int | None) -> Decoded:
        bid, ask = message.bp, message.ap
        if message.S is None or bid is None or ask is None:
            raise FrameError("missing_field")
        stamp, price = text_time(message.t), (bid + ask) / 2
        tick = Tick(self.feeds[0], message.S, stamp, price, received=received, bid=bid, ask=ask)
        fault = fault_of_quote(bid, ask)
        return tick if fault is None else Unusable(fault, tick, b"")


ADAPTERS: dict[str, Callable[[PriceSource], AlpacaAdapter]] = {
    "alpaca": AlpacaAdapter,
    "alpaca:sip": partial(AlpacaAdapter, source="sip"),
    "alpaca:test": partial(AlpacaAdapter, source="test"),
}
