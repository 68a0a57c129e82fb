"""The live engine: feeds into the journal, and the journal through the risk flow."""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

import msgspec
import structlog

from flows.actors.feed import FeedActor
from flows.actors.ledger import LedgerRow
from flows.actors.risk import RiskActor
from flows.checkpoint import CheckpointError, Resumed, read_checkpoint, write_checkpoint
from flows.commands import AnyCommand, History, encode_command
from flows.dataflow import risk_dataflow
from flows.feeds import get_adapter
from flows.feeds.connection import FeedConnection
from flows.feeds.registry import PriceSource
from flows.heartbeat import Heartbeat
from flows.journal import JournalWriter
from flows.messages import Checkpoint, Kind, Moment
from flows.running import run_dataflow
from flows.sinks import OutboxSink
from flows.sources import JournalSource
from flows.universe import Universe
from riskcore.settings import RiskSettings
from storage.outbox import OutboxStore
from storage.runs import RunStore

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class FeedAddress:
    """A venue to listen to: the adapter's name, its instruments, and an address other than its own."""

    name: str
    symbols: tuple[str, ...]
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Engine:
    """What the engine works on. ``publish`` is nanoseconds of journal time between two moments, None at bars only."""

    directory: Path
    database_url: str
    feeds: Sequence[FeedAddress]
    commands: Sequence[AnyCommand]
    settings: RiskSettings
    settings_hash: str
    publish: int | None
    shards: int = 1
    run: str = "live"

    @property
    def journal(self) -> Path:
        return self.directory / "journal"

    @property
    def checkpoint(self) -> Path:
        return self.directory / "checkpoint"


def run_engine(engine: Engine, stopping: Event) -> None:
    """Run until ``stopping`` is set. The journal goes on whatever the database does.

    Raises
    ------
    InputError, TailwatchError
        A feed that cannot be reached at the start or refuses us, an ambiguous symbol, a damaged journal.
    """
    engine.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    resumed = _resumed(engine)
    standing = _Standing()
    with ExitStack() as stack:
        writer = JournalWriter(engine.journal)
        stack.callback(writer.close)
        if resumed is not None and resumed.offset > writer.durable:
            _log.warning("the checkpoint is newer than the journal: starting from the journal's beginning")
            resumed = None
        _tell(writer, engine.commands)
        standing.writer = writer
        for address in engine.feeds:
            standing.connections.append(stack.enter_context(_connected(address, engine.settings.price, writer)))
        store = OutboxStore(engine.database_url, engine.run)
        stack.callback(store.close)
        stack.enter_context(_heartbeat(engine, standing))
        run_dataflow(_flow(engine, resumed, standing, store, stopping))


def _resumed(engine: Engine) -> Resumed | None:
    try:
        return read_checkpoint(engine.checkpoint, engine.settings_hash, engine.shards)
    except CheckpointError as error:
        _log.warning("starting from the journal's beginning", because=str(error))
        return None


@contextmanager
def _connected(address: FeedAddress, price: PriceSource, writer: JournalWriter) -> Iterator[FeedConnection]:
    adapter = get_adapter(address.name, price)
    connection = FeedConnection(adapter, adapter.url(address.symbols, address.url), address.symbols, writer)
    connection.start()
    try:
        connection.wait_connected()
        yield connection
    finally:
        connection.stop()


def _tell(writer: JournalWriter, commands: Sequence[AnyCommand]) -> None:
    """State the book at every start; history belongs to the beginning of a journal."""
    begun = writer.durable > 0
    for command in commands:
        if not (begun and isinstance(command, History)):
            writer.append(Kind.COMMAND, encode_command(command))


def _flow(engine: Engine, resumed: Resumed | None, standing: "_Standing", store: OutboxStore, stopping: Event) -> Any:
    feed = FeedActor(Universe(), engine.settings.price)
    if resumed is not None:
        feed.restore(resumed.feed_state)
    standing.feed = feed

    def risk(shard: int) -> RiskActor:
        actor = RiskActor(
            engine.settings,
            settings_hash=engine.settings_hash,
            publish=engine.publish,
            shard=shard,
            shards=engine.shards,
        )
        if resumed is not None:
            actor.restore(resumed.risk_states[shard])
        return actor

    def checkpoint(parts: tuple[Checkpoint, ...]) -> None:
        write_checkpoint(engine.checkpoint, parts, engine.settings_hash)

    offset = 0 if resumed is None else resumed.offset
    source = JournalSource(engine.journal, offset, standing.writer, stopping)
    sink = OutboxSink(store, stopping, checkpoint, standing.on_stored)
    return risk_dataflow(source, lambda: feed, risk, engine.shards, sink)


def _heartbeat(engine: Engine, standing: "_Standing") -> Heartbeat:
    def register() -> None:
        runs = RunStore(engine.database_url)
        settings = msgspec.json.encode(engine.settings)
        runs.register(engine.run, "live", settings, engine.settings_hash)
        runs.close()

    return Heartbeat(engine.database_url, "engine", engine.run, standing.describe, register)


class _Standing:
    """How the engine is, for its heartbeat. Read from another thread than it is written from, field by field."""

    def __init__(self) -> None:
        self.writer: JournalWriter | None = None
        self.feed: FeedActor | None = None
        self.connections: list[FeedConnection] = []
        self.offset = -1
        self.lag_ms: float | None = None
        self._late = 0

    def on_stored(self, moment: Moment) -> None:
        self.offset = moment.offset
        if moment.snapshots:
            self.lag_ms = round((time.time_ns() - moment.event_time) / 1e6, 1)
            self._late = moment.snapshots[0].quality.late

    def describe(self) -> dict[str, Any]:
        return {
            "state": "ok",
            "offset": self.offset,
            "journal": self.writer.durable if self.writer else None,
            "lag_ms": self.lag_ms,
            "feeds": [_feed(connection) for connection in self.connections],
            "ledger": _ledger(self.feed.ledger.total(), self._late) if self.feed else None,
        }


def _feed(connection: FeedConnection) -> dict[str, Any]:
    status = connection.status
    age_s = None if status.last_frame is None else round((time.time_ns() - status.last_frame) / 1e9, 3)
    return {
        "name": status.feed,
        "state": status.state,
        "reason": status.error,
        "age_s": age_s,
        "frames": status.frames,
        "reconnects": status.reconnects,
    }


def _ledger(total: LedgerRow, late: int) -> dict[str, Any]:
    return {
        "received": total.received,
        "accepted": total.accepted - late,
        "duplicate": total.duplicate,
        "late": late,
        "rejected": total.rejected,
        "missing": total.missing,
    }
