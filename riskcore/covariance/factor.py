"""A factor of a covariance that never raises: an indefinite matrix is clipped, and the distance said."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from riskcore.checks import numbers
from riskcore.errors import InputError


@dataclass(frozen=True, slots=True)
class PsdFactor:
    """A lower triangular L (N, N): ``L @ L.T`` is the covariance, or the nearest that has a factor.

    ``distance`` is how far it had to be moved: the spectral norm of the change relative to the largest
    eigenvalue, 0 when the matrix was positive definite.
    """

    lower: NDArray[np.float64]
    distance: float


def psd_factor(covariance: ArrayLike) -> PsdFactor:
    r"""Cholesky factor, also of a singular matrix (N > T, twins, a constant price) and of an indefinite one.

    When Cholesky fails, the spectrum :math:`V \Lambda V^\top` is clipped at 0 and :math:`\Lambda^{1/2}
    V^\top = Q L^\top` gives the triangular factor of the result: the nearest positive semi-definite matrix
    in the Frobenius norm (Higham 1988).

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
    O(N³): N³/3 when positive definite, about 12 N³ otherwise.
    """
    matrix = symmetric_part(covariance)
    try:
        cholesky: NDArray[np.float64] = np.linalg.cholesky(matrix).astype(np.float64, copy=False)
    except np.linalg.LinAlgError:
        return _clipped(matrix)
    return PsdFactor(cholesky, 0.0)


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
