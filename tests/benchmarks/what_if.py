"""How long a trader's script waits for what-if, over HTTP, while ticks flow."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
import numpy as np

from flows.exchange import list_instruments
from tests.benchmarks.latency import free_port
from tests.benchmarks.report import Table, duration, quantile

INSTRUMENTS = 1_000
RATE = 5_000
ASKED = 400
PAUSE_S = 0.05
CAUGHT_UP_S = 0.25
PATH = "/api/v1/portfolios/main/what-if"


def measure_what_if() -> Table:
    """Run the demo with one portfolio of 1,000 positions, and ask."""
    table = Table(
        "What-if",
        f"`POST /api/v1/portfolios/main/what-if` with one and with twenty trades, by one client with a pause of 50 ms, "
        f"while the whole product runs: N = {INSTRUMENTS:,} instruments, all held, P = 10,000 paths, {RATE:,} ticks/s, "
        "bars of 60 s, figures four times a second. From the request to the whole answer.",
        ("trades", "asked", "p50", "p99", "largest"),
    )
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        symbols = _write_book(Path(folder) / "demo")
        port = free_port()
        arguments = ("demo", "--instruments", INSTRUMENTS, "--rate", RATE, "--bar", "60s", "--data-dir", folder)
        demo = subprocess.Popen(
            [sys.executable, "-m", "tailwatch", *map(str, arguments), "--port", str(port)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=dict(os.environ),
        )
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30.0) as client:
                _wait(client, symbols[0])
                for trades in (1, 20):
                    waits = _ask(client, symbols, trades)
                    figures = (quantile(waits, 0.5), quantile(waits, 0.99), max(waits))
                    table.rows.append((str(trades), str(len(waits)), *(duration(figure) for figure in figures)))
        finally:
            demo.send_signal(signal.SIGINT)
            demo.wait(30)
    return table


def _write_book(directory: Path) -> list[str]:
    directory.mkdir()
    draw = np.random.default_rng(5)
    listed = list_instruments(INSTRUMENTS, 7)
    rows = [f"main,{one.symbol},{draw.normal() * 1e5 / one.price:.4f}" for one in listed]
    (directory / f"book-{INSTRUMENTS}.csv").write_text("\n".join(["portfolio,symbol,quantity", *rows]) + "\n")
    return [one.symbol for one in listed]


def _wait(client: httpx.Client, symbol: str) -> None:
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        try:
            began = time.perf_counter()
            answer = client.post(PATH, json={"trades": [{"symbol": symbol, "quantity": 1.0}]})
            if answer.status_code == 200 and time.perf_counter() - began < CAUGHT_UP_S:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    raise TimeoutError("the demo gave no figures within three minutes")


def _ask(client: httpx.Client, symbols: list[str], trades: int) -> list[float]:
    draw = np.random.default_rng(trades)
    waits = []
    for _ in range(ASKED):
        wanted = [{"symbol": str(symbol), "quantity": 10.0} for symbol in draw.choice(symbols, trades, replace=False)]
        began = time.perf_counter()
        client.post(PATH, json={"trades": wanted}).raise_for_status()
        waits.append(time.perf_counter() - began)
        time.sleep(PAUSE_S)
    return waits
