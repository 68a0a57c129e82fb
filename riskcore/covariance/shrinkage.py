"""Shrinkage of a sample covariance towards a multiple of the identity."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from riskcore.checks import numbers
from riskcore.errors import InputError

_ROUNDING = 1e-14
"""Of a squared norm: nearer than that to a multiple of the identity is one, and there is nothing to shrink."""


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
    centred, sample = _sample(returns)
    n_rows, n = centred.shape
    mean = float(np.trace(sample)) / n
    distance = float(np.sum((sample - mean * np.eye(n)) ** 2))
    fourth = float(np.sum(np.sum(centred**2, axis=1) ** 2)) / n_rows
    intensity = least_error_intensity(fourth, float(np.sum(sample**2)), distance, n_rows)
    return (1.0 - intensity) * sample + intensity * mean * np.eye(n), intensity


def oas(returns: ArrayLike) -> tuple[NDArray[np.float64], float]:
    r"""Shrink the sample covariance S towards :math:`\mu I` by the oracle-approximating intensity.

    .. math:: \delta = \min\!\left(1, \frac{(1 - 2/N)\,\mathrm{tr}(S^2) + \mathrm{tr}^2(S)}
              {(T + 1 - 2/N)\,(\mathrm{tr}(S^2) - \mathrm{tr}^2(S)/N)}\right)

    Parameters, result and errors are those of :func:`ledoit_wolf`. Of smaller error than it when returns are normal and
    T is small; it does not look at their fourth moments, so fat tails call for :func:`ledoit_wolf`.

    Notes
    -----
    O(T N²). Source: Chen, Wiesel, Eldar, Hero (2010), Shrinkage algorithms for MMSE covariance estimation, equation 23.
    """
    centred, sample = _sample(returns)
    n_rows, n = centred.shape
    trace = float(np.trace(sample))
    intensity = oracle_intensity(float(np.sum(sample**2)), trace, n, n_rows)
    return (1.0 - intensity) * sample + intensity * trace / n * np.eye(n), intensity


def least_error_intensity(fourth: float, square: float, distance: float, observations: float) -> float:
    r"""The intensity of :func:`ledoit_wolf` from the mean of ‖r‖⁴, ‖S‖² and ‖S - μI‖².

    For weighted observations :math:`\pi_t` the mean is the weighted one, and their number
    :math:`1/\sum_t \pi_t^2`: the variance of a weighted mean.
    """
    # The norms of the rows' own products give the sum of ‖r rᵀ - S‖² without forming T matrices.
    noise = (fourth - square) / observations
    return min(max(noise / distance, 0.0), 1.0) if distance > _ROUNDING * square else 0.0


def oracle_intensity(square: float, trace: float, n: int, observations: float) -> float:
    """The intensity of :func:`oas` from tr S² and tr S."""
    excess = square - trace**2 / n
    if not excess > _ROUNDING * square:
        return 0.0
    return min(((1.0 - 2.0 / n) * square + trace**2) / ((observations + 1.0 - 2.0 / n) * excess), 1.0)


def _sample(returns: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    rows = numbers(returns, "returns")
    if rows.ndim != 2 or rows.shape[0] < 2 or rows.shape[1] < 1 or not np.isfinite(rows).all():
        raise InputError(f"returns must be finite, of shape (T, N) with at least two rows, not {rows.shape}")
    centred = rows - rows.mean(axis=0)
    return centred, centred.T @ centred / len(rows)
