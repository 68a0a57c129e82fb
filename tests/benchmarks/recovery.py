"""What a checkpoint costs the flow that it is taken from, and how long a restart takes."""

import json
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from threading import Event

import numpy as np

from flows.checkpoint import write_checkpoint
from flows.commands import Holding, Positions, encode_command
from flows.crew import Crew, new_crew, resumed_crew
from flows.dataflow import risk_dataflow
from flows.journal import JournalReader, JournalWriter
from flows.messages import Checkpoint, Kind, Moment
from flows.running import run_dataflow
from flows.sinks import OutboxSink
from flows.sources import BATCH, JournalSource
from riskcore.settings import NANOSECONDS, RiskSettings
from storage.embedded import EmbeddedPostgres
from storage.migrate import migrate
from storage.outbox import OutboxStore
from tests.benchmarks.report import Table, duration, quantile

INSTRUMENTS, TICKS, RATE = 1_000, 100_000, 5_000
SETTINGS = RiskSettings(bar=5 * NANOSECONDS, min_observations=2)
START = 1_700_000_000 * NANOSECONDS
_make = partial(new_crew, SETTINGS, "bench", NANOSECONDS // 4, 1)


def measure_recovery() -> Table:
    """Take checkpoints of a large model, and start again behind one."""
    table = Table(
        "Checkpoint and restart",
        f"N = {INSTRUMENTS:,}, P = {SETTINGS.paths:,}, one portfolio that holds all. *Pause*: what the flow waits for "
        "its checkpoint, decoder and risk together, median and largest of 20. *File*: what a thread beside it writes. "
        "*Bar*, and *bar while written*: the close of a bar, and of one that has to copy what is being read. "
        f"*Restart*: a new process, from its start to its newest figure, the checkpoint {TICKS:,} ticks behind.",
        ("pause p50", "pause max", "file", "written in", "bar", "bar while written", "restart"),
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _journal(folder / "journal")
        figures = _checkpointed(folder)
        table.rows.append((*figures, duration(_restart(folder))))
    return table


def _journal(directory: Path) -> None:
    """The book, some ticks before the checkpoint and 100,000 behind it, 5,000 a second."""
    draw = np.random.default_rng(3)
    symbols = [f"S{number:04d}" for number in range(INSTRUMENTS)]
    book = Positions(tuple(Holding("main", symbol, 10.0) for symbol in symbols))
    now = START
    writer = JournalWriter(directory, silence_s=3600.0, clock=lambda: now)
    writer.append(Kind.COMMAND, encode_command(book))
    prices = 100.0 + draw.normal(0, 0.05, TICKS * 2)
    for at, price in enumerate(prices.tolist()):
        now = START + at * NANOSECONDS // RATE
        tick = {"ts": now, "symbol": symbols[at % INSTRUMENTS], "price": round(price, 4), "seq": at + 1}
        writer.append(Kind.FRAME, json.dumps(tick).encode(), adapter="tailwatch", origin="bench", stamp=now)
    writer.flush(60.0)
    writer.close()


def _checkpointed(folder: Path) -> tuple[str, ...]:
    crew, reader = _make(), JournalReader(folder / "journal")
    while reader.offset < TICKS:
        crew.risk[0].on_batch(crew.feed.on_batch(reader.read(BATCH)))
    pauses: list[float] = []
    written: list[float] = []
    bars: dict[bool, list[float]] = {True: [], False: []}
    for turn in range(20):
        began = time.perf_counter()
        shards = (_checkpoint(crew, reader.offset - 1),)
        pauses.append(time.perf_counter() - began)
        is_written = turn % 2 == 0
        if is_written:
            began = time.perf_counter()
            write_checkpoint(folder / f"checkpoint{turn}", shards, "bench")
            written.append(time.perf_counter() - began)
        bars[is_written].append(_bar(crew, turn))
    return (
        duration(quantile(pauses, 0.5)),
        duration(max(pauses)),
        f"{(folder / 'checkpoint0').stat().st_size / 1e6:.0f} MB",
        duration(quantile(written, 0.5)),
        duration(quantile(bars[True], 0.5)),
        duration(quantile(bars[False], 0.5)),
    )


def _checkpoint(crew: Crew, offset: int) -> Checkpoint:
    return Checkpoint(offset, 0, crew.feed.snapshot(), crew.risk[0].snapshot(), crew.alerts.snapshot())


def _bar(crew: Crew, turn: int) -> float:
    model = crew.risk[0]._model  # a bar alone, without the snapshot that is told at its end
    returns = np.random.default_rng(turn).normal(0, 1e-3, INSTRUMENTS)
    began = time.perf_counter()
    model.on_bar((model.last_bar or 0) + 1, returns)
    return time.perf_counter() - began


def _restart(folder: Path) -> float:
    with EmbeddedPostgres(folder / "database") as server:
        migrate(server.url)
        began = time.perf_counter()
        subprocess.run([sys.executable, "-m", __name__, str(folder), server.url], check=True, timeout=60)
        return time.perf_counter() - began


def _engine(folder: Path, url: str) -> None:
    """An engine without feeds, which ends with the journal."""
    writer = JournalWriter(folder / "journal", silence_s=3600.0)
    end = writer.durable
    crew, stopping = resumed_crew(_make, folder / "checkpoint0", "bench", end), Event()
    store = OutboxStore(url, "bench")

    def on_stored(moment: Moment) -> None:
        if moment.offset >= end - RATE:  # moments are 250 ms apart
            stopping.set()

    sink = OutboxSink(store, stopping, on_stored=on_stored)
    source = JournalSource(folder / "journal", crew.offset, writer, stopping, None)
    run_dataflow(risk_dataflow(source, crew.feed, crew.risk.__getitem__, 1, crew.alerts, sink))


if __name__ == "__main__":
    _engine(Path(sys.argv[1]), sys.argv[2])
