"""Daily prices that lead up to a simulated market's present, with the covariance that it has while it runs."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from flows.exchange.instruments import Instrument
from flows.exchange.market import CLUSTER_SPREAD, YEAR_S, Factors, FloatArray

_DAY_S = 86_400.0
_CLUSTER_DAYS = 20.0


@dataclass(frozen=True, slots=True)
class History:
    """Prices of the end of each day, oldest first."""

    dates: tuple[date, ...]
    symbols: tuple[str, ...]
    prices: FloatArray
    """Shape (T, N)."""


def simulate_history(
    instruments: Sequence[Instrument],
    prices: FloatArray,
    rows: int,
    seed: int,
    *,
    last: date,
    liveliness: float = 1.0,
) -> History:
    """Make ``rows`` days that end at ``prices`` on the day ``last``; every day is a trading day.

    Daily log-returns have a year's volatility over sqrt(365), fat tails and clusters. O(rows N).
    """
    rng = np.random.default_rng([seed, 3])
    factors = Factors(instruments)
    volatility = np.array([instrument.volatility for instrument in instruments]) * liveliness
    volatility *= np.sqrt(_DAY_S / YEAR_S)
    levels = _clusters(rows, rng)
    returns = np.array([level * volatility * factors.draw(rng) for level in levels[1:]])
    backwards = np.vstack([np.cumsum(returns[::-1], axis=0)[::-1], np.zeros(len(instruments))])
    dates = tuple(last - timedelta(days=rows - 1 - row) for row in range(rows))
    made = np.asarray(prices) * np.exp(-backwards)
    return History(dates, tuple(instrument.symbol for instrument in instruments), np.round(made, 6))


def write_history(history: History, path: Path) -> None:
    """Write the history as CSV: ``date``, then one column of prices for each symbol."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("date", *history.symbols))
        for day, prices in zip(history.dates, history.prices.tolist(), strict=True):
            writer.writerow((day.isoformat(), *prices))


def _clusters(rows: int, rng: np.random.Generator) -> FloatArray:
    keep = np.exp(-1.0 / _CLUSTER_DAYS)
    draws = rng.standard_normal(rows) * CLUSTER_SPREAD * np.sqrt(1.0 - keep**2)
    logarithms = np.zeros(rows)
    # From the level at which the market begins back into the past: the recursion has the same law both ways.
    for day in range(rows - 2, -1, -1):
        logarithms[day] = keep * logarithms[day + 1] + draws[day]
    return np.exp(logarithms - CLUSTER_SPREAD**2)
