"""What a portfolio owes to its positions not moving together, and how many observations its figures rest on."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from riskcore.errors import InputError
from riskcore.measures import Measures, historical_measures, monte_carlo_measures, parametric_measures
from riskcore.messages import Method
from riskcore.model import MarketModel
from riskcore.vectors import BookVectors

_READ: dict[Method, Callable[[MarketModel, BookVectors], Measures]] = {
    "parametric": parametric_measures,
    "historical": historical_measures,
    "monte_carlo": monte_carlo_measures,
}


def stand_alone_var(model: MarketModel, vectors: BookVectors, method: Method, confidence: float) -> NDArray[np.float64]:
    """Value-at-Risk of each covered position as if it were the whole portfolio, base currency, by the same method.

    The scenarios are those of the portfolio: the same bars, the same paths. ``confidence`` is one of the settings'. O(N
    + window + P) a position.
    """
    at = model.settings.confidence.index(confidence)
    held = np.flatnonzero(vectors.covered).tolist()
    figures = [_READ[method](model, _alone(model, vectors, instrument))[at].var for instrument in held]
    return np.array([np.nan if figure is None else figure for figure in figures], np.float64)


def _alone(model: MarketModel, vectors: BookVectors, instrument: int) -> BookVectors:
    alone, exposures = BookVectors(model), np.zeros(model.n_instruments)
    exposures[instrument] = vectors.exposures[instrument]
    alone.covered[instrument], alone.missing = True, vectors.missing
    alone.rebuild(exposures)
    return alone


def effective_observations(weights: ArrayLike) -> float:
    r"""How many equally weighted observations have the sampling error of these: :math:`(\sum w)^2 / \sum w^2`.

    n for n equal weights, :math:`(1+\lambda)/(1-\lambda)` for a long exponential history, 0 for none. Source: Kish
    (1965).

    Parameters
    ----------
    weights
        Shape (n,), not negative, in any unit.

    Examples
    --------
    >>> effective_observations([0.5, 0.5, 0.0])
    2.0
    """
    given = np.asarray(weights, dtype=np.float64)
    if given.ndim != 1 or not np.isfinite(given).all() or (given < 0.0).any():
        raise InputError("weights must be a vector of finite numbers, none negative")
    largest = float(given.max(initial=0.0))
    if largest == 0.0:
        return 0.0
    relative = given / largest
    return float(relative.sum()) ** 2 / float(relative @ relative)


def observed_weights(model: MarketModel, instrument: int) -> NDArray[np.float64]:
    r"""The weight :math:`\lambda^{\text{age}}` of each return of one instrument in the EWMA covariance, newest first.

    Its gaps are those of the bars that the scenario window keeps; older returns count as the bars just before these.
    All 1 where the covariance is of a rolling window.
    """
    count = int(model.observations[instrument])
    if model.settings.covariance == "rolling":
        return np.ones(count)
    order = model.window.order[::-1]
    ages = np.flatnonzero(model.window.present[instrument, order])[:count]
    older = len(order) + np.arange(count - len(ages))
    weights: NDArray[np.float64] = model.settings.decay ** np.concatenate((ages, older)).astype(np.float64)
    return weights
