"""A factor of a covariance that never raises: an indefinite matrix is clipped, and the distance said."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from riskcore.checks import numbers
from riskcore.errors import InputError

_DUST = 1e-11
"""Of a variance: what the others leave of it, where that is no more than rounding."""


@dataclass(frozen=True, slots=True)
class PsdFactor:
    """A lower triangular L (N, N): ``L @ L.T`` is the covariance, or the nearest that has a factor.

    ``distance`` is how far it had to be moved: the spectral norm of the change relative to the largest
    eigenvalue, 0 when it has a factor.
    """

    lower: NDArray[np.float64]
    distance: float


def psd_factor(covariance: ArrayLike) -> PsdFactor:
    r"""Cholesky factor, also of a singular matrix (N > T, twins, a constant price) and of an indefinite one.

    In a singular one an instrument that the ones before it determine (what they leave of its variance is under 1e-11 of
    it) has no column of its own; so no instrument's column depends on those behind it, as in any Cholesky factor. When
    there is none, the spectrum :math:`V \Lambda V^\top` is clipped at 0 and :math:`\Lambda^{1/2} V^\top = Q
    L^\top` gives the triangular factor of the result: the nearest positive semi-definite matrix in the Frobenius norm
    (Higham 1988).

    Parameters
    ----------
    covariance
        Symmetric, shape (N, N), finite; only its symmetric part is read.

    Raises
    ------
    InputError
        Not square, or not finite. Nothing else.

    Notes
    -----
    O(N³): N³/3 when positive definite, twice that when singular, about 12 N³ otherwise.
    """
    matrix = symmetric_part(covariance)
    for factor in (_cholesky, _semidefinite):
        try:
            return PsdFactor(factor(matrix), 0.0)
        except np.linalg.LinAlgError:
            continue
    return _clipped(matrix)


def _cholesky(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.linalg.cholesky(matrix).astype(np.float64, copy=False)


def _semidefinite(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    # A little is added to each variance, relative to it, so that Cholesky gets through; the columns that are made of
    # nothing else are taken out again.
    variances = np.diagonal(matrix)
    still = variances == 0.0
    if (variances < 0.0).any() or matrix[still].any():
        raise np.linalg.LinAlgError
    deviations = np.sqrt(np.where(still, 1.0, variances))
    scaled = matrix / np.outer(deviations, deviations)
    np.fill_diagonal(scaled, 1.0 + max(len(matrix), 16) * np.finfo(np.float64).eps)
    lower = _cholesky(scaled)
    lower[:, still | (np.diagonal(lower) ** 2 <= _DUST)] = 0.0
    return lower * deviations[:, np.newaxis]


def _clipped(matrix: NDArray[np.float64]) -> PsdFactor:
    values, axes = np.linalg.eigh(matrix)
    largest = float(np.max(np.abs(values), initial=0.0))
    root = axes * np.sqrt(np.maximum(values, 0.0))
    upper: NDArray[np.float64] = np.asarray(np.linalg.qr(root.T, mode="r"), dtype=np.float64)
    lower = upper.T
    lower = np.ascontiguousarray(lower * np.where(np.diagonal(lower) < 0.0, -1.0, 1.0))
    moved = max(-float(np.min(values, initial=0.0)), 0.0)
    return PsdFactor(lower, moved / largest if largest > 0.0 else 0.0)


def symmetric_part(matrix: ArrayLike) -> NDArray[np.float64]:
    """``(A + Aᵀ) / 2`` of a square, finite matrix; ``InputError`` for any other."""
    given = numbers(matrix, "a matrix")
    if given.ndim != 2 or given.shape[0] != given.shape[1] or not np.isfinite(given).all():
        raise InputError(f"need a square matrix of finite numbers, not one of shape {given.shape}")
    return given / 2.0 + given.T / 2.0
