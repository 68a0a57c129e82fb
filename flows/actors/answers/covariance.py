"""The covariance that the figures use, of some instruments."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from flows.actors.answers.symbols import number_of
from flows.actors.portfolio import duration_text
from flows.questions import CovarianceOf
from flows.universe import Universe
from riskcore.covariance.conditioning import conditioning_of
from riskcore.covariance.correlation import correlation_of, volatility_of
from riskcore.errors import InputError
from riskcore.model import MarketModel

MOST_INSTRUMENTS = 100


def covariance(content: CovarianceOf, model: MarketModel, universe: Universe) -> dict[str, Any]:
    """Covariance, correlation and volatilities of one bar's returns, as read: shrunk where that is set."""
    symbols = content.symbols or universe.keys
    if len(symbols) > MOST_INSTRUMENTS:
        raise InputError(f"symbols: {len(symbols)} are more than {MOST_INSTRUMENTS}; name those you want")
    numbers = [number_of(universe, symbol, "symbols") for symbol in symbols]
    matrix = model.read_covariance[np.ix_(numbers, numbers)]
    conditioning = conditioning_of(matrix)
    return {
        "symbols": list(symbols),
        "bar": duration_text(model.settings.bar),
        "version": model.covariance.version,
        "observations": model.observations[numbers].tolist(),
        "volatilities": volatility_of(matrix).tolist(),
        "covariance": matrix.tolist(),
        "correlation": _nulls(correlation_of(matrix)),
        "conditioning": {
            "smallest_eigenvalue": conditioning.smallest,
            "largest_eigenvalue": conditioning.largest,
            "condition_number": conditioning.number,
        },
    }


def _nulls(matrix: NDArray[np.float64]) -> list[list[float | None]]:
    return [[None if np.isnan(cell) else cell for cell in row] for row in matrix.tolist()]
