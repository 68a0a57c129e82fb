"""Whether the hot path notices a job."""

import httpx

from tests.benchmarks.latency import delays
from tests.benchmarks.report import Table, duration, quantile

RATE = 500
PATHS = 10_000_000


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
