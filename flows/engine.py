"""The live engine: feeds into the journal, and the journal through the risk flow."""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

import msgspec

from flows.actors.feed import FeedActor
from flows.actors.ledger import settled, settled_accounts
from flows.checkpoint import CheckpointWriter
from flows.commands import AnyCommand, History, encode_command
from flows.crew import Crew, new_crew, resumed_crew, run_of
from flows.dataflow import risk_dataflow
from flows.feeds.connection import FeedConnection
from flows.feeds.status import FeedStatus
from flows.heartbeat import Background, heartbeat
from flows.insistence import Insistence
from flows.intake import Intake
from flows.journal import JournalWriter
from flows.journal.consumers import note_need
from flows.journal_watch import watching_the_journal
from flows.listening import FeedAddress, listening
from flows.messages import Kind, Moment
from flows.numerics import told
from flows.questions import Inbox
from flows.rejects import Rejects
from flows.running import run_dataflow
from flows.sinks import OutboxSink
from flows.sources import JournalSource
from flows.timestamps import format_timestamp
from flows.watch import tell_back
from riskcore.settings import RiskSettings
from storage.commands import CommandStore
from storage.outbox import OutboxStore
from storage.runs import RunStore

_NEED_S = 10.0


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

    @property
    def journal(self) -> Path:
        return self.directory / "journal"

    @property
    def checkpoint(self) -> Path:
        return self.directory / "checkpoint"

    def new_crew(self) -> Crew:
        return new_crew(self.settings, self.settings_hash, self.publish, self.shards)


def run_engine(engine: Engine, stopping: Event, on_ready: Callable[[], None] = lambda: None) -> None:
    """Run until ``stopping`` is set. The journal goes on whatever the database does.

    ``on_ready`` is called when the feeds are connected, or at least one of them.

    Raises
    ------
    InputError, TailwatchError
        No feed can be reached at the start, one cannot be listened to, an ambiguous symbol, a damaged journal.
    """
    engine.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    with ExitStack() as stack:
        writer = JournalWriter(engine.journal)
        stack.callback(writer.close)
        crew = resumed_crew(engine.new_crew, engine.checkpoint, engine.settings_hash, writer.durable)
        _tell(writer, engine.commands)
        run = run_of(engine.journal, stopping)
        if run is None:
            return
        checkpoints = stack.enter_context(CheckpointWriter(engine.checkpoint, engine.settings_hash))
        standing = _Standing(writer, crew, checkpoints)
        stack.enter_context(_needs(engine, standing, checkpoints))
        standing.connections += stack.enter_context(listening(engine.feeds, writer))
        on_ready()
        store = OutboxStore(engine.database_url, run)
        stack.callback(store.close)
        if not Insistence("outbox", stopping).insist(lambda: tell_back(store, run, time.time_ns())):
            return
        crew = standing.crew = crew.held_against(store.newest.journal_offset, engine.new_crew)
        sink = OutboxSink(store, stopping, checkpoints.offer, standing.on_stored)
        standing.storing = lambda: sink.trouble
        stack.enter_context(_heartbeat(engine, run, standing))
        stack.enter_context(_ledger(engine, run, standing))
        stack.enter_context(watching_the_journal(writer, store, engine.database_url, run))
        inbox = Inbox(lambda: writer.durable)
        stack.enter_context(Intake(CommandStore(engine.database_url, run, store.right), writer, inbox))
        source = JournalSource(engine.journal, crew.offset, writer, stopping, inbox=inbox)
        run_dataflow(risk_dataflow(source, crew.feed, crew.risk.__getitem__, engine.shards, crew.alerts, sink))


def _tell(writer: JournalWriter, commands: Sequence[AnyCommand]) -> None:
    """State the book at every start; history belongs to the beginning of a journal."""
    begun = writer.durable > 0
    for command in commands:
        if not (begun and isinstance(command, History)):
            writer.append(Kind.COMMAND, encode_command(command))


def _heartbeat(engine: Engine, run: str, standing: "_Standing") -> Background:
    def register() -> None:
        runs = RunStore(engine.database_url)
        settings = msgspec.json.encode(engine.settings)
        runs.register(run, "live", settings, engine.settings_hash)
        runs.close()

    return heartbeat(engine.database_url, "engine", run, standing.describe, register)


def _ledger(engine: Engine, run: str, standing: "_Standing") -> Background:
    return heartbeat(engine.database_url, "ledger", run, standing.accounts)


def _needs(engine: Engine, standing: "_Standing", checkpoints: CheckpointWriter) -> Background:
    """Say from which record on the engine would have to read the journal again."""

    def note() -> None:
        note_need(engine.journal, "engine", max(standing.crew.offset, checkpoints.offset + 1))

    return Background("engine's need of the journal", _NEED_S, note, lambda: None)


class _Standing:
    """How the engine is, for its heartbeat. Read from another thread than it is written from, field by field."""

    def __init__(self, writer: JournalWriter, crew: Crew, checkpoints: CheckpointWriter) -> None:
        self._writer, self.crew, self._checkpoints = writer, crew, checkpoints
        self._rejects = Rejects()
        self.connections: list[FeedConnection] = []
        self.storing: Callable[[], str | None] = lambda: None
        """Why figures cannot be stored at present."""
        self.offset = -1
        self.lag_ms: float | None = None
        self._heard: dict[str, tuple[int, float]] = {}

    def on_stored(self, moment: Moment) -> None:
        self.offset = moment.offset
        if moment.snapshots:
            self.lag_ms = round((time.time_ns() - moment.event_time) / 1e6, 1)

    def describe(self) -> dict[str, Any]:
        tally = self.crew.risk[0].tally
        trouble = self.storing() or self._checkpoints.trouble
        return {
            "state": "down" if self._writer.error else "degraded" if trouble else "ok",
            "reason": self._writer.error or trouble,
            "offset": self.offset,
            "checkpoint": self._checkpoints.offset,
            "journal": self._writer.durable,
            "lag_ms": self.lag_ms,
            "feeds": [
                _feed(connection, self.crew.feed) | {"rate": self._rate(connection.status)}
                for connection in self.connections
            ],
            "numerics": told([shard.numerics for shard in self.crew.risk]),
            "ledger": settled(self.crew.feed.ledger.total(), tally.late, tally.suspect)._asdict(),
        }

    def _rate(self, status: FeedStatus) -> float | None:
        """Frames a second since the last call."""
        now = status.frames, time.monotonic()
        before = self._heard.get(status.feed)
        self._heard[status.feed] = now
        return None if before is None else round((now[0] - before[0]) / max(now[1] - before[1], 1e-3), 1)

    def accounts(self) -> dict[str, Any]:
        """The ledger as a part of its own: it is well while every tick has one fate, and few are refused."""
        rows, decided = self.crew.feed.ledger.rows(), self.crew.risk[0].tally.decided
        accounts = settled_accounts(rows, decided)
        wrong = [" ".join(name) for name, account in accounts.items() if not account.is_balanced]
        reason = f"ticks without a fate, or with two: {', '.join(wrong[:5])}" if wrong else self._rejects.look(rows)
        return {
            "state": "degraded" if reason else "ok",
            "reason": reason,
            "accounts": [
                {"feed": feed, "symbol": symbol} | account._asdict() for (feed, symbol), account in accounts.items()
            ],
        }


def _feed(connection: FeedConnection, actor: FeedActor) -> dict[str, Any]:
    status, feeds = connection.status, connection.feeds
    heard = status.last_frame_s
    age_s = None if heard is None else round(time.monotonic() - heard, 3)
    return {
        "name": status.feed,
        "state": status.state,
        "reason": status.error,
        "age_s": age_s,
        "frames": status.frames,
        "reconnects": status.reconnects,
        "away": None if status.away is None else [format_timestamp(moment) for moment in status.away],
        "missing": sum(row.missing for row in actor.ledger.rows() if row.feed in feeds),
        "clock_offset_ms": round(max(map(actor.clock_offset, feeds), key=abs) / 1e6, 1),
    }
