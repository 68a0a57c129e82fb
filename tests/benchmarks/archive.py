"""How fast the archive catches up with its journal, alone and beside a risk flow that works on the same ticks."""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from threading import Event

import numpy as np

from flows.actors.feed import FeedActor
from flows.archive import TOGETHER
from flows.commands import Holding, Positions, encode_command
from flows.crew import new_crew
from flows.dataflow import archive_dataflow
from flows.journal import JournalReader, JournalWriter
from flows.messages import FeedBatch, Kind
from flows.running import run_dataflow
from flows.sinks import ArchiveSink
from flows.sources import BATCH, JournalSource
from flows.universe import Universe
from riskcore.settings import NANOSECONDS, RiskSettings
from storage.archive import ArchiveStore
from storage.cluster import Cluster
from storage.embedded import EmbeddedPostgres
from storage.migrate import migrate
from storage.rows import Written
from tests.benchmarks.report import Table, duration

INSTRUMENTS, TICKS, RATE = 200, 400_000, 5_000
START = 1_700_000_000 * NANOSECONDS


def measure_archive() -> Table:
    """Archive a journal into the embedded server, whose commits wait for the disk."""
    table = Table(
        "Archive",
        f"The archive catches up with a journal of {TICKS:,} ticks of {INSTRUMENTS} instruments: read, decode, judge, "
        "COPY, with offset and decoder's state, into the embedded server with every commit on the disk. *CPU* for a "
        "tick: of the archive's process, and of the server's. *Load*: how many processes wanted one of the "
        f"{os.cpu_count()} cores in the minute before. *Beside risk*: another process takes {RATE:,} ticks a second "
        "through decoder and risk (10,000 paths, all methods) meanwhile.",
        ("archive", "time", "ticks/s", "CPU archive", "CPU server", "load"),
    )
    with tempfile.TemporaryDirectory() as name, EmbeddedPostgres(Path(name) / "database") as server:
        folder = Path(name)
        migrate(server.url)
        _journal(folder / "journal")
        table.rows.append(_row("alone", folder, server.url))
        risk = subprocess.Popen([sys.executable, "-m", __name__, str(folder / "journal")])
        try:
            table.rows.append(_row("beside risk", folder, server.url))
        finally:
            risk.kill()
            risk.wait()
    return table


def _journal(directory: Path) -> None:
    draw = np.random.default_rng(5)
    symbols = [f"S{number:03d}" for number in range(INSTRUMENTS)]
    now = START
    writer = JournalWriter(directory, silence_s=3600.0, clock=lambda: now)
    writer.append(Kind.COMMAND, encode_command(Positions(tuple(Holding("main", symbol, 10.0) for symbol in symbols))))
    for at, price in enumerate((100.0 + draw.normal(0, 0.05, TICKS)).tolist()):
        now = START + at * NANOSECONDS // RATE
        tick = {"ts": now, "symbol": symbols[at % INSTRUMENTS], "price": round(price, 4), "size": 1.5, "seq": at + 1}
        writer.append(Kind.FRAME, json.dumps(tick).encode(), adapter="tailwatch", origin="bench", stamp=now)
    writer.flush(60.0)
    writer.close()


def _row(run: str, folder: Path, url: str) -> tuple[str, ...]:
    journal, stopping, stored = folder / "journal", Event(), 0
    store, load, before = ArchiveStore(url, run), os.getloadavg()[0], _used_by_server(folder)

    def on_stored(_batch: FeedBatch, written: Written) -> None:
        nonlocal stored
        stored += written.ticks
        if stored == TICKS:
            stopping.set()

    writer = JournalWriter(journal, silence_s=3600.0)
    source = JournalSource(journal, 0, writer, stopping, TOGETHER)
    began, used = time.perf_counter(), time.process_time()
    # The last transaction is due when something newer comes.
    writer.append(Kind.CONNECTED, b"{}", adapter="tailwatch", origin="bench")
    run_dataflow(archive_dataflow(source, FeedActor(Universe()), ArchiveSink(store, stopping, on_stored)))
    spent, used = time.perf_counter() - began, time.process_time() - used
    served = _used_by_server(folder) - before
    store.close()
    writer.close()
    cost = (duration(used / TICKS), duration(served / TICKS))
    return run, duration(spent), f"{TICKS / spent:,.0f}", *cost, f"{load:.1f}"


def _used_by_server(folder: Path) -> float:
    """Seconds of processor time of the server's processes, living and ended."""
    cluster, ticks = Cluster(folder / "database" / "cluster"), 0
    for process in cluster.processes():
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        ticks += sum(map(int, fields[11 : 15 if process == cluster.postmaster() else 13]))
    return ticks / os.sysconf("SC_CLK_TCK")


def _risk(journal: Path) -> None:
    while True:
        crew, reader = new_crew(RiskSettings(bar=NANOSECONDS), "bench", NANOSECONDS // 4, 1), JournalReader(journal)
        while records := reader.read(BATCH):
            crew.risk[0].on_batch(crew.feed.on_batch(records))
            time.sleep(BATCH / RATE)
        reader.close()


if __name__ == "__main__":
    _risk(Path(sys.argv[1]))
