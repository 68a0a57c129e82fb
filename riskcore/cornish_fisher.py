"""Value-at-Risk and Expected Shortfall of a P&L that is nearly normal, by the expansion of Cornish and Fisher."""

from statistics import NormalDist

import numpy as np

from riskcore.errors import InputError
from riskcore.quantile import check_confidence

_NORMAL = NormalDist()


def cornish_fisher_risk(
    volatility: float, confidence: float, skewness: float, excess_kurtosis: float
) -> tuple[float, float]:
    r"""Value-at-Risk and Expected Shortfall with a quantile corrected for skewness s and excess kurtosis κ of the loss.

    .. math:: q(z) = z + \frac{s}{6} (z^2 - 1) + \frac{\kappa}{24} (z^3 - 3z) - \frac{s^2}{36} (2z^3 - 5z), \qquad
              \mathrm{VaR} = \sigma\, q(z_\alpha)

    .. math:: \mathrm{ES} = \frac{\sigma}{1-\alpha} \int_{z_\alpha}^\infty q\, \varphi = \sigma
              \frac{\varphi(z_\alpha)}{1-\alpha} \left( 1 + \frac{s}{6} z_\alpha + \frac{\kappa}{24} (z_\alpha^2 - 1) -
              \frac{s^2}{36} (2 z_\alpha^2 - 1) \right)

    Use it for mild departures from the normal law; for heavy tails Student-t or the scenario methods do better. s and κ
    are parameters of the expansion: the skewness and kurtosis of the law that results agree with them near 0 only.

    Parameters
    ----------
    volatility
        σ, not negative, in currency.
    confidence
        Strictly between 0 and 1.
    skewness, excess_kurtosis
        Of the P&L: a negative skewness, s > 0 of the loss, means more risk.

    Returns
    -------
    tuple[float, float]
        (value_at_risk, expected_shortfall), losses positive.

    Raises
    ------
    InputError
        Outside the domain in which q grows everywhere, so that it is the quantile function of a law at all:
        :math:`\kappa/8 \ge s^2/6` and :math:`s^2/9 \le 4 (\kappa/8 - s^2/6)(1 - \kappa/8 + 5 s^2/36)`. It lies within
        :math:`|s| < 2.49` and :math:`0 \le \kappa \le 8`.

    Notes
    -----
    O(1). Source: Cornish, Fisher (1937); domain: Maillard (2012), A user's guide to the Cornish Fisher expansion; the
    shortfall by :math:`\int_z^\infty He_n \varphi = He_{n-1}(z)\, \varphi(z)`.

    Examples
    --------
    >>> [round(x, 3) for x in cornish_fisher_risk(1.0, 0.99, -0.5, 1.0)]
    [2.834, 3.49]
    """
    if not 0.0 <= volatility < np.inf:
        raise InputError(f"a volatility is finite and not negative, not {volatility}")
    check_confidence(confidence)
    s, kurtosis = -skewness, excess_kurtosis
    if not _grows(s, kurtosis):
        raise InputError(
            f"skewness {skewness} and excess kurtosis {excess_kurtosis} lie outside the domain of the Cornish-Fisher "
            "expansion: use Student-t or a scenario method"
        )
    z = _NORMAL.inv_cdf(confidence)
    quantile = z + s / 6 * (z**2 - 1) + kurtosis / 24 * (z**3 - 3 * z) - s**2 / 36 * (2 * z**3 - 5 * z)
    tail = 1 + s / 6 * z + kurtosis / 24 * (z**2 - 1) - s**2 / 36 * (2 * z**2 - 1)
    return volatility * quantile, volatility * tail * _NORMAL.pdf(z) / (1.0 - confidence)


def _grows(s: float, kurtosis: float) -> bool:
    # The slope of q is leading z² + s/3 z + constant: never negative.
    leading, constant = kurtosis / 8 - s**2 / 6, 1 - kurtosis / 8 + 5 * s**2 / 36
    return leading >= 0.0 and constant >= 0.0 and s**2 / 9 <= 4.0 * leading * constant
