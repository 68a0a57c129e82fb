"""One tick through all three methods, against computing them afresh, and how its cost grows."""

from dataclasses import replace

import numpy as np

from riskcore import MarketModel, RiskBook
from riskcore.blas import add_scaled
from tests.benchmarks.batch import batch_measures
from tests.benchmarks.market import ROWS, book_of, market_of, returns_of, settings_of
from tests.benchmarks.report import Table, duration
from tests.benchmarks.timing import median, seconds

Tick = tuple[int, float]


def measure_tick() -> Table:
    """Median cost of a tick, and the batch computation's cost over it."""
    table = Table(
        "One tick",
        "A price moves in one of N instruments, all of which the book holds; P = 10,000 paths, 500 historical "
        "scenarios, three confidences, one thread. *Batch*: covariance of the 500 returns, Cholesky factor, P × N "
        "normals, matrix product, three methods read. *Update*: the vectors of all three methods follow the tick. "
        "*Update and read*: VaR and ES of all methods after it, with standard errors. *axpy*: one `y += a * x` over P "
        "doubles, x a row of an N × P matrix as a tick finds it, as NumPy does it and as BLAS does it, in one pass. "
        "*Its passes*: the three axpys of a tick and nothing else, the row of paths widened from single precision; "
        "what an update takes beyond them is Python's.",
        (
            "N",
            "batch",
            "update",
            "its passes",
            "update and read",
            "axpy (NumPy)",
            "axpy (BLAS)",
            "update / axpy",
            "batch / update",
            "batch / (update and read)",
        ),
    )
    table.rows.extend(_row(n) for n in (100, 1_000, 5_000))
    return table


def _row(n: int) -> tuple[str, ...]:
    settings, returns = settings_of(), returns_of(n, ROWS)
    model = market_of(settings, returns)
    book, ticks = book_of(model), ticks_of(model, 2_000)
    batch = min(seconds(lambda: batch_measures(returns, book.exposures[:, None], settings.paths)) for _ in range(2))
    update, both = _turns(book, ticks)
    rows = [number for number, _ in ticks]
    passes, (numpy, blas) = _passes(book, rows), _axpy(n, settings.paths, rows)
    return (
        f"{n:,}",
        *(duration(figure) for figure in (batch, update, passes, both, numpy, blas)),
        f"{update / numpy:.1f}, {update / blas:.1f}",
        f"{batch / update:,.0f}",
        f"{batch / both:,.0f}",
    )


def ticks_of(model: MarketModel, count: int) -> list[Tick]:
    """Prices a thousandth off, of instruments drawn at random."""
    draw = np.random.default_rng(12)
    numbers, moves = draw.integers(model.n_instruments, size=count), draw.uniform(0.999, 1.001, count)
    return [(int(number), float(model.prices[number] * move)) for number, move in zip(numbers, moves, strict=True)]


def _turns(book: RiskBook, ticks: list[Tick]) -> tuple[float, float]:
    def update_and_read(tick: Tick) -> None:
        book.on_price(*tick)
        book.measures()

    return median(lambda tick: book.on_price(*tick), ticks), median(update_and_read, ticks[:500])


def _passes(book: RiskBook, rows: list[int]) -> float:
    model, vectors = book.model, book.copy()._vectors

    def passes(row: int) -> None:
        add_scaled(vectors.pull, 1e-9, model.covariance.raw[row])
        add_scaled(vectors.paths, 1e-9, model.paths.row(row))
        add_scaled(vectors.history, 1e-9, model.window.scenarios[row])

    return median(passes, rows)


def _axpy(n: int, n_paths: int, rows: list[int]) -> tuple[float, float]:
    x, y = np.random.default_rng(3).normal(size=(n, n_paths)), np.zeros(n_paths)

    def in_numpy(row: int) -> None:
        nonlocal y
        y += 1e-9 * x[row]

    return median(in_numpy, rows), median(lambda row: add_scaled(y, 1e-9, x[row]), rows)


def measure_growth() -> Table:
    """Median cost of a tick as one dimension grows fourfold and sixteenfold."""
    table = Table(
        "How a tick's cost grows",
        "The median of a tick in a book that holds everything, without a reading, with one dimension 4 and 16 times as "
        "large as N = 100, P = 2,500, a window of 250. At most linear is asked for; flat in the portfolios on the same "
        "market that do not hold the instrument. *Told to one that does not hold it*: its own cost.",
        ("what grows", "once", "4 times", "16 times", "16 times / once"),
    )
    for name, field in (("instruments N", "n"), ("paths P", "paths"), ("window T", "window"), ("others", "others")):
        costs = [_grown(field, times) for times in (1, 4, 16)]
        table.rows.append((name, *(duration(cost) for cost in costs), f"{costs[-1] / costs[0]:.1f}"))
    table.rows.append(("told to one that does not hold it", duration(_told()), "", "", ""))
    return table


def _grown(field: str, times: int) -> float:
    size = {"n": 100, "paths": 2_500, "window": 250, "others": 25}
    size[field] *= times
    settings = replace(settings_of(), paths=size["paths"], window=size["window"])
    model = market_of(settings, returns_of(size["n"], 60))
    book = book_of(model)
    others = [book_of(model, str(number), held=1) for number in range(size["others"])]
    ticks = [(number, price) for number, price in ticks_of(model, 1_500) if number]

    def tell(tick: Tick) -> None:
        book.on_price(*tick)

    figure = median(tell, ticks)
    assert all(not other.quantities[1:].any() for other in others)
    return figure


def _told() -> float:
    model = market_of(settings_of(), returns_of(100, 60))
    other = book_of(model, held=1)
    return median(lambda tick: other.on_price(*tick), [tick for tick in ticks_of(model, 1_500) if tick[0]])
