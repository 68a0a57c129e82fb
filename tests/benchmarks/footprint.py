"""What a model takes: memory by size, and the time until a program has riskcore."""

import subprocess
import sys
import tracemalloc

from riskcore import MarketModel, RiskBook
from riskcore.settings import RiskSettings
from tailwatch.memory import needed
from tests.benchmarks.market import book_of, market_of, returns_of, settings_of
from tests.benchmarks.report import Table, duration, quantile, size
from tests.benchmarks.timing import seconds

ROWS = 40


def measure_memory() -> Table:
    """Memory of model and book as allocated, beside the sum that ``--memory`` is held against."""
    table = Table(
        "Size",
        f"One shard, P = 10,000, a window of 500 bars, one book that holds all N. *Kept*: allocated after {ROWS} bars "
        "and a reading, by `tracemalloc`. *Peak*: the most since, at the bars and readings of the model's life. *Sum*: "
        "what `--memory` is compared with. Least time of a bar of model and book, and of a tick.",
        ("N", "options", "kept", "peak", "sum", "bar", "tick"),
    )
    for n, options in (
        (1_000, {}),
        (5_000, {}),
        (1_000, {"covariance": "rolling"}),
        (1_000, {"simulation": "cholesky"}),
    ):
        said = ", ".join(map(str, options.values())) or "default"
        table.rows.append((f"{n:,}", said, *_row(n, settings_of(**options))))
    return table


def _row(n: int, settings: RiskSettings) -> tuple[str, ...]:
    returns = returns_of(n, ROWS)
    tracemalloc.start()
    model = market_of(settings, returns)
    book = book_of(model)
    bars = [_bar(model, book, number) for number in range(3)]
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    bars += [_bar(model, book, number) for number in range(3, 9)]
    ticks = [seconds(lambda k=k: book.on_price(k, 100.0)) for k in range(0, n, 5)]  # type: ignore[misc]
    total = needed(settings, n, 1, shards=1)
    return (*(size(count) for count in (kept, peak, total)), duration(min(bars)), duration(quantile(ticks, 0.5)))


def _bar(model: MarketModel, book: RiskBook, number: int) -> float:
    row = returns_of(model.n_instruments, 1, seed=number)[0]

    def close() -> None:
        model.on_bar(number, row)
        book.on_bar()
        book.measures()

    return seconds(close)


def measure_import() -> Table:
    """Median time of an import in a fresh interpreter, what the interpreter itself takes left out."""
    table = Table(
        "Import",
        "In a fresh interpreter, median of nine. SciPy is loaded at the first tick, not at the import.",
        ("what", "time"),
    )
    for name in ("numpy", "riskcore"):
        table.rows.append((f"`import {name}`", duration(quantile([_import(name) for _ in range(9)], 0.5))))
    return table


def _import(name: str) -> float:
    code = f"import time; began = time.perf_counter(); import {name}; print(time.perf_counter() - began)"
    return float(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout)
