"""Whether the hot path notices a job."""

import signal
import subprocess
import sys

import httpx

from riskcore import RiskBook
from tests.benchmarks.latency import delays
from tests.benchmarks.market import ROWS, book_of, market_of, returns_of, settings_of
from tests.benchmarks.report import Table, duration, quantile
from tests.benchmarks.tick import Tick, ticks_of
from tests.benchmarks.timing import seconds

RATE = 500
PATHS = 10_000_000


TURNS = 20
_DRAWING = (
    "import numpy as np; from riskcore.monte_carlo import monte_carlo_pnl; print('ready', flush=True)\n"
    "while True: monte_carlo_pnl(np.ones(60), np.eye(60), 2_000_000, 7)"
)


def measure_tick_beside() -> Table:
    """The processor time of a tick while a job is drawn by another process, and while that stands still, in turns."""
    table = Table(
        "One tick beside a job",
        "As the first table, N = 1,000, while another process draws paths of 60 instruments and while it stands still: "
        f"the median over {TURNS} turns of each. The other one has the same claim on the processor here, more than "
        "`tailwatch jobs` has. The time that the machine gives it is not in the figures: they tell what caches and "
        "memory have to do with it.",
        ("beside", "update", "read"),
    )
    book = book_of(market_of(settings_of(), returns_of(1_000, ROWS)))
    ticks = ticks_of(book.model, 1_000)
    job = subprocess.Popen([sys.executable, "-c", _DRAWING], stdout=subprocess.PIPE)
    assert job.stdout is not None
    job.stdout.readline()
    found: dict[str, list[tuple[float, float]]] = {"nothing": [], "a job": []}
    try:
        for _ in range(TURNS):
            for beside, word in (("nothing", signal.SIGSTOP), ("a job", signal.SIGCONT)):
                job.send_signal(word)
                found[beside] += _costs(book, ticks)
    finally:
        job.kill()
        job.communicate()
    for beside, costs in found.items():
        table.rows.append((beside, *(duration(quantile(one, 0.5)) for one in zip(*costs, strict=True))))
    return table


def _costs(book: RiskBook, ticks: list[Tick]) -> list[tuple[float, float]]:
    return [(seconds(lambda one=tick: book.on_price(*one)), seconds(book.measures)) for tick in ticks]  # type: ignore[misc]


def measure_jobs() -> Table:
    """Listen to the demo's stream without a job, and while paths are drawn all the time."""
    table = Table(
        "Tick to client beside a job",
        f"As above, at {RATE:,} ticks/s: without a job, and while `tailwatch jobs` draws {PATHS:,} paths of 60 "
        "instruments, one job after the other. The worker gives way to everybody (nice 10); what is left to notice are "
        "caches and memory.",
        ("beside", "events", "p50", "p99", "largest"),
    )
    for beside, work in (("nothing", None), ("a job", _keep_busy)):
        found = delays(RATE, work)
        figures = (quantile(found, 0.5), quantile(found, 0.99), max(found))
        table.rows.append((beside, f"{len(found):,}", *(duration(figure) for figure in figures)))
    return table


async def _keep_busy(client: httpx.AsyncClient) -> None:
    wanted = {"kind": "monte_carlo", "portfolio": "firm", "paths": PATHS}
    for _ in range(10):
        (await client.post("/api/v1/jobs", json=wanted)).raise_for_status()
