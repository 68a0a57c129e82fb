"""Paths in single precision against paths in double: memory, time, and the error in units of the sampling error."""

import numpy as np
from numpy.typing import DTypeLike

from riskcore import RiskBook
from tests.benchmarks.market import book_of, market_of, returns_of, settings_of
from tests.benchmarks.report import Table, duration, size
from tests.benchmarks.timing import median, seconds

N, BARS = 1_000, 40
STREAM, HELD = 4_000, 40


def measure_precision() -> Table:
    """One row for each precision."""
    error = _largest_error()
    table = Table(
        "Paths in single precision",
        f"N = {N:,}, P = 10,000: memory of the path matrix, least time of a bar of the model, median of a tick, least "
        "time of a rebuild of a book's vectors. *Error*: the largest difference of a VaR or ES from that of double "
        f"precision over {STREAM:,} bars of {HELD} instruments with ticks and trades, in standard errors of the "
        "figure: the half-life is 10 bars, so that the matrix is renormalised six times, and one instrument is closed "
        "for 1,500 bars.",
        ("paths", "memory", "bar", "tick", "rebuild", "error"),
    )
    for name, path_type, off in (("float32", np.float32, f"{error:.1e}"), ("float64", np.float64, "")):
        table.rows.append((name, *_costs(path_type), off))
    return table


def _costs(path_type: DTypeLike) -> tuple[str, ...]:
    returns = returns_of(N, 60 + BARS)
    model = market_of(settings_of(), returns[:60], path_type)
    book, bars, rebuilds = book_of(model), [], []
    for bar, row in enumerate(returns[60:]):
        bars.append(seconds(lambda row=row, bar=bar: model.on_bar(bar, row)))  # type: ignore[misc]
        rebuilds.append(seconds(lambda: book._vectors.rebuild(book.exposures)))
    ticks = [(i % N, float(model.prices[i % N]) * 1.001) for i in range(0, 700 * 7, 7)]
    book.measures()
    tick = median(lambda tick: book.on_price(*tick), ticks)
    return (size(model.paths.raw.nbytes), *(duration(f) for f in (min(bars), tick, min(rebuilds))))


def _largest_error() -> float:
    settings = settings_of(half_life=10.0)
    rng = np.random.default_rng(3)
    pair = [market_of(settings, returns_of(HELD, 60), path_type) for path_type in (np.float32, np.float64)]
    books, worst = [book_of(model) for model in pair], 0.0
    for bar, row in enumerate(returns_of(HELD, STREAM, seed=4)):
        if 1_000 < bar < 2_500:
            row[0] = np.nan
        tick, trade = (int(rng.integers(HELD)), float(rng.uniform(10, 500))), float(rng.normal()) * 100
        for book in books:
            book.model.on_bar(bar, row)
            book.on_bar()
            book.on_price(*tick)
            book.on_trade(tick[0], trade)
        if bar % 5 == 0:
            worst = max(worst, _distance(*books))
    return worst


def _distance(single: RiskBook, double: RiskBook) -> float:
    pairs = zip(single.measures(), double.measures(), strict=True)
    return max(
        (
            max(abs(one.var - two.var) / two.var_stderr, abs(one.es - two.es) / two.es_stderr)
            for one, two in pairs
            if one.var is not None and two.var is not None and one.es is not None and two.es is not None
            if two.var_stderr and two.es_stderr
        ),
        default=0.0,
    )
