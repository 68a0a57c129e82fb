"""The health of the whole: the ``status`` event, ``GET /api/v1/health`` and ``/readyz``."""

from typing import Any, Literal

from pydantic import Field

from api.models.base import Payload, Timestamp

State = Literal["ok", "degraded", "down", "unknown"]


class Part(Payload):
    """One part of the system and what it last said of itself."""

    name: str = Field(examples=["engine"])
    state: State
    reason: str | None
    """What is wrong, where the state is not `ok`."""
    age_s: float | None
    """Seconds since its last heartbeat."""
    detail: dict[str, Any]
    """What the part tells beyond that."""


class Feed(Payload):
    """One connection to a venue."""

    name: str = Field(examples=["binance"])
    state: str = Field(examples=["connected"])
    reason: str | None
    age_s: float | None
    """Seconds since its last message."""
    frames: int | None
    """Messages since the start."""
    rate: float | None = None
    """Messages a second, of late."""
    reconnects: int | None = None
    """How often the connection was made again since the start."""
    missing: int | None = None
    """Ticks that never came, by the venue's own numbering."""
    lag_ms: float | None = None
    """From the venue's stamp to the receipt, by both clocks: the least of the last minute. Negative where the venue's
    clock runs ahead by more than the way takes."""


class Ledger(Payload):
    """Where every tick went: `received` is the sum of the four fates that follow it."""

    received: int
    accepted: int
    duplicate: int
    late: int
    rejected: dict[str, int]
    """Counted by reason."""
    missing: int
    """Ticks that never came, by the feeds' own numbering; not among those received."""


class Account(Ledger):
    """The ledger of one symbol of one feed; what belongs to no instrument that is watched has the empty symbol."""

    feed: str = Field(examples=["binance:spot"])
    symbol: str = Field(examples=["BTCUSDT"])


class Health(Payload):
    """The state of every part; also the data of the stream's `status` event."""

    schema_: Literal[1] = Field(alias="schema")
    state: State
    """The worst of the parts."""
    server_time: Timestamp
    run: str | None
    """The run that is shown: `live-` and when its journal began, or the name of a replay; null before there is one."""
    newest_id: str | None
    """Cursor of the newest event that this process has seen."""
    risk_age_s: float | None
    """Seconds since the newest snapshot was published; null before there is one and for a replay."""
    clients: int
    """Open streams of this process."""
    parts: list[Part]
    feeds: list[Feed]
    ledger: Ledger | None
    undelivered: int | None
    """Alerts of the last seven days that nobody was given, by no stream, list or webhook; null for a replay."""
    accounts: list[Account]
    """The ledger by feed and symbol; empty in the stream's `status` event."""


class Readiness(Payload):
    """Whether figures can be relied on, and which part stands in the way."""

    ready: bool
    parts: list[Part]
