"""Many clients of one API process, from a load generator in a process of its own; and REST meanwhile."""

import json
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import msgspec

from riskcore.messages import Measure, PositionRisk, Quality, RiskSnapshot
from storage.embedded import EmbeddedPostgres
from storage.migrate import migrate
from storage.outbox import OutboxStore
from storage.rows import OutboxRow
from storage.runs import RunStore
from tests.benchmarks.latency import free_port
from tests.benchmarks.report import Table, duration, quantile

CLIENTS = (100, 1_000)
RATE, SECONDS = 10, 20.0
API = """
import sys
from api.server import ApiServer
from api.settings import ApiSettings
ApiServer(ApiSettings(database_url=sys.argv[1], port=int(sys.argv[2]))).work()
"""
POSITIONS = 10
"""Of the snapshot that is sent: some 4 kB."""


def measure_fan_out() -> Table:
    """Write events as the engine does, and listen to them with many clients."""
    table = Table(
        "Fan-out",
        f"{RATE} snapshots a second of about 4 kB, stored and notified as the engine does, to many clients of one API "
        "process; the clients run in a process of their own on the same two cores. From publishing to the client's "
        "reading. Beside it a client asks for `/portfolios/main/risk`, with a pause of 100 ms.",
        ("clients", "events/s", "published", "p50", "p99", "API CPU", "API RSS", "clients' CPU", "REST p99"),
    )
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder) / "database") as server:
        migrate(server.url)
        runs = RunStore(server.url)
        runs.register("live", "live", b"{}", "hash")
        runs.close()
        outbox = OutboxStore(server.url, "live")
        for clients in CLIENTS:
            table.rows.append(_row(server.url, outbox, clients))
        outbox.close()
    return table


def _row(url: str, outbox: OutboxStore, clients: int) -> tuple[str, ...]:
    port = free_port()
    api = subprocess.Popen([sys.executable, "-c", API, url, str(port)], stdout=subprocess.DEVNULL)
    base = f"http://127.0.0.1:{port}"
    load: subprocess.Popen[str] | None = None
    try:
        _write(outbox)
        _wait(base)
        command = [sys.executable, "-m", "tests.benchmarks.clients", base, str(clients), str(SECONDS)]
        load = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert load.stdout is not None
        assert load.stdout.readline().strip() == "open"
        cpu, began, published = _cpu_s(api.pid), time.monotonic(), 0
        with ThreadPoolExecutor(1) as beside:
            asking = beside.submit(_asked_until, base, began + SECONDS - 2.0)
            while (passed := time.monotonic() - began) < SECONDS - 2.0:
                _write(outbox)
                published += 1
                time.sleep(max(0.0, (int(passed * RATE) + 1) / RATE - (time.monotonic() - began)))
        used = _cpu_s(api.pid) - cpu
        memory = int(Path(f"/proc/{api.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        seen = json.loads(load.stdout.read())
    finally:
        for child in (api, load):
            if child is not None:
                child.terminate()
                child.wait(20)
    return (
        f"{clients:,}", f"{seen['events'] / passed:,.0f}", f"{clients * published / passed:,.0f}",
        duration(seen["p50"]), duration(seen["p99"]), f"{used / passed:.0%}", f"{memory / 2**20:,.0f} MiB",
        f"{seen['cpu_s'] / SECONDS:.0%}", duration(quantile(asking.result(), 0.99)),
    )  # fmt: skip


def _write(outbox: OutboxStore) -> None:
    place = outbox.last().journal_offset + 1
    now = datetime.now(UTC)
    told = replace(SNAPSHOT, seq=place, published_at=f"{now:%Y-%m-%dT%H:%M:%S.%fZ}")
    outbox.write([OutboxRow("main", place, "risk", 0, time.time_ns(), msgspec.json.encode(told), transient=True)])


def _cpu_s(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _asked_until(base: str, end: float) -> list[float]:
    waits = []
    while time.monotonic() < end:
        began = time.perf_counter()
        httpx.get(f"{base}/api/v1/portfolios/main/risk", timeout=30.0).raise_for_status()
        waits.append(time.perf_counter() - began)
        time.sleep(1.0 / RATE)
    return waits


def _wait(base: str) -> None:
    give_up = time.monotonic() + 60
    while time.monotonic() < give_up:
        try:
            if httpx.get(f"{base}/api/v1/portfolios/main/risk", timeout=5.0).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise TimeoutError("the API did not come up")


SNAPSHOT = RiskSnapshot(
    portfolio="main", seq=1, event_time="2026-11-22T12:00:00.000000000Z", base_currency="USD", horizon="1d",
    market_value=1e6, gross=2e6, net=1e6, pnl_today=0.0,
    measures=tuple(Measure(method, level, 100.0, 120.0) for method in ("historical", "parametric", "monte_carlo")
                   for level in (0.95, 0.975, 0.99)),
    positions=tuple(PositionRisk(f"SYMBOL{i}", 2.0, 5e5, 1e6, 0.01, 0.1, 100.0, 120.0, stale=False)
                    for i in range(POSITIONS)),
    distribution=None, quality=Quality(40, (), (), 0, 0, 0, "60s", 1, "abc", 1.5),
)  # fmt: skip
