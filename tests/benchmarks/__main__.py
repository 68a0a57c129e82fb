"""``make bench``: measure, print, and write docs/benchmarks.md. Figures are reported, never asserted."""

import platform
import sys
from datetime import UTC, datetime
from pathlib import Path

from threadpoolctl import threadpool_limits

from riskcore import blas
from tests.benchmarks.archive import measure_archive
from tests.benchmarks.bar import measure_bar, measure_kinds
from tests.benchmarks.batch import measure_historical
from tests.benchmarks.dashboard import measure_dashboard
from tests.benchmarks.factor import measure_factor
from tests.benchmarks.fan_out import measure_fan_out
from tests.benchmarks.footprint import measure_import, measure_memory
from tests.benchmarks.jobs import measure_jobs, measure_tick_beside
from tests.benchmarks.latency import measure_latency
from tests.benchmarks.precision import measure_precision
from tests.benchmarks.recovery import measure_recovery
from tests.benchmarks.replay import measure_replay
from tests.benchmarks.report import Table
from tests.benchmarks.tick import measure_growth, measure_tick
from tests.benchmarks.what_if import measure_what_if

REPORT = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"
NUMERICS = (
    measure_tick,
    measure_growth,
    measure_tick_beside,
    measure_bar,
    measure_kinds,
    measure_factor,
    measure_precision,
    measure_historical,
    measure_memory,
    measure_import,
)
INTRODUCTION = """# Benchmarks

What `make bench` printed on {date} (Python {python}, {cpu}, {cores} cores). The machine is shared and noisy: read
the ratios, which compare two things in the same run, before the absolute figures. No test depends on any of them. The
tables of riskcore (all before "Import") are of one thread's processor time.
"""


def main() -> None:
    """Run every benchmark and write the report."""
    tables: list[Table] = []
    blas.routines()
    with threadpool_limits(limits=1):
        tables += [_said(measure()) for measure in NUMERICS]
    tables.append(_said(measure_replay()))
    tables.append(_said(measure_latency()))
    tables.append(_said(measure_jobs()))
    tables.append(_said(measure_archive()))
    tables.append(_said(measure_recovery()))
    tables.append(_said(measure_what_if()))
    tables.append(_said(measure_dashboard()))
    tables.append(_said(measure_fan_out()))
    head = INTRODUCTION.format(
        date=f"{datetime.now(UTC):%Y-%m-%d}", python=platform.python_version(), cpu=_cpu(), cores=_cores()
    )
    REPORT.write_text("\n".join([head, *(table.markdown() for table in tables)]))
    sys.stdout.write(f"written to {REPORT}\n")


def _said(table: Table) -> Table:
    sys.stdout.write(table.markdown() + "\n")
    sys.stdout.flush()
    return table


def _cpu() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def _cores() -> int:
    import os  # noqa: PLC0415

    return os.cpu_count() or 1


if __name__ == "__main__":
    main()
