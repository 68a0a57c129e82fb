"""Commands: what is told to the engine through the journal, so that a replay hears it too."""

from collections.abc import Sequence

import msgspec

from files.instruments import Instrument
from flows.messages import Kind, Record
from riskcore.limits import Limit


class Holding(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A position as the book states it: signed quantity in contracts or shares."""

    portfolio: str
    symbol: str
    quantity: float
    avg_price: float | None = None
    multiplier: float = 1.0
    currency: str | None = None
    desk: str | None = None


class Positions(msgspec.Struct, frozen=True, tag_field="command", tag="positions"):
    """The whole book from now on: what it does not name is no longer held. ``symbols`` are watched besides."""

    positions: tuple[Holding, ...]
    symbols: tuple[str, ...] = ()
    instruments: tuple[Instrument, ...] = ()
    """What is known of those that are named."""
    aliases: dict[str, str] = {}
    """Names among these that stand for the key of an instrument, whatever feeds have the like."""

    @property
    def names(self) -> list[str]:
        """Everything to be watched, in the order in which instruments are numbered."""
        return [*(held.symbol for held in self.positions), *self.symbols]


class Sessions(msgspec.Struct, frozen=True, tag_field="command", tag="sessions"):
    """The sessions of calendars, (opening, close) in nanoseconds: in the journal, lest another release knows others."""

    calendars: dict[str, tuple[tuple[int, int], ...]]
    source: str = ""


class History(msgspec.Struct, frozen=True, tag_field="command", tag="history"):
    """Past daily prices to start from: ``prices[row][column]``, null where there is none."""

    symbols: tuple[str, ...]
    prices: tuple[tuple[float | None, ...], ...]


class Asked(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A command that a running engine takes, from somebody who waits for its answer."""

    asked: str = ""
    """The id under which it was asked and is answered; empty where nobody waits."""


class Limits(Asked, frozen=True, tag_field="command", tag="limits"):
    """The limits of one portfolio from now on, or of all: what is not named is no longer limited."""

    limits: tuple[Limit, ...]
    portfolio: str | None = None


class Acknowledge(Asked, frozen=True, tag_field="command", tag="acknowledge"):
    """Somebody has seen the alert: it stays, and is said to be known until it resolves or gets worse."""

    alert: str
    by: str = ""


class Silence(Asked, frozen=True, tag_field="command", tag="silence"):
    """Alerts in [starts, ends) of journal time, in nanoseconds, wake nobody; of all portfolios or rules where None.

    One that lies ahead is a maintenance window. The same ``id`` again takes the place of the one before, and one that
    ends at its start takes it away.
    """

    id: str
    starts: int
    ends: int
    portfolio: str | None = None
    rule: str | None = None
    comment: str = ""
    by: str = ""

    def covers(self, limit: Limit, stamp: int) -> bool:
        return (
            self.starts <= stamp < self.ends
            and self.portfolio in (None, limit.portfolio)
            and self.rule in (None, limit.rule)
        )


class Trade(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A trade: a signed quantity added to what a portfolio holds, known by its ``trade_id``.

    One that ``cancels`` another undoes it and says nothing more; one that ``corrects`` another undoes it and stands in
    its place.
    """

    trade_id: str
    portfolio: str = ""
    symbol: str = ""
    quantity: float = 0.0
    price: float | None = None
    """Quote currency; None for the newest price that the engine has."""
    event_time: int | None = None
    """When it was done, nanoseconds; None for when the engine took it."""
    corrects: str | None = None
    cancels: str | None = None


class Trades(Asked, frozen=True, tag_field="command", tag="trades"):
    """Trades that are booked together, all or none."""

    trades: tuple[Trade, ...]
    as_of: int | None = None
    """The journal record up to which the book was known to whoever made them: none where it has been traded since."""


class Instruments(Asked, frozen=True, tag_field="command", tag="instruments"):
    """What is known of these instruments from now on, all or none; others stay as they are."""

    instruments: tuple[Instrument, ...]


AnyTold = Limits | Acknowledge | Silence | Trades | Instruments
"""What a running engine takes."""
AnyCommand = Positions | Sessions | History | AnyTold
_decoder: msgspec.json.Decoder[AnyCommand] = msgspec.json.Decoder(AnyCommand)
_told: msgspec.json.Decoder[AnyTold] = msgspec.json.Decoder(AnyTold)
_encode = msgspec.json.Encoder().encode


def decode_command(payload: bytes) -> AnyCommand:
    """Read a command record; the journal holds only what :func:`encode_command` wrote."""
    return _decoder.decode(payload)


def encode_command(command: AnyCommand) -> bytes:
    return _encode(command)


def told_command(payload: bytes, asked: str) -> AnyTold:
    """Read what was told to the running engine, under the id by which it is known.

    Raises
    ------
    msgspec.MsgspecError
        It is not a command that a running engine takes.
    """
    return msgspec.structs.replace(_told.decode(payload), asked=asked)


def command_records(commands: Sequence[AnyCommand], stamp: int) -> list[Record]:
    """The commands as the first records of a recording."""
    return [
        Record(offset, stamp, Kind.COMMAND, "", "", 0, encode_command(command))
        for offset, command in enumerate(commands)
    ]
