"""Shrinkage of a sample covariance towards a multiple of the identity."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from riskcore.errors import InputError


def ledoit_wolf(returns: ArrayLike) -> tuple[NDArray[np.float64], float]:
    r"""Shrink the sample covariance S towards :math:`\mu I` by the intensity of least expected squared error.

    .. math:: \Sigma = (1-\delta) S + \delta \mu I, \qquad \mu = \mathrm{tr}(S)/N, \qquad
              \delta = \min\!\left(1, \frac{\frac{1}{T^2}\sum_t \lVert r_t r_t^\top - S \rVert_F^2}{\lVert S
              - \mu I\rVert_F^2}\right)

    with centred returns and divisor T, as in the article. Use it when T is not many times N: the result is
    well conditioned even for N > T.

    Parameters
    ----------
    returns
        Shape (T, N), finite, at least two rows.

    Returns
    -------
    tuple[array of shape (N, N), float]
        The covariance and the intensity δ in [0, 1]; δ is 0 when S is a multiple of the identity already.

    Raises
    ------
    InputError
        Another shape, or a number that is not finite.

    Notes
    -----
    O(T N²). Source: Ledoit, Wolf (2004), A well-conditioned estimator for large-dimensional covariance
    matrices.
    """
    rows = np.asarray(returns, dtype=np.float64)
    if rows.ndim != 2 or rows.shape[0] < 2 or rows.shape[1] < 1 or not np.isfinite(rows).all():
        raise InputError(f"returns must be finite, of shape (T, N) with at least two rows, not {rows.shape}")
    n_rows, n = rows.shape
    centred = rows - rows.mean(axis=0)
    sample = centred.T @ centred / n_rows
    mean = float(np.trace(sample)) / n
    distance = float(np.sum((sample - mean * np.eye(n)) ** 2))
    # The norms of the rows' own products give the sum without forming T matrices.
    noise = (float(np.sum(np.sum(centred**2, axis=1) ** 2)) / n_rows - float(np.sum(sample**2))) / n_rows
    intensity = min(max(noise / distance, 0.0), 1.0) if distance > 0.0 else 0.0
    return (1.0 - intensity) * sample + intensity * mean * np.eye(n), intensity
