"""The archive: follows the journal at its own pace, and stores every tick, refusal and gap exactly once."""

import time
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

from flows.actors.feed import FeedActor
from flows.dataflow import archive_dataflow
from flows.heartbeat import Heartbeat
from flows.messages import FeedBatch
from flows.running import run_dataflow
from flows.sinks import ArchiveSink, Insistence
from flows.sources import Checkpoints, JournalSource
from flows.universe import Universe
from riskcore.settings import RiskSettings
from storage.archive import ArchiveStore
from storage.rows import Progress, Written

_TOGETHER = Checkpoints(records=10_000, period_ns=250_000_000)
"""What one transaction takes at the most: records, and nanoseconds of journal time."""


@dataclass(frozen=True, slots=True)
class Archive:
    """What to archive and where to."""

    journal: Path
    database_url: str
    settings: RiskSettings
    run: str = "live"


class _Standing:
    """How far the archive is, for its heartbeat."""

    def __init__(self, progress: Progress) -> None:
        self.offset, self.ticks, self.stamp = progress.offset, progress.ticks, 0

    def on_stored(self, batch: FeedBatch, written: Written) -> None:
        self.offset, self.stamp = batch.offset, batch.stamp
        self.ticks += written.ticks

    def describe(self) -> dict[str, Any]:
        behind = round((time.time_ns() - self.stamp) / 1e6) if self.stamp else None
        return {"state": "ok", "offset": self.offset, "ticks": self.ticks, "behind_ms": behind}


def run_archive(archive: Archive, stopping: Event) -> None:
    """Run until ``stopping`` is set; a database that is away is waited for."""
    store = ArchiveStore(archive.database_url, archive.run)
    found: list[Progress] = []
    if not Insistence("archive", stopping).insist(lambda: found.append(store.progress())):
        return
    feed = FeedActor(Universe(), archive.settings.price)
    if found[0].state is not None:
        feed.restore(found[0].state)
    standing = _Standing(found[0])
    archive.journal.mkdir(mode=0o700, parents=True, exist_ok=True)
    source = JournalSource(archive.journal, found[0].offset + 1, None, stopping, _TOGETHER)
    flow = archive_dataflow(source, lambda: feed, ArchiveSink(store, stopping, standing.on_stored))
    with Heartbeat(archive.database_url, "archive", archive.run, standing.describe):
        run_dataflow(flow)
    store.close()
