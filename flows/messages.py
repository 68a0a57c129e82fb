"""What travels between the actors of a flow. All of it is immutable and in journal order.

``offset`` is the record's number in the journal, ``stamp`` the journal's time in nanoseconds: the only clock that an
actor knows.
"""

from enum import IntEnum
from typing import Literal, NamedTuple

from flows.questions import Question
from riskcore.messages import Alert, RiskSnapshot, Tick
from riskcore.state import Image
from storage.rows import AnswerRow, InstrumentRow, LimitRow, PositionRow, SilenceRow, TradeRow, VerdictRow


class Kind(IntEnum):
    """What a journal record holds. The numbers are part of the file format."""

    FRAME = 1
    """The bytes of one message of a feed, as they came."""
    CLOCK = 2
    """Nothing but the time."""
    COMMAND = 3
    """JSON with a ``command``: see ``flows/commands.py``."""
    END = 4
    """The end of a recording. It is never written to a journal."""
    CONNECTED = 5
    """A connection of a feed was made; the payload is JSON with what it asked for."""
    DISCONNECTED = 6
    """A connection of a feed was lost; the payload is JSON with the reason."""


class Record(NamedTuple):
    """One entry of the journal, or one line of a recording."""

    offset: int
    stamp: int
    kind: Kind
    adapter: str
    """The name of the adapter that understands the payload; empty for what is not of a feed."""
    origin: str
    """Connection or file it came from."""
    line: int
    """Line of the file, from 1; 0 where there is none."""
    payload: bytes


class Accepted(NamedTuple):
    """A tick that counts: ``instrument`` is its number in the universe."""

    offset: int
    ordinal: int
    stamp: int
    instrument: int
    tick: Tick
    is_history: bool = False
    """Told by the venue of what was before the subscription: it fills a gap, and is late whenever it comes."""


class Refused(NamedTuple):
    """A tick that does not count, with its one fate; ``tick`` is None where it could not be read."""

    offset: int
    ordinal: int
    stamp: int
    fate: Literal["duplicate", "rejected"]
    reason: str
    origin: str
    line: int
    tick: Tick | None
    payload: bytes


class Gap(NamedTuple):
    """Identifiers ``first`` to ``last`` of a feed's symbol (empty: of the feed) never came."""

    offset: int
    stamp: int
    feed: str
    symbol: str
    first: int
    last: int


class Instant(NamedTuple):
    """The journal's clock."""

    offset: int
    stamp: int


class Command(NamedTuple):
    offset: int
    stamp: int
    payload: bytes


class End(NamedTuple):
    """A recording has ended."""

    offset: int
    stamp: int


Event = Accepted | Refused | Gap | Instant | Command | End


class FeedBatch(NamedTuple):
    """The events of one batch of records, in journal order, up to and with the record ``offset``."""

    offset: int
    stamp: int
    events: list[Event]
    state: bytes | None = None
    """The FeedActor's own state after this batch, where a checkpoint was asked for."""
    questions: tuple[Question, ...] = ()


class Said(NamedTuple):
    """What a shard says besides figures: of the command that it has just taken, and of ticks."""

    holdings: tuple[PositionRow, ...] = ()
    """All positions of the portfolios whose book the command has stated."""
    changed: tuple[PositionRow, ...] = ()
    """Positions that trades have changed."""
    trades: tuple[TradeRow, ...] = ()
    answers: tuple[AnswerRow, ...] = ()
    """What those who told the command hear of it."""
    instruments: tuple[InstrumentRow, ...] = ()
    """What is known of instruments from now on."""
    verdicts: tuple[VerdictRow, ...] = ()
    """Fates of ticks that bars and jumps have decided since the moment before."""


NOTHING_SAID = Said()


class Moment(NamedTuple):
    """What one shard has to say at one publishing moment: the snapshots of its portfolios.

    ``ordinal`` counts the moments of one record: the close of several bars, and the present after them. A moment
    without snapshots tells that a second has passed, or hands on a command that is not for the model.
    """

    offset: int
    ordinal: int
    event_time: int
    shard: int
    snapshots: tuple[RiskSnapshot, ...]
    said: Said = NOTHING_SAID
    stamp: int = 0
    stream: "Stream | None" = None
    """What the feeds have been like, each second."""
    command: Command | None = None
    alerts: tuple[Alert, ...] = ()
    """What the limits make of it; added behind the shards, as are the two that follow."""
    limits: tuple[LimitRow, ...] = ()
    silences: tuple[SilenceRow, ...] = ()


class Stream(NamedTuple):
    """What the feeds have been like: the last stamp at which each was heard, and the gaps found so far."""

    heard: dict[str, int]
    gaps: int


class Checkpoint(NamedTuple):
    """The states of the actors after the record ``offset``: enough to go on from the next one."""

    offset: int
    shard: int
    feed_state: bytes
    risk_state: Image
    alert_state: bytes = b""
    """The same for all shards: limits are judged behind them."""
    stored: int = -1
    """The record of the newest event that the database has."""


Spoken = Moment | Checkpoint | AnswerRow
"""What a shard says."""
