"""From the venue's stamp of a tick to the event that contains it, in a client of the stream."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import datetime

import httpx
from httpx_sse import aconnect_sse

from tests.benchmarks.report import Table, duration, quantile

RATES = (500, 5_000)
SECONDS = 15.0
WARM_UP_S = 5.0


def measure_latency() -> Table:
    """Run the demo at each rate and listen to its stream."""
    table = Table(
        "Tick to client",
        "The whole product at work: simulated exchange, WebSocket, journal with fsync, risk flow (60 instruments, "
        "10,000 paths, every method), PostgreSQL, API, one client of the stream in its own process. Publishing moments "
        "every 20 ms. The clock runs from the venue's stamp of the newest tick in a snapshot, which is before its "
        "frame leaves the exchange's socket, to the arrival of the event in the client.",
        ("ticks/s", "events", "p50", "p99", "largest"),
    )
    for rate in RATES:
        found = delays(rate)
        figures = (quantile(found, 0.5), quantile(found, 0.99), max(found))
        table.rows.append((f"{rate:,}", f"{len(found):,}", *(duration(figure) for figure in figures)))
    return table


Work = Callable[[httpx.AsyncClient], Awaitable[None]]


def delays(rate: int, work: Work | None = None) -> list[float]:
    """Seconds from tick to client in a demo at this rate, beside some work that is asked of it."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        arguments = ("demo", "--rate", rate, "--publish", "20ms", "--data-dir", folder, "--port", port)
        demo = subprocess.Popen(
            [sys.executable, "-m", "tailwatch", *map(str, arguments)], stdout=subprocess.DEVNULL, env=dict(os.environ)
        )
        try:
            return asyncio.run(_listen(f"http://127.0.0.1:{port}", work))
        finally:
            demo.send_signal(signal.SIGINT)
            demo.wait(20)


async def _listen(base: str, work: Work | None) -> list[float]:
    found: list[float] = []
    async with httpx.AsyncClient(base_url=base, timeout=30) as client:
        portfolio = await _ready(client)
        if work is not None:
            await work(client)
        began = time.monotonic()
        path = f"/api/v1/stream?events=risk&portfolios={portfolio}"
        async with aconnect_sse(client, "GET", path) as stream:
            async for event in stream.aiter_sse():
                arrived = time.time()
                if event.event == "risk" and time.monotonic() - began > WARM_UP_S:
                    snapshot = json.loads(event.data)
                    if snapshot["moment"] == "tick":
                        found.append(arrived - datetime.fromisoformat(snapshot["event_time"]).timestamp())
                if time.monotonic() - began > WARM_UP_S + SECONDS:
                    return found
    return found


async def _ready(client: httpx.AsyncClient) -> str:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            listed = (await client.get("/api/v1/portfolios")).json()
        except httpx.TransportError:
            listed = []
        for portfolio in listed if isinstance(listed, list) else []:
            if portfolio["state"] == "ok":
                return str(portfolio["portfolio"])
        await asyncio.sleep(0.2)
    raise TimeoutError("the demo gave no figures within two minutes")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
