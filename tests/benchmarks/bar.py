"""A bar for a hundred books, and what it costs under the other kinds of covariance and simulation."""

from collections.abc import Callable

import numpy as np

from riskcore import MarketModel, RiskBook
from riskcore.drawn_paths import DrawnPaths
from riskcore.kept_book import follow_bar
from riskcore.settings import RiskSettings
from tests.benchmarks.batch import batch_measures
from tests.benchmarks.market import ROWS, book_of, market_of, returns_of, settings_of
from tests.benchmarks.report import Table, duration
from tests.benchmarks.timing import seconds

BARS = 128
"""Two rounds of scheduled rebuilds."""


def measure_bar() -> Table:
    """The mean cost of a bar, so that the rebuilds of every 64th are in it, against the batch computation."""
    table = Table(
        "One bar",
        "P = 10,000, every portfolio holds all N instruments. *Model*: covariance, scenarios and paths take the bar. "
        f"*Books*: every portfolio follows; means over {BARS} bars, two rebuilds of each book's vectors "
        "among them. *Read*: three methods at three confidences of every portfolio. *Batch*: the same figures afresh, "
        "the paths shared by all portfolios.",
        ("N", "portfolios", "model", "books", "read", "batch", "batch / all three"),
    )
    table.rows.extend(_row(n, count) for n, count in ((1_000, 1), (1_000, 100), (200, 100)))
    return table


def _row(n: int, count: int) -> tuple[str, ...]:
    returns = returns_of(n, ROWS + BARS)
    model = market_of(settings_of(), returns[:ROWS])
    books = [book_of(model, str(number), number) for number in range(count)]
    costs = np.mean([_steps(model, books, bar, row) for bar, row in enumerate(returns[ROWS:])], axis=0).tolist()
    exposures = np.stack([book.exposures for book in books], axis=1)
    batch = min(seconds(lambda: batch_measures(returns[-ROWS:], exposures, 10_000)) for _ in range(2))
    return (f"{n:,}", str(count), *(duration(c) for c in (*costs, batch)), f"{batch / sum(costs):,.0f}")


def _steps(model: MarketModel, books: list[RiskBook], bar: int, row: np.ndarray) -> tuple[float, float, float]:
    steps: tuple[Callable[[], object], ...] = (
        lambda: model.on_bar(bar, row),
        lambda: follow_bar(model, books),
        lambda: [book.measures() for book in books],
    )
    model_s, books_s, read_s = (seconds(step) for step in steps)
    return model_s, books_s, read_s


def measure_kinds() -> Table:
    """A bar and a reading under each kind of paths."""
    table = Table(
        "A bar of each kind",
        "N = 500, a window of 500 bars, P = 10,000, one book of all: the least time of a bar, from its close to "
        "the figures. *Whole*: forming the path matrix that these kinds stand for, which is not done. *First tick*: "
        "the rows of 32 instruments are formed then.",
        ("kind", "bar and reading", "whole", "first tick", "next tick"),
    )
    for name, settings in {
        "EWMA": settings_of(),
        "rolling": settings_of(covariance="rolling"),
        "Cholesky": settings_of(simulation="cholesky"),
        "Cholesky, rolling": settings_of(simulation="cholesky", covariance="rolling"),
    }.items():
        table.rows.append((name, *_kind(settings)))
    return table


def _kind(settings: RiskSettings) -> tuple[str, ...]:
    returns = returns_of(500, ROWS + 20)
    model = market_of(settings, returns[:ROWS])
    book = book_of(model)
    bars = [sum(_steps(model, [book], bar, row)) for bar, row in enumerate(returns[ROWS:])]
    paths, whole = model.paths, ""
    if isinstance(paths, DrawnPaths):
        factor, normals = paths.factored()
        narrow = factor.T.astype(normals.dtype)
        whole = duration(min(seconds(lambda: narrow @ normals) for _ in range(3)))
    first, *following = [seconds(lambda n=n: book.on_price(n, 100.0)) for n in range(30)]  # type: ignore[misc]
    return duration(min(bars)), whole, duration(first), duration(min(following))
