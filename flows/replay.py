"""A recording through the same flow as the live engine."""

import hashlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from threading import Event

import msgspec
import structlog
from bytewax.outputs import FixedPartitionedSink

from flows.actors.feed import FeedActor
from flows.actors.ledger import Settled, settled
from flows.actors.merge import Merged
from flows.commands import (
    AnyCommand,
    Limits,
    Positions,
    Sessions,
    Trade,
    Trades,
    command_records,
    decode_command,
    encode_command,
)
from flows.crew import new_crew
from flows.dataflow import risk_dataflow
from flows.messages import FeedBatch, Kind, Record, Refused
from flows.pace import Pace
from flows.readers import read_files
from flows.running import run_dataflow
from flows.sinks import ArchiveSink, NdjsonSink, OutboxSink, whole_file
from flows.sources import Checkpoints, RecordSource
from flows.steering import Steered, steering
from flows.timestamps import LIMIT
from flows.universe import Universe
from riskcore.errors import InputError
from riskcore.settings import RiskSettings
from storage.archive import ArchiveStore
from storage.outbox import OutboxStore
from storage.runs import RunStore

_log = structlog.get_logger(__name__)
_TOGETHER = Checkpoints(records=20_000, period_ns=60_000_000_000)
_NAMED = 10
_SHOWN = 100
Progress = Callable[[int, int], object]
"""Called with the bytes read and the bytes there are."""


@dataclass(frozen=True, slots=True)
class Replay:
    """What to replay and how. Times are nanoseconds; ``publish`` None means at bars only.

    ``start`` and ``end`` say what is read: records before ``start`` warm nothing up, and of the ``trades`` only those
    within are booked, each before the records of its time.
    """

    files: Sequence[Path]
    commands: Sequence[AnyCommand]
    settings: RiskSettings
    settings_hash: str
    publish: int | None = None
    speed: float | None = None
    start: int | None = None
    end: int | None = None
    format: str | None = None
    strict: bool = False
    torn: bool = False
    shards: int = 1
    workers: int = 1
    trades: Sequence[Trade] = ()
    """In the order of their times."""


def replay_to_file(
    replay: Replay, out: Path, on_progress: Progress | None = None, stopping: Event | None = None
) -> Settled:
    """Write one line of JSON a snapshot, sorted by (event time, portfolio): the same bytes for the same input.

    The file appears when it is whole; a replay that is told to stop leaves none. Returns the ledger's sum.
    """
    with whole_file(out, stopping) as file:
        return run_replay(replay, NdjsonSink(file), on_progress, stopping=stopping)


def replay_to_database(
    replay: Replay, url: str, on_progress: Progress | None = None, stopping: Event | None = None
) -> Settled:
    """Store ticks and snapshots under the run :func:`run_name`, and make that run the one that the API shows.

    Repeated, it changes nothing: the same recording, book and settings are the same run, and every row has its key.
    While it lasts, its speed can be changed over the API.
    """
    stopping, run = stopping or Event(), run_name(replay)
    runs, outbox, archive = RunStore(url), OutboxStore(url, run), ArchiveStore(url, run)
    try:
        runs.register(run, "replay", msgspec.json.encode(replay.settings), replay.settings_hash)
        sinks = OutboxSink(outbox, stopping, clock=None), ArchiveSink(archive, stopping)
        steered = Steered(Pace(replay.speed), on_progress)
        with steering(url, run, steered):
            total = run_replay(replay, sinks[0], stopping=stopping, archive=sinks[1], steered=steered)
            steered.ended = not stopping.is_set()
        return total
    finally:
        for store in (runs, outbox, archive):
            store.close()


def run_name(replay: Replay) -> str:
    """``replay-`` and twelve digits that tell recordings, books and settings apart."""
    digest = hashlib.sha256()
    for file in sorted(p for path in replay.files for p in ([path] if path.is_file() else path.rglob("*"))):
        with file.open("rb") as content:
            digest.update(hashlib.file_digest(content, "sha256").digest())
    commands = (*replay.commands, *([Trades(tuple(replay.trades))] if replay.trades else []))
    told = [_meaning(command) for command in commands]
    meaning = (told, replay.settings_hash, replay.publish, replay.start, replay.end, replay.format, replay.shards)
    digest.update(msgspec.json.encode(meaning))
    return f"replay-{digest.hexdigest()[:12]}"


def _meaning(command: AnyCommand) -> str:
    # A calendar reaches a day further each day: what tells one from another is where it comes from.
    if isinstance(command, Sessions):
        return f"{command.source}: {', '.join(command.calendars)}"
    return encode_command(command).decode()


def run_replay(
    replay: Replay,
    sink: FixedPartitionedSink[Merged, None],
    on_progress: Progress | None = None,
    *,
    stopping: Event | None = None,
    archive: FixedPartitionedSink[FeedBatch, None] | None = None,
    steered: Steered | None = None,
) -> Settled:
    """Run the recording into a sink, and return the sum of the ledger.

    Raises
    ------
    InputError
        A file is not a tick file; a symbol is ambiguous; with ``strict``, the first line that cannot be used.
    """
    feed = _ReplayFeedActor(replay)
    crew = new_crew(replay.settings, replay.settings_hash, replay.publish, replay.shards)._replace(feed=feed)
    steered = steered or Steered(Pace(replay.speed), on_progress)
    steered.watch(crew)
    checkpoints = None if archive is None else _TOGETHER
    source = RecordSource(_records(replay, steered.on_progress), stopping, checkpoints, steered.pace)
    flow = risk_dataflow(source, crew.feed, crew.risk.__getitem__, replay.shards, crew.alerts, sink, archive)
    run_dataflow(flow, replay.workers)
    feed.tell_what_was_passed_over()
    tally = crew.risk[0].tally
    return settled(crew.feed.ledger.total(), tally.late, tally.suspect)


def _records(replay: Replay, on_progress: Progress | None) -> Iterator[Record]:
    """The book, the recording with the trades in it, its end: offsets count what is put in between.

    A journal has a book of its own, which counts where no other is given. Of its commands those are passed over in
    whose place others are given: with another book all, with other limits its limits.
    """
    recorded = read_files(replay.files, replay.format, replay.start, replay.end, on_progress, torn=replay.torn)
    first = next(recorded, None)
    if first is None:
        raise InputError(f"nothing to replay in {', '.join(str(file) for file in replay.files)}")
    commands = command_records(replay.commands, first.stamp)
    trades = deque(_trade_records(replay, first.stamp))
    book = any(isinstance(command, Positions) for command in replay.commands)

    def stream() -> Iterator[Record]:
        yield from commands
        put_in, offset, record = len(commands), len(commands) - 1, first
        for record in chain((first,), recorded):
            while trades and trades[0].stamp <= record.stamp:
                offset, put_in = offset + 1, put_in + 1
                yield trades.popleft()._replace(offset=offset)
            offset = record.offset + put_in
            yield _shifted(record, put_in, book) if put_in else record
        if trades:
            _log.warning("trades after the end of the recording are not booked", count=len(trades))
        yield Record(offset + 1, record.stamp, Kind.END, "", "", 0, b"")

    return stream()


def _trade_records(replay: Replay, first: int) -> Iterator[Record]:
    since, before = replay.start or 0, LIMIT if replay.end is None else replay.end
    for trade in replay.trades:
        time = trade.event_time or 0
        if since <= time < before:
            yield Record(0, max(time, first), Kind.COMMAND, "", "", 0, encode_command(Trades((trade,))))


def _shifted(record: Record, shift: int, book: bool) -> Record:  # noqa: FBT001 - whether all commands give way
    replaced = record.kind is Kind.COMMAND and (book or isinstance(decode_command(record.payload), Limits))
    return record._replace(offset=record.offset + shift, kind=Kind.CLOCK if replaced else record.kind)


class _ReplayFeedActor(FeedActor):
    """Says what of the book never traded, and which line was the first that could not be used, for each reason.

    With ``strict`` it stops at the first of them.
    """

    def __init__(self, replay: Replay) -> None:
        self._held = Universe()
        super().__init__(self._held, replay.settings.price)
        self._strict = replay.strict
        books = (command for command in replay.commands if isinstance(command, Positions))
        self._symbols = [holding.symbol for book in books for holding in book.positions]
        self._strangers: dict[str, None] = {}
        self._first_bad: dict[str, Refused] = {}

    def on_batch(self, records: Sequence[Record]) -> FeedBatch:
        batch = super().on_batch(records)
        for event in batch.events:
            if isinstance(event, Refused):
                self._on_refused(event)
        return batch

    def _on_refused(self, event: Refused) -> None:
        if self._strict and event.fate == "rejected":
            raise InputError(f"{event.origin}: line {event.line}: {event.reason} (--strict)")
        if event.reason == "unknown_symbol" and event.tick:
            if len(self._strangers) < _NAMED:
                self._strangers[event.tick.symbol] = None
        elif event.fate == "rejected":
            self._first_bad.setdefault(event.reason, event)

    def tell_what_was_passed_over(self) -> None:
        """Warn of the first bad line of each reason, and of what the book holds and no tick was of."""
        for reason, event in self._first_bad.items():
            line = event.payload[:_SHOWN].decode(errors="backslashreplace")
            _log.warning("lines refused", reason=reason, first=f"{event.origin}: line {event.line}", text=line)
        self._tell_untraded()

    def _tell_untraded(self) -> None:
        seen = {f"{row.feed}:{row.symbol}" for row in self.ledger.rows()}
        traded = {number for number, key in enumerate(self._held.keys) if key in seen}
        untraded = [name for name in dict.fromkeys(self._symbols) if self._held.find(name) not in traded]
        if untraded:
            others = {"other_symbols": ", ".join(self._strangers)} if self._strangers else {}
            _log.warning("no tick of what the book holds", symbols=", ".join(untraded[:_NAMED]), **others)
