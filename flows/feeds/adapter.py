"""What an adapter is: one venue's frames in, ticks and control events out, pure and without a clock.

An adapter says what its venue can prove by the class of the ticks it makes:
:class:`~riskcore.messages.Tick` is numbered one by one within its symbol, :class:`SequencedTick` within
its feed, :class:`RisingTick` upward with holes, :class:`NamedTick` in no order. What the venue tells of its
past, after a subscription, is :class:`Backfill`: it fills gaps and is never a live tick.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple, Protocol, get_args

from riskcore.messages import Tick

PriceSource = Literal["trade", "mid"]

MAX_FRAME = 2**20
"""A frame larger than this many bytes is refused unread."""

UNSTAMPED = -(2**63)
"""The event time of a quote to which the venue gave none: the receive time on the venue's clock stands in."""

FrameReason = Literal[
    "too_large",
    "not_utf8",
    "malformed",
    "too_deep",
    "not_finite",
    "not_an_object",
    "missing_field",
    "wrong_type",
    "doubled_field",
    "unrecognised",
]
TickReason = Literal[
    "not_finite",
    "not_positive",
    "out_of_bounds",
    "not_an_object",
    "missing_field",
    "wrong_type",
    "doubled_field",
    "crossed",
    "locked",
    "off_market",
    "bad_symbol",
    "bad_size",
    "bad_time",
    "bad_identifier",
    "future",
    "unknown_symbol",
    "correction",
    "cancel",
]
DuplicateReason = Literal["repeated", "conflict", "forgotten"]

REJECTED: tuple[str, ...] = tuple(dict.fromkeys((*get_args(FrameReason), *get_args(TickReason))))
"""Every reason for which a tick, or a frame whose ticks cannot be known, is rejected."""
DUPLICATE: tuple[str, ...] = get_args(DuplicateReason)
"""Why a tick is a duplicate: told again, told differently, or older than what is remembered."""


class FrameError(Exception):
    """A frame that cannot be read; its ticks, if it had any, cannot be known."""

    def __init__(self, reason: FrameReason) -> None:
        super().__init__(reason)
        self.reason: FrameReason = reason


class SequencedTick(Tick):
    """A tick whose identifier counts all ticks of its feed, one by one."""

    __slots__ = ()


class RisingTick(Tick):
    """A tick whose identifier rises within its symbol, with holes: it proves a repeat and never a gap."""

    __slots__ = ()


class NamedTick(Tick):
    """A tick whose identifier names it among those of its symbol, in no order: it proves a repeat and nothing else."""

    __slots__ = ()


class Backfill(NamedTuple):
    """A tick of before the subscription: history, late by definition."""

    tick: Tick


class FrameNumber(NamedTuple):
    """The place of this frame among those of its connection, one by one: a hole is a frame that never came."""

    feed: str
    number: int
    time: int


class Unusable(NamedTuple):
    """One tick among others that cannot be used; ``tick`` is None where it could not be read."""

    reason: TickReason
    tick: Tick | None
    payload: bytes
    """Its own part of the frame; empty when it is the whole frame."""


class Session(NamedTuple):
    """The sequence numbers that follow belong to the numbering session ``name``."""

    name: str


class VenueTime(NamedTuple):
    """The venue's clock, told by something that is not a tick."""

    feed: str
    time: int


class LastTrade(NamedTuple):
    """The venue's word that the newest trade of a symbol has this identifier."""

    feed: str
    symbol: str
    identifier: int


class VenueError(NamedTuple):
    """The venue refuses something, in its own words."""

    message: str
    is_final: bool = True
    """Whether asking again in the same way cannot help."""


Decoded = Tick | Backfill | FrameNumber | Unusable | Session | VenueTime | LastTrade | VenueError


class Credentials:
    """A key and its secret; neither is ever written anywhere."""

    __slots__ = ("key", "secret")

    def __init__(self, key: str, secret: str) -> None:
        self.key, self.secret = key, secret

    def __repr__(self) -> str:
        return "Credentials(***)"


class Adapter(Protocol):
    """One venue. Everything but :meth:`decode` is for the connection.

    :class:`flows.feeds.venue.Venue` is a base that gives all but what differs from venue to venue. Third parties
    register theirs under the entry point group ``tailwatch.feeds``: the name is the venue's, the object a callable
    that takes the price source (``trade`` or ``mid``) and returns the adapter.
    """

    @property
    def name(self) -> str:
        """What ``--feed`` and the journal call it."""

    @property
    def feeds(self) -> tuple[str, ...]:
        """The feeds (``venue:product``) whose ticks a live connection brings."""

    @property
    def consecutive(self) -> bool:
        """Whether the venue numbers the trades of a symbol one by one: a missing number is a missing
        trade.
        """

    @property
    def liveness_s(self) -> float:
        """Seconds without a frame after which the connection is dead."""

    @property
    def pings_are_life(self) -> bool:
        """Whether a ping of the venue counts as a frame, because it sends no heartbeat of its own."""

    @property
    def messages_per_s(self) -> float:
        """How many messages a second the venue accepts."""

    @property
    def tells_receipt(self) -> bool:
        """Whether a frame itself says when it was received, so that the stamp of a file's line does not."""

    @property
    def heartbeat(self) -> bytes:
        """The message by which the venue shows that it is alive, for what stands in for it; empty where it pings."""

    def url(self, symbols: Sequence[str], override: str | None = None) -> str:
        """Where to connect for ``symbols``; ``override`` replaces the venue's own host."""

    def login(self, credentials: Credentials | None) -> list[str]:
        """The messages that name us, before any subscription.

        Raises
        ------
        InputError
            The venue wants credentials and there are none.
        """

    def subscribe(self, symbols: Sequence[str]) -> list[str]:
        """The messages to send once connected."""

    def decode(self, payload: bytes, received: int | None) -> Sequence[Decoded]:
        """Read one frame; ``received`` is its receive time in nanoseconds where it is known.

        Prices are handed on as they stand, finite and positive or not; what is not a tick gives nothing.

        Raises
        ------
        FrameError
            The frame cannot be read; never anything else.
        """
