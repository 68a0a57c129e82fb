"""Simulated P&L of a linear portfolio, in one go: the batch counterpart of the kept paths."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from riskcore.checks import numbers, whole
from riskcore.covariance.factor import psd_factor
from riskcore.errors import InputError
from riskcore.normals import simulation_normals, student_mixing
from riskcore.parametric import DistributionName

_CHUNK = 1 << 20


def monte_carlo_pnl(
    exposures: ArrayLike,
    covariance: ArrayLike,
    n_paths: int,
    seed: int,
    distribution: DistributionName = "normal",
    dof: float | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> NDArray[np.float64]:
    r"""Simulate P&L scenarios :math:`w^\top L z` with :math:`z \sim N(0, I)` and :math:`L L^\top = \Sigma`.

    Student-t multiplies each scenario by :math:`\sqrt{(\nu-2)/\chi^2_\nu}`: multivariate t returns of the
    same covariance.

    Parameters
    ----------
    exposures
        w, shape (N,): change of value for a return of 1.
    covariance
        Σ of the returns over the horizon, shape (N, N); may be singular. See
        :func:`~riskcore.covariance.psd_factor`.
    n_paths
        Scenarios, at least 1.
    seed
        0 <= seed < 2**64. The same seed draws the same markets for any exposures, so P&L adds up over
        portfolios.
    distribution, dof
        ``"normal"``, or ``"t"`` with ``dof`` > 2.
    progress
        Called with (paths done, paths in all); what it raises ends the simulation.

    Returns
    -------
    array of shape (n_paths,)
        P&L, gains positive, in the currency of the exposures.

    Raises
    ------
    InputError
        Shapes that do not fit, numbers that are not finite, settings out of range.

    Notes
    -----
    O(N³) for the factor and O(N n_paths) for the draws, in chunks of 8 MB.
    """
    w = numbers(exposures, "exposures")
    factor = psd_factor(covariance)
    if w.shape != factor.lower.shape[:1] or not np.isfinite(w).all():
        raise InputError(f"exposures of shape {w.shape} do not fit a covariance of {len(factor.lower)} instruments")
    n_paths, seed = whole(n_paths, "n_paths", 1), whole(seed, "a seed")
    if seed >= 2**64:
        raise InputError(f"a seed is at most 2**64 - 1, not {seed}")
    loading = factor.lower.T @ w
    rows = max(_CHUNK // max(len(w), 1), 1)
    pnl, done = np.empty(n_paths), 0
    for normals in simulation_normals(seed, n_paths, len(w), rows):
        pnl[done : done + len(normals)] = normals @ loading
        done += len(normals)
        if progress is not None:
            progress(done, n_paths)
    if distribution == "normal":
        return pnl
    if distribution != "t" or dof is None or not 2.0 < dof < np.inf:
        raise InputError(f"the distribution is normal, or t with more than 2 dof; not {distribution} with {dof}")
    return pnl * student_mixing(seed, dof, n_paths)
