"""The archive: follows the journal at its own pace, and stores every tick, refusal and gap exactly once."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

import structlog

from flows.actors.feed import FeedActor
from flows.crew import run_of
from flows.dataflow import archive_dataflow
from flows.heartbeat import Background, cleaning, forgetting, heartbeat
from flows.insistence import Insistence
from flows.journal import KEEP_ALL, Keeper, Retention
from flows.journal.consumers import needs, note_need
from flows.messages import FeedBatch
from flows.running import run_dataflow
from flows.sinks import ArchiveSink
from flows.sources import Checkpoints, JournalSource
from flows.universe import Universe
from flows.watch import watching
from riskcore.errors import TailwatchError
from riskcore.settings import NANOSECONDS, RiskSettings
from storage.archive import ArchiveStore
from storage.rows import Progress, Written

_log = structlog.get_logger(__name__)
TOGETHER = Checkpoints(records=10_000, period_ns=250_000_000, when_behind=False)
"""What one transaction takes at the most: records, and nanoseconds of journal time where it is not behind."""


_TIDY_S = 10.0


@dataclass(frozen=True, slots=True)
class Archive:
    """What to archive and where to, and how much of the journal is kept once it is archived."""

    journal: Path
    database_url: str
    settings: RiskSettings
    retention: Retention = KEEP_ALL
    keep_ticks: int | None = None
    """Nanoseconds; None for ever."""


class _Standing:
    """How far the archive is, for its heartbeat."""

    def __init__(self, progress: Progress) -> None:
        self.trouble: Callable[[], str | None] = lambda: None
        self.offset, self.ticks, self.stamp = progress.offset, progress.ticks, 0

    def on_stored(self, batch: FeedBatch, written: Written) -> None:
        self.offset, self.stamp = batch.offset, batch.stamp
        self.ticks += written.ticks

    def describe(self) -> dict[str, Any]:
        behind = round(max(time.time_ns() - self.stamp, 0) / 1e6) if self.stamp else None
        trouble = self.trouble()
        well = {"state": "degraded" if trouble else "ok", "reason": trouble}
        return well | {"offset": self.offset, "ticks": self.ticks, "behind_ms": behind}


def run_archive(archive: Archive, stopping: Event) -> None:
    """Run until ``stopping`` is set; a database that is away is waited for."""
    archive.journal.mkdir(mode=0o700, parents=True, exist_ok=True)
    run = run_of(archive.journal, stopping)
    if run is None:
        return
    store = ArchiveStore(archive.database_url, run)
    found: list[Progress] = []
    if not Insistence("archive", stopping).insist(lambda: found.append(store.progress())):
        return
    offset, feed = _decoder(archive, found[0])
    standing = _Standing(found[0])
    source = JournalSource(archive.journal, offset, None, stopping, TOGETHER)
    sink = ArchiveSink(store, stopping, standing.on_stored)
    standing.trouble = lambda: sink.trouble
    flow = archive_dataflow(source, feed, sink)
    url = archive.database_url
    beside = (heartbeat(url, "archive", run, standing.describe), cleaning(url, run), _keeping(archive, standing))
    with ExitStack() as stack:
        for work in (*beside, watching(url)):
            stack.enter_context(work)
        if archive.keep_ticks is not None:
            stack.enter_context(forgetting(url, archive.keep_ticks / NANOSECONDS))
        run_dataflow(flow)
    store.close()


def _keeping(archive: Archive, standing: _Standing) -> Background:
    """Compress and delete segments. It is the archive that does it: no figure waits for this process."""

    def tidy() -> None:
        note_need(archive.journal, "archive", standing.offset + 1)
        keeper.tidy()

    keeper = Keeper(archive.journal, archive.retention, lambda: needs(archive.journal, ("archive", "engine")))
    return Background("journal keeping", _TIDY_S, tidy, lambda: None)


def _decoder(archive: Archive, progress: Progress) -> tuple[int, FeedActor]:
    """The decoder as it was behind the last tick stored; a new one at the beginning where that cannot be read."""
    feed = FeedActor(Universe(), archive.settings.price)
    if progress.state is None:
        return 0, feed
    try:
        feed.restore(progress.state)
    except TailwatchError as error:
        _log.warning("archiving from the journal's beginning", because=str(error))
        return 0, FeedActor(Universe(), archive.settings.price)
    return progress.offset + 1, feed
