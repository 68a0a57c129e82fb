"""The shrinkage of a model's covariance: read off the state, never put into it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from riskcore.covariance.ewma import EwmaCovariance
from riskcore.covariance.shrinkage import least_error_intensity, oracle_intensity
from riskcore.covariance.windowed import WindowedCovariance
from riskcore.window import ScenarioWindow


@dataclass(frozen=True, slots=True)
class Shrunk:
    r"""The covariance as read is :math:`(1-\delta)\,\Sigma + \delta \mu I`."""

    intensity: float
    """δ, from 0 to 1."""
    ridge: float
    r""":math:`\delta \mu`, a variance of one bar's return."""

    @property
    def kept(self) -> float:
        r""":math:`1-\delta`."""
        return 1.0 - self.intensity

    def apply(self, covariance: NDArray[np.float64]) -> NDArray[np.float64]:
        """Shrink a matrix, in place."""
        covariance *= self.kept
        covariance[np.diag_indices_from(covariance)] += self.ridge
        return covariance


NOT_SHRUNK = Shrunk(0.0, 0.0)


def read_shrinkage(
    method: str | float, covariance: EwmaCovariance | WindowedCovariance, window: ScenarioWindow
) -> Shrunk:
    r"""The shrinkage of this covariance at this moment.

    The target is :math:`\mu I`, μ the mean variance of the instruments that had a return. An intensity that is to be
    estimated comes from the returns held, with the weights π that they have in Σ itself:

    - a rolling covariance: the bars of its window, equally; for a window in which no return is missing δ is that of
      :func:`~riskcore.covariance.ledoit_wolf` and :func:`~riskcore.covariance.oas` of these returns;
    - EWMA: :math:`\pi_t \propto \lambda^{\text{age}}` over the last 4 windows of bars, with its zero mean and its
      correction for missing returns. The sample counts :math:`1/\sum \pi_t^2` observations, about 2.9 half-lives.

    O(N²), and O(N window) more for Ledoit-Wolf.
    """
    if method == "none":
        return NOT_SHRUNK
    fewest = 2 if isinstance(covariance, WindowedCovariance) else 1
    n = int(np.count_nonzero(covariance.observations >= fewest))
    trace = float(np.sum(covariance.volatility**2))
    if not trace > 0.0:
        return NOT_SHRUNK
    if not isinstance(method, str):
        return Shrunk(float(method), method * trace / n)
    matrix = covariance.covariance
    square = float(np.vdot(matrix, matrix))
    weights, norms = _sample(covariance, window)
    observations = 1.0 / float(weights @ weights)
    if method == "oas":
        intensity = oracle_intensity(square, trace, n, observations)
    else:
        fourth = float(weights @ norms**2)
        intensity = least_error_intensity(fourth, square, square - trace**2 / n, observations)
    return Shrunk(intensity, intensity * trace / n)


def _sample(
    covariance: EwmaCovariance | WindowedCovariance, window: ScenarioWindow
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    # The weights of the bars, and the squared length of each bar's returns as they stand in the covariance.
    if isinstance(covariance, WindowedCovariance):
        deviations = covariance.rolling.deviations
        n_bars = len(deviations)
        return np.full(n_bars, 1.0 / n_bars), np.einsum("ti,ti->t", deviations, deviations) * n_bars
    order = window.order
    weights = covariance.decay ** np.arange(len(order) - 1.0, -1.0, -1.0) * window.present[:, order].any(axis=0)
    returns, squared = window.returns, covariance.relative_correction**2
    norms = np.einsum("i,it,it->t", squared, returns, returns)[order]
    return weights / np.sum(weights), norms
