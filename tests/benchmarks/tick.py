"""One tick through all three methods, against computing them afresh."""

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from riskcore import MarketModel, RiskBook
from riskcore.settings import RiskSettings
from tests.benchmarks.report import Table, duration, quantile

CONFIDENCES = (0.95, 0.975, 0.99)
ROWS = 500


def measure_tick() -> Table:
    """Median cost of a tick, and the batch computation's cost over it."""
    table = Table(
        "One tick",
        "A price moves in one of N instruments, all of which the book holds; P = 10,000 paths, 500 historical "
        "scenarios, three confidences, one thread. *Batch*: covariance of the 500 returns, Cholesky factor, P × N "
        "normals, matrix product, three methods read. *Update*: the vectors of all three methods follow the tick. "
        "*Update and read*: VaR and ES of all methods after it, with standard errors. *axpy*: one `y += a * x` "
        "over P elements.",
        ("N", "batch", "update", "update and read", "axpy", "batch / update", "batch / (update and read)"),
    )
    for n in (100, 1_000, 5_000):
        table.rows.append(_row(n))
    return table


def _row(n_instruments: int) -> tuple[str, ...]:
    draw = np.random.default_rng(11)
    settings = replace(RiskSettings(), window=ROWS, confidence=CONFIDENCES)
    factors = draw.normal(size=(5, n_instruments)) * 0.005
    returns = draw.normal(size=(ROWS, 5)) @ factors + draw.normal(size=(ROWS, n_instruments)) * 0.01
    model, book = _book(settings, returns, draw)
    ticks = [
        (int(i), float(model.prices[i] * f))
        for i, f in zip(draw.integers(n_instruments, size=2_000), draw.uniform(0.999, 1.001, 2_000), strict=True)
    ]
    book.measures()
    batch = min(_timed(lambda: _batch(returns, book.exposures, settings.paths)) for _ in range(2))
    update = quantile([_timed(lambda tick=tick: book.on_price(*tick)) for tick in ticks], 0.5)

    def update_and_read(tick: tuple[int, float]) -> None:
        book.on_price(*tick)
        book.measures()

    both = quantile([_timed(lambda tick=tick: update_and_read(tick)) for tick in ticks[:400]], 0.5)
    y, x = draw.normal(size=settings.paths), draw.normal(size=settings.paths)
    axpy = quantile([_timed(lambda: np.add(y, 1e-9 * x, out=y)) for _ in range(500)], 0.5)
    figures = (batch, update, both, axpy)
    return (
        f"{n_instruments:,}",
        *(duration(figure) for figure in figures),
        f"{batch / update:,.0f}",
        f"{batch / both:,.0f}",
    )


def _book(settings: RiskSettings, returns: np.ndarray, draw: np.random.Generator) -> tuple[MarketModel, RiskBook]:
    n_instruments = returns.shape[1]
    model = MarketModel(n_instruments, settings)
    for row in returns:
        model.on_history(row)
    model.on_prices(draw.uniform(10, 500, n_instruments))
    book = RiskBook(model, "bench")
    for instrument, quantity in enumerate(draw.normal(size=n_instruments) * 100):
        book.on_trade(instrument, float(quantity))
    return model, book


def _batch(returns: np.ndarray, exposures: np.ndarray, n_paths: int) -> list[float]:
    covariance = np.cov(returns, rowvar=False)
    factor = np.linalg.cholesky(covariance + 1e-12 * np.eye(len(covariance)))
    normals = np.random.default_rng(5).standard_normal((n_paths, len(covariance)))
    simulated = (normals @ factor.T) @ exposures
    historical = returns @ exposures
    deviation = float(np.sqrt(exposures @ covariance @ exposures))
    figures = [deviation]
    for scenarios in (simulated, historical):
        at_risk = np.quantile(scenarios, [1 - c for c in CONFIDENCES])
        figures += [float(scenarios[scenarios <= level].mean()) for level in at_risk]
    return figures


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
