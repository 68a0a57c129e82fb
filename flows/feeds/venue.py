"""What most venues have in common: an adapter derives from it and says where its venue differs."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import ClassVar, Literal

import msgspec

from flows.feeds.adapter import Credentials, Decoded, FrameError
from flows.feeds.doubles import check_fields
from flows.feeds.strict import UNREADABLE, check_bytes, reason_of

Side = Literal["buy", "sell"]

_TAKERS: dict[str | None, Side] = {"buy": "buy", "sell": "sell", "b": "buy", "s": "sell"}
_MAKERS: dict[str | None, Side] = {"buy": "sell", "sell": "buy", "BUY": "sell", "SELL": "buy"}


class Venue:
    """A venue that numbers nothing, sends a heartbeat each second, and whose frames are JSON.

    A subclass gives ``name``, ``feeds``, ``host``, :meth:`subscribe` and :meth:`read`.
    """

    name: str
    feeds: tuple[str, ...]
    host: ClassVar[str] = ""
    consecutive = False
    liveness_s = 10.0
    pings_are_life = False
    messages_per_s = 5.0
    tells_receipt = False
    heartbeat = b""

    def url(self, symbols: Sequence[str], override: str | None = None) -> str:
        """The venue's one address, or the one given."""
        return override or self.host

    def login(self, credentials: Credentials | None) -> list[str]:
        """Nothing: market data are public."""
        return []

    def subscribe(self, symbols: Sequence[str]) -> list[str]:
        raise NotImplementedError

    def read(self, payload: bytes, received: int | None) -> Sequence[Decoded]:
        """Read one frame of UTF-8; whatever ``msgspec`` raises becomes a reason."""
        raise NotImplementedError

    def decode(self, payload: bytes, received: int | None) -> Sequence[Decoded]:
        check_bytes(payload)
        try:
            found = self.read(payload, received)
        except UNREADABLE as error:
            raise FrameError(reason_of(error, payload)) from None
        if found and payload.lstrip()[:1] == b"{":  # who reads an array looks at each of its parts
            check_fields(payload)
        return found

    def own_names(self, symbols: Sequence[str]) -> list[str]:
        """The venue's own names of ``symbols``, each once, in order."""
        return list(dict.fromkeys(symbol.removeprefix(f"{self.feeds[0]}:") for symbol in symbols))


def request(**content: object) -> str:
    """Encode one message to a venue."""
    return msgspec.json.encode(content).decode()


def in_parts(names: Sequence[str], size: int) -> Iterator[list[str]]:
    """Cut a list of names into lists of at most ``size``."""
    rest = iter(names)
    while part := list(islice(rest, size)):
        yield part


def side_of(taker: str | None) -> Side | None:
    """The side of the taker in our words."""
    return _TAKERS.get(taker)


def taker_of(maker: str | None) -> Side | None:
    """The side of the taker where the venue tells the maker's."""
    return _MAKERS.get(maker)
