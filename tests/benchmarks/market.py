"""A market with a past, and books that hold all of it."""

from dataclasses import replace

import numpy as np
from numpy.typing import DTypeLike

from riskcore import MarketModel, RiskBook
from riskcore.settings import RiskSettings

CONFIDENCES = (0.95, 0.975, 0.99)
ROWS = 500


def settings_of(**options: object) -> RiskSettings:
    """Three confidences and a window of 500 bars, other options as given."""
    return replace(RiskSettings(), window=ROWS, confidence=CONFIDENCES, **options)  # type: ignore[arg-type]


def returns_of(n_instruments: int, rows: int, seed: int = 11) -> np.ndarray:
    """Returns (rows, N) with five common factors."""
    draw = np.random.default_rng(seed)
    factors = draw.normal(size=(5, n_instruments)) * 0.005
    return draw.normal(size=(rows, 5)) @ factors + draw.normal(size=(rows, n_instruments)) * 0.01


def market_of(settings: RiskSettings, returns: np.ndarray, path_type: DTypeLike = np.float32) -> MarketModel:
    """A model that has taken these returns as history, with prices."""
    model = MarketModel(returns.shape[1], settings, path_type)
    for row in returns:
        model.on_history(row)
    model.on_prices(np.random.default_rng(1).uniform(10, 500, returns.shape[1]))
    return model


def book_of(model: MarketModel, name: str = "bench", seed: int = 2, held: int | None = None) -> RiskBook:
    """A book that holds the first ``held`` instruments, by default all, long and short."""
    book = RiskBook(model, name)
    quantities = np.random.default_rng(seed).normal(size=held or model.n_instruments) * 100
    for instrument, quantity in enumerate(quantities.tolist()):
        book.on_trade(instrument, quantity)
    book.measures()
    return book
