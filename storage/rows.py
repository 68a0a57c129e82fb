"""What storage takes in and gives out, row by row.

What the archive takes in is described, not defined: any object with these attributes will do, so that nothing
is copied on the way. Moments are integer nanoseconds since 1970, UTC.
"""

from typing import Literal, NamedTuple, Protocol

from riskcore.messages import Tick


class AcceptedTick(Protocol):
    """A tick that counts, at its place in the journal."""

    @property
    def offset(self) -> int: ...
    @property
    def ordinal(self) -> int: ...
    @property
    def stamp(self) -> int: ...
    @property
    def tick(self) -> Tick: ...


class RefusedTick(Protocol):
    """What did not count, with its one fate; `tick` is None where it could not be read."""

    @property
    def offset(self) -> int: ...
    @property
    def ordinal(self) -> int: ...
    @property
    def stamp(self) -> int: ...
    @property
    def fate(self) -> Literal["duplicate", "rejected"]: ...
    @property
    def reason(self) -> str: ...
    @property
    def origin(self) -> str: ...
    @property
    def line(self) -> int: ...
    @property
    def tick(self) -> Tick | None: ...
    @property
    def payload(self) -> bytes: ...


class MissingRange(Protocol):
    """Identifiers `first` to `last` of a feed's symbol (empty: of the feed) never came."""

    @property
    def offset(self) -> int: ...
    @property
    def stamp(self) -> int: ...
    @property
    def feed(self) -> str: ...
    @property
    def symbol(self) -> str: ...
    @property
    def first(self) -> int: ...
    @property
    def last(self) -> int: ...


class Progress(NamedTuple):
    """How far the archive of a run has come: up to and with the record `offset`, -1 before the first."""

    offset: int
    state: bytes | None
    ticks: int
    refused: int


class Written(NamedTuple):
    """What one write of the archive added; what was there already is not counted."""

    ticks: int
    refused: int
    gaps: int


class OutboxRow(NamedTuple):
    """One event for the clients.

    (`journal_offset`, `ordinal`) orders all events of a run and names each: `ordinal` counts every event that
    one journal record causes, whatever its portfolio and kind.
    """

    portfolio: str
    journal_offset: int
    kind: str
    """``risk`` for a snapshot, else ``alert``, ``job``."""
    ordinal: int
    event_time: int
    payload: bytes
    """JSON; stored and given out byte for byte."""
    transient: bool = False
    """A figure between bars, to be forgotten after a while."""


class VerdictRow(NamedTuple):
    """What the engine makes of a tick that is archived, by its place in the journal; all others are accepted."""

    journal_offset: int
    ordinal: int
    fate: Literal["late", "suspect"]
    feed: str
    symbol: str
    event_ns: int


class Last(NamedTuple):
    """The newest event of a run: where it comes from and its id; (-1, -1, 0) before the first."""

    journal_offset: int
    ordinal: int
    id: int


class PositionRow(NamedTuple):
    portfolio: str
    symbol: str
    quantity: float
    average_price: float | None
    multiplier: float
    currency: str
    desk: str | None
    journal_offset: int


class LimitRow(NamedTuple):
    """A limit and where it stands; `definition` is None where it is taken away. Both are JSON."""

    portfolio: str
    name: str
    definition: bytes | None
    standing: bytes
    journal_offset: int


class SilenceRow(NamedTuple):
    """A silence or a maintenance window; JSON, None where it was ended."""

    id: str
    definition: bytes | None
    journal_offset: int


class InstrumentRow(NamedTuple):
    """What is known of an instrument (JSON), since the journal's time ``stated``; None where it is known no more."""

    symbol: str
    definition: bytes | None
    stated: int
    journal_offset: int


class TradeRow(NamedTuple):
    trade_id: str
    portfolio: str
    symbol: str
    quantity: float
    price: float | None
    event_time: int
    journal_offset: int
    corrects: str | None = None
    cancels: str | None = None


class CommandRow(NamedTuple):
    """What was asked of the engine: a ``command`` changes its state, a ``question`` does not."""

    id: str
    kind: Literal["command", "question"]
    payload: bytes


class AnswerRow(NamedTuple):
    """What the engine says to the command ``id``: an HTTP status, and JSON."""

    id: str
    status: int
    payload: bytes


class TokenRow(NamedTuple):
    """Whom a secret stands for; `expires_s` from now, None for never."""

    name: str
    scope: Literal["read", "trade", "admin"]
    portfolios: list[str] | None
    """The only portfolios it may see; None for all."""
    expires_s: float | None


class RunRow(NamedTuple):
    run: str
    kind: Literal["live", "replay"]
    settings: bytes
    settings_hash: str
    registered: int


class PartRow(NamedTuple):
    """The last sign of life of a part, `age_s` seconds ago by the database's clock."""

    part: str
    run: str | None
    state: bytes
    beat: int
    age_s: float


class EventRow(NamedTuple):
    """An event as stored, under the id that orders it in its run."""

    id: int
    kind: str
    portfolio: str
    payload: bytes
    transient: bool = False
    """A figure between bars."""


class HistoryRow(NamedTuple):
    """The last snapshot of one bucket of time."""

    bucket: int
    event_time: int
    id: int
    market_value: float | None
    pnl_today: float | None
    measures: bytes
    """The snapshot's ``measures``: a JSON array."""


class AsOfRow(NamedTuple):
    """What was known of a portfolio at a moment: its last snapshot until then."""

    id: int
    event_time: int
    seq: int
    measures: bytes
    """The snapshot's ``measures``: a JSON array."""


class BacktestRow(NamedTuple):
    """A bar that ended, and what came of the forecasts for it: JSON, as in its snapshot."""

    event_time: int
    backtest: bytes


class PartsRow(NamedTuple):
    """Sums of what moved VaR over several snapshots, and how many snapshots had a part in it."""

    snapshots: int
    trades: float
    prices: float
    covariance: float
    scenarios: float
