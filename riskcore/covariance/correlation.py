"""Volatility and correlation of a covariance matrix."""

import numpy as np
from numpy.typing import NDArray


def volatility_of(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Standard deviations, shape (N,): the square root of the diagonal."""
    return np.sqrt(np.diagonal(covariance))


def correlation_of(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Correlation matrix, shape (N, N); NaN, never infinite, where a variance is 0."""
    volatility = volatility_of(covariance)
    with np.errstate(divide="ignore"):
        inverse = np.where(volatility > 0, 1.0 / volatility, np.nan)
    correlation = np.clip(covariance * inverse[:, None] * inverse, -1.0, 1.0)
    correlation[np.diag_indices_from(correlation)] = np.where(volatility > 0, 1.0, np.nan)
    return (correlation + correlation.T) / 2.0
