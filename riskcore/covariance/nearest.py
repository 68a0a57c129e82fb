"""The correlation matrix nearest to one that is not quite a correlation matrix."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from riskcore.covariance.factor import symmetric_part

_TOLERANCE = 1e-13
_ITERATIONS = 20_000


def nearest_correlation(matrix: ArrayLike) -> NDArray[np.float64]:
    r"""Nearest correlation matrix in the Frobenius norm.

    .. math:: \min \{ \lVert A - X \rVert_F : X \succeq 0,\; X_{ii} = 1 \}

    by alternating projections with Dykstra's correction. The diagonal of A does not matter: against a unit
    diagonal it adds a constant to the distance. Use it to repair correlations that were estimated pair by
    pair, stressed by hand or rounded.

    Parameters
    ----------
    matrix
        A, shape (N, N), finite; only its symmetric part is read.

    Returns
    -------
    array of shape (N, N)
        Symmetric, unit diagonal, positive semi-definite to rounding; A itself (with unit diagonal) when it
        is so already.

    Raises
    ------
    InputError
        Not square, or not finite.

    Notes
    -----
    O(N³) for each of some tens to hundreds of iterations (convergence is linear). Source: Higham (2002),
    algorithm 3.3.

    Examples
    --------
    >>> nearest_correlation([[1, 1, 0], [1, 1, 1], [0, 1, 1]]).round(4).tolist()[0]
    [1.0, 0.7607, 0.1573]
    """
    unit = symmetric_part(matrix)
    np.fill_diagonal(unit, 1.0)
    if not len(unit) or np.linalg.eigvalsh(unit)[0] >= 0.0:
        return unit
    correction = np.zeros_like(unit)
    for _ in range(_ITERATIONS):
        target = unit - correction
        positive = _positive_part(target)
        correction = positive - target
        previous, unit = unit, positive.copy()
        np.fill_diagonal(unit, 1.0)
        if np.linalg.norm(unit - previous) <= _TOLERANCE * len(unit):
            break
    return _unit_diagonal(_positive_part(unit))


def _positive_part(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    values, axes = np.linalg.eigh(matrix)
    root = axes * np.sqrt(np.maximum(values, 0.0))
    part: NDArray[np.float64] = root @ root.T
    return part


def _unit_diagonal(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    scale = 1.0 / np.sqrt(np.diagonal(matrix))
    correlation: NDArray[np.float64] = matrix * scale[:, None] * scale
    np.fill_diagonal(correlation, 1.0)
    return correlation / 2.0 + correlation.T / 2.0
