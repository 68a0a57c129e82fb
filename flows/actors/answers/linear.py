"""A portfolio as the linear methods see it: what it is exposed to, and how that moves together over the horizon."""

from base64 import b64encode
from typing import Any

import numpy as np

from flows.actors.portfolio import Portfolio, duration_text
from riskcore.errors import InputError

MOST_INSTRUMENTS = 1_000


def linear(portfolio: Portfolio) -> dict[str, Any]:
    """Exposures and covariance over the horizon of what is held, as float64 little-endian in base64.

    Of the covariance the upper triangle, row by row: 4 MB for a thousand instruments.
    """
    book, settings = portfolio.book, portfolio.settings
    why = next((measure.reason for measure in book.measures() if measure.method == "parametric"), None)
    if why is not None:
        raise InputError(f"portfolio {book.name!r} has no figures: {why}")
    exposures = book.exposures
    held = np.flatnonzero(exposures)
    if len(held) > MOST_INSTRUMENTS:
        raise InputError(f"portfolio {book.name!r} holds {len(held)} instruments, more than {MOST_INSTRUMENTS}")
    matrix = book.model.read_covariance[np.ix_(held, held)] * settings.bars_in_horizon
    return {
        "horizon": duration_text(settings.horizon),
        "instruments": len(held),
        "exposures": _text(exposures[held]),
        "covariance": _text(matrix[np.triu_indices(len(held))]),
        "confidence": settings.confidence,
        "distribution": settings.distribution,
        "dof": settings.dof,
        "uncovered": portfolio.uncovered(),
    }


def _text(array: Any) -> str:
    return b64encode(array.astype("<f8").tobytes()).decode()
