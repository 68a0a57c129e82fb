"""A part, the engine without feeds, in a process of its own that a test may kill: ``python -m tests.faults.part``.

``CRASH_AT=point:n`` kills it at the n-th time that it comes to a named point between two of its steps. The points are
put around the product's own functions here, so that the product knows nothing of them. ``SELDOM`` leaves checkpoints to
the start and the end of a life. ``API_PORT`` is where the API listens, ``WEBHOOK_URL`` where the webhook posts to.
"""

import os
import signal
import sys
from collections.abc import Callable
from functools import partial, wraps
from pathlib import Path
from threading import Event
from typing import Any

import flows.checkpoint
import flows.webhook.poster
import storage.archive
import storage.deliveries
import storage.outbox
from api.server import ApiServer
from api.settings import ApiSettings
from flows.actors.feed import FeedActor
from flows.checkpoint import CheckpointWriter
from flows.crew import new_crew, resumed_crew
from flows.dataflow import archive_dataflow, risk_dataflow
from flows.insistence import Insistence
from flows.running import run_dataflow
from flows.sinks import ArchiveSink, OutboxSink
from flows.sources import Checkpoints, JournalSource
from flows.universe import Universe
from flows.webhook.destination import Destination
from flows.webhook.poster import Poster
from flows.webhook.sender import Sender
from flows.webhook.signature import read_secret
from riskcore.settings import NANOSECONDS, RiskSettings
from storage.archive import ArchiveStore
from storage.deliveries import DeliveryStore
from storage.outbox import OutboxStore
from tailwatch.supervised import stopping_on_signals
from tests.pager import SECRET

SETTINGS = RiskSettings(bar=NANOSECONDS, paths=200, min_observations=5)
SHARDS = 2
OFTEN, SELDOM = Checkpoints(records=400), Checkpoints(records=10**9, period_ns=2**62)
POINTS: dict[str, dict[str, tuple[Any, str, str]]] = {
    "engine": {
        "before the outbox's transaction": (storage.outbox.OutboxStore, "write", "before"),
        "inside the outbox's transaction": (storage.outbox, "_insert_many", "after"),
        "behind the outbox's commit": (storage.outbox.OutboxStore, "write", "after"),
        "before a checkpoint": (flows.checkpoint, "write_checkpoint", "before"),
        "inside a checkpoint": (flows.checkpoint.os, "fsync", "before"),
        "behind a checkpoint": (flows.checkpoint, "write_checkpoint", "after"),
    },
    "archive": {
        "before the archive's transaction": (storage.archive.ArchiveStore, "write", "before"),
        "inside the archive's transaction": (storage.archive.ArchiveStore, "_add_ticks", "after"),
        "behind the archive's commit": (storage.archive.ArchiveStore, "write", "after"),
    },
    "webhook": {
        "before a post": (flows.webhook.poster.Poster, "post", "before"),
        "behind a post": (flows.webhook.poster.Poster, "post", "after"),
        "behind the note of a post": (storage.deliveries.DeliveryStore, "sent", "after"),
    },
}
"""Where in each part, by name: whose function, and on which side of it."""
_CLIENTS = 4_096


def main(part: str, directory: Path, url: str, run: str) -> None:
    """Work on the journal until told to stop."""
    _arm(part, os.environ.get("CRASH_AT", ""))
    if part == "api":
        return _api(directory, url, run)
    stopping = stopping_on_signals()
    (directory / f"{part}.ready").touch()
    return {"engine": _engine, "archive": _archive, "webhook": _webhook}[part](directory, url, run, stopping)


def _engine(directory: Path, url: str, run: str, stopping: Event) -> None:
    make = partial(new_crew, SETTINGS, "hash", NANOSECONDS // 4, SHARDS)
    crew = resumed_crew(make, directory / "checkpoint", "hash", durable=2**62)
    store = OutboxStore(url, run)
    with CheckpointWriter(directory / "checkpoint", "hash") as checkpoints:
        if Insistence("outbox", stopping).insist(store.last):
            crew = crew.held_against(store.newest.journal_offset, make)
            source = JournalSource(directory / "journal", crew.offset, None, stopping, _checkpoints())
            sink = OutboxSink(store, stopping, checkpoints.offer, clock=lambda: 0)
            run_dataflow(risk_dataflow(source, crew.feed, crew.risk.__getitem__, SHARDS, crew.alerts, sink))
    store.close()


def _checkpoints() -> Checkpoints:
    return SELDOM if "SELDOM" in os.environ else OFTEN


def _archive(directory: Path, url: str, run: str, stopping: Event) -> None:
    store, feed = ArchiveStore(url, run), FeedActor(Universe())
    if Insistence("archive", stopping).insist(store.progress):
        progress = store.progress()
        if progress.state is not None:
            feed.restore(progress.state)
        source = JournalSource(directory / "journal", progress.offset + 1, None, stopping, OFTEN)
        run_dataflow(archive_dataflow(source, feed, ArchiveSink(store, stopping)))
    store.close()


def _webhook(_directory: Path, url: str, _run: str, stopping: Event) -> None:
    store, destination = DeliveryStore(url), Destination(os.environ["WEBHOOK_URL"], ("127.0.0.1",))
    with Poster(destination, read_secret(SECRET), stopping) as poster:
        Sender(store, poster, stopping).run()
    store.close()


def _api(directory: Path, url: str, run: str) -> None:
    port = int(os.environ["API_PORT"])
    server = ApiServer(
        ApiSettings(url, port=port, run=run, max_clients=_CLIENTS, max_connections=2 * _CLIENTS, status_interval_s=2.0)
    )
    (directory / "api.ready").touch()
    server.work()


def _arm(part: str, crash_at: str) -> None:
    name, _, count = crash_at.rpartition(":")
    if name:
        owner, function, side = POINTS[part][name]
        setattr(owner, function, _killing(getattr(owner, function), side, int(count)))


def _killing(function: Callable[..., Any], side: str, at: int) -> Callable[..., Any]:
    calls = 0

    @wraps(function)
    def call(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if side == "before" and calls == at:
            os.kill(os.getpid(), signal.SIGKILL)
        result = function(*arguments, **named)
        if side == "after" and calls == at:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    return call


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:])
