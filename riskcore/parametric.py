"""Value-at-Risk and Expected Shortfall in closed form, whole and by position."""

from functools import lru_cache
from math import exp, log1p, sqrt
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from riskcore.checks import number, numbers
from riskcore.errors import InputError
from riskcore.quantile import check_confidence

DistributionName = Literal["normal", "t"]

_NORMAL = NormalDist()
_INDEFINITE = 1e-9


def parametric_risk(
    volatility: float, confidence: float, distribution: DistributionName = "normal", dof: float | None = None
) -> tuple[float, float]:
    r"""Value-at-Risk and Expected Shortfall of a P&L with mean 0 and this standard deviation.

    Normal: :math:`\mathrm{VaR} = z_\alpha \sigma,\; \mathrm{ES} = \sigma \varphi(z_\alpha)/(1-\alpha)`.
    Student-t with :math:`\nu` degrees of freedom, scaled to the same variance: with :math:`t =
    t_{\nu,\alpha}`,

    .. math:: \mathrm{VaR} = \sigma \sqrt{\tfrac{\nu-2}{\nu}}\, t, \qquad
              \mathrm{ES} = \sigma \sqrt{\tfrac{\nu-2}{\nu}}\, \frac{f_\nu(t)}{1-\alpha} \frac{\nu +
              t^2}{\nu - 1}

    Parameters
    ----------
    volatility
        Standard deviation of the P&L over the horizon, not negative, in currency.
    confidence
        Strictly between 0 and 1.
    distribution, dof
        ``"normal"``, or ``"t"`` with ``dof`` > 2.

    Returns
    -------
    tuple[float, float]
        (value_at_risk, expected_shortfall), losses positive.

    Notes
    -----
    O(1). Source: McNeil, Frey, Embrechts (2015), section 2.3.4.

    Examples
    --------
    >>> [round(x, 1) for x in parametric_risk(10_000 * 0.2 / 250**0.5, 0.99)]
    [294.3, 337.1]
    """
    sigma = number(volatility, "a volatility")
    if not 0.0 <= sigma < np.inf:
        raise InputError(f"a volatility is finite and not negative, not {volatility}")
    check_confidence(confidence)
    at_risk, shortfall = unit_risk(confidence, distribution, dof)
    return at_risk * sigma, shortfall * sigma


@lru_cache(maxsize=256)
def unit_risk(confidence: float, distribution: DistributionName, dof: float | None) -> tuple[float, float]:
    """:func:`parametric_risk` of standard deviation 1, remembered."""
    check_confidence(confidence)
    if distribution == "normal":
        z = _NORMAL.inv_cdf(confidence)
        return z, _NORMAL.pdf(z) / (1.0 - confidence)
    if distribution != "t":
        raise InputError(f"the distribution is normal or t, not {distribution}")
    if dof is None or not 2.0 < dof < np.inf:
        raise InputError(f"Student-t needs more than 2 degrees of freedom to have a variance, not {dof}")
    return _student(confidence, dof)


def _student(confidence: float, dof: float) -> tuple[float, float]:
    from scipy.special import betaln, stdtrit  # noqa: PLC0415 - slow to import, and only Student-t needs it

    t = float(stdtrit(dof, confidence))
    log_density = -betaln(0.5, dof / 2.0) - (dof + 1.0) / 2.0 * log1p(t * t / dof)
    density = exp(log_density) / sqrt(dof)
    unit = sqrt((dof - 2.0) / dof)
    return unit * t, unit * density / (1.0 - confidence) * (dof + t * t) / (dof - 1.0)


def component_var(exposures: ArrayLike, covariance: ArrayLike, confidence: float) -> NDArray[np.float64]:
    r"""What each position adds to the normal Value-at-Risk, exactly: :math:`w_i (\Sigma w)_i z_\alpha / \sigma`.

    Parameters
    ----------
    exposures
        w, shape (N,): change of value for a return of 1, in currency.
    covariance
        Σ of the returns over the horizon, shape (N, N).
    confidence
        Strictly between 0 and 1.

    Returns
    -------
    array of shape (N,)
        In currency; 0 where the portfolio has no risk; negative for a hedge.

    Raises
    ------
    InputError
        Shapes that do not fit, numbers that are not finite, a covariance that gives a negative variance.

    Notes
    -----
    O(N²). Source: Jorion (2007), chapter 7; Euler's theorem, Tasche (1999).
    """
    return numbers(exposures, "exposures") * marginal_var(exposures, covariance, confidence)


def marginal_var(exposures: ArrayLike, covariance: ArrayLike, confidence: float) -> NDArray[np.float64]:
    r"""The derivative of normal Value-at-Risk to each exposure: :math:`(\Sigma w)_i z_\alpha / \sigma`.

    Parameters, errors and cost are those of :func:`component_var`; dimensionless; 0 where the portfolio has
    no risk.
    """
    w, matrix = numbers(exposures, "exposures"), numbers(covariance, "a covariance")
    if w.ndim != 1 or matrix.shape != (len(w), len(w)):
        raise InputError(f"exposures (N,) need a covariance (N, N), not shapes {w.shape} and {matrix.shape}")
    if not (np.isfinite(w).all() and np.isfinite(matrix).all()):
        raise InputError("exposures and covariance must be finite numbers")
    size, scale = float(np.max(np.abs(w), initial=0.0)), float(np.max(np.abs(matrix), initial=0.0))
    if size == 0.0 or scale == 0.0:
        return np.zeros_like(w)
    # In units of the largest, because the square of a small exposure has no digits left.
    unit, matrix = w / size, matrix / scale
    pull = matrix @ unit
    variance = float(unit @ pull)
    if variance < -_INDEFINITE * float(np.abs(unit) @ (np.abs(matrix) @ np.abs(unit))):
        raise InputError("the covariance gives a negative variance: repair it, see nearest_correlation and psd_factor")
    at_risk, _ = unit_risk(confidence, "normal", None)
    return pull * (at_risk * sqrt(scale) / sqrt(variance)) if variance > 0.0 else np.zeros_like(w)
