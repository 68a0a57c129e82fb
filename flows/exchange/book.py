"""An example book for the simulated market: several desks, long and short, so that a demo has something to watch."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from flows.exchange.instruments import Instrument
from flows.exchange.market import FloatArray

FIELDS = ("portfolio", "symbol", "quantity", "avg_price", "multiplier", "currency", "desk")


class Holding(NamedTuple):
    """One row of a positions file."""

    portfolio: str
    symbol: str
    quantity: float
    avg_price: float
    multiplier: float
    currency: str
    desk: str


class _Plan(NamedTuple):
    portfolio: str
    desk: str
    sectors: tuple[str, ...]
    notional: float
    long_share: float


_PLANS = (
    _Plan("growth", "equities", ("technology", "communication", "consumer"), 8e6, 1.0),
    _Plan("value", "equities", ("finance", "health", "energy", "industry"), 6e6, 1.0),
    _Plan("long-short", "alpha", ("technology", "finance", "health", "industry"), 10e6, 0.55),
    _Plan("energy-pairs", "alpha", ("energy", "industry"), 4e6, 0.5),
    _Plan("digital", "macro", ("digital",), 2e6, 1.0),
    _Plan("hedge", "macro", ("technology", "consumer", "digital"), 3e6, 0.0),
)
_HOLDINGS = 12


def example_book(instruments: Sequence[Instrument], prices: FloatArray, seed: int) -> list[Holding]:
    """Make the positions of six portfolios on three desks; a portfolio without a fitting instrument is left out."""
    rng = np.random.default_rng([seed, 4])
    priced = list(zip(instruments, np.asarray(prices).tolist(), strict=True))
    return [holding for plan in _PLANS for holding in _holdings(plan, priced, rng)]


def write_book(book: Sequence[Holding], path: Path) -> None:
    """Write the book as a positions file, CSV."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(FIELDS)
        writer.writerows(book)


def _holdings(plan: _Plan, priced: Sequence[tuple[Instrument, float]], rng: np.random.Generator) -> list[Holding]:
    fitting = [entry for entry in priced if entry[0].sector in plan.sectors][:_HOLDINGS]
    shares = rng.dirichlet(np.full(len(fitting), 4.0)) if fitting else np.empty(0)
    longs = rng.permutation(len(fitting)) < round(plan.long_share * len(fitting))
    return [
        _holding(plan, instrument, price, share * plan.notional * (1 if is_long else -1), rng)
        for (instrument, price), share, is_long in zip(fitting, shares.tolist(), longs.tolist(), strict=True)
    ]


def _holding(plan: _Plan, instrument: Instrument, price: float, notional: float, rng: np.random.Generator) -> Holding:
    digits = 0 if price < 1_000 else 2
    quantity = round(notional / price, digits) or (1.0 if notional > 0 else -1.0)
    paid = round(price * float(rng.uniform(0.96, 1.03)), 4)
    return Holding(plan.portfolio, instrument.symbol, quantity, paid, 1.0, "USD", plan.desk)
