"""What the kept paths of a book are when they are read: shrunk as the covariance is, and scaled to the horizon."""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from riskcore.model import MarketModel
from riskcore.vectors import BookVectors

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Simulated:
    """Normal P&L on each path, before any mixing to Student-t: ``factor * normal`` over the horizon."""

    normal: Vector
    """Shape (P,), in a unit of its own."""
    factor: float


def simulated(model: MarketModel, vectors: BookVectors) -> Simulated:
    r"""The normal P&L of the book. Under shrinkage :math:`\sqrt{1-\delta}\, X w + \sqrt{\delta\mu}\, Z w`. O(P)."""
    horizon = sqrt(model.settings.bars_in_horizon)
    if model.own_normals is None:
        return Simulated(vectors.paths, vectors.path_factor * horizon)
    shrunk = model.shrunk
    normal = vectors.paths * (vectors.path_factor * sqrt(shrunk.kept)) + vectors.own * sqrt(shrunk.ridge)
    return Simulated(normal, horizon)


def position_means(
    model: MarketModel, vectors: BookVectors, held: NDArray[np.intp], tail: NDArray[np.intp], shares: Vector
) -> Vector:
    """Of each position, the weighted sum of its normal P&L over some paths, in the unit of :func:`simulated`.

    O(N held · paths given).
    """
    mean = vectors.corrected[held] * (_columns(model.paths.raw, held, tail) @ shares)
    if model.own_normals is None:
        return mean
    shrunk = model.shrunk
    own = vectors.exposures[held] * (_columns(model.own_normals, held, tail) @ shares)
    return mean * (vectors.path_factor * sqrt(shrunk.kept)) + own * sqrt(shrunk.ridge)


def _columns(matrix: NDArray[np.float64], held: NDArray[np.intp], tail: NDArray[np.intp]) -> NDArray[np.float64]:
    return matrix[held][:, tail] if len(held) < len(matrix) else np.take(matrix, tail, axis=1)
