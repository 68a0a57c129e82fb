"""How near a covariance is to being singular."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from riskcore.covariance.correlation import correlation_of

_SINGULAR = 1e-12


class Conditioning(NamedTuple):
    """Eigenvalues of the correlation of the instruments that have a variance; 0 where none has."""

    smallest: float
    largest: float
    number: float | None
    """Largest over smallest; None where the matrix is singular to 1e-12 of the largest."""


def conditioning_of(covariance: NDArray[np.float64]) -> Conditioning:
    """Conditioning of a covariance of shape (N, N), whatever its units: that of its correlation. O(N³).

    Examples
    --------
    >>> conditioning_of(np.array([[4.0, 1.0], [1.0, 1.0]]))
    Conditioning(smallest=0.5, largest=1.5, number=3.0)
    """
    moving = np.diagonal(covariance) > 0.0
    if not moving.any():
        return Conditioning(0.0, 0.0, None)
    sizes = np.linalg.eigvalsh(correlation_of(covariance[np.ix_(moving, moving)]))
    smallest, largest = float(sizes[0]), float(sizes[-1])
    return Conditioning(smallest, largest, largest / smallest if smallest > _SINGULAR * largest else None)
