r"""Was Expected Shortfall right? The statistics of Acerbi and Szekely, with a p-value in closed form.

Their law under a right forecast depends on the tail. The p-values here take the plainest tail that has the
forecast's own VaR and ES: losses beyond VaR exceed it by an exponential amount of mean ES - VaR. The sum of
n such losses is a gamma variable, and no simulation is needed. With :math:`c = 1 - \mathrm{VaR}/\mathrm{ES}`
(its mean over the periods),

.. math:: P(Z_2 \le z) = \sum_{n \ge 1} \binom Tn (1-\alpha)^n \alpha^{T-n}\,
          \bar\Gamma_n\!\left(\frac{T(1-\alpha)(1-z) - (1-c)n}{c}\right), \qquad
          P(Z_1 \le z \mid n) = \bar\Gamma_n\!\left(n (1 - z/c)\right)

with :math:`\bar\Gamma_n(x) = P(\text{gamma}_n > x)`. For normal forecasts at 97.5 % over 250 days this
gives the published critical values of Z2, -0.70 at 5 % and -1.80 at 0.01 %. Tails fatter than exponential
make the p-value too small: for a t law with 3 degrees of freedom the closed form's 5 % is at -0.75, where the
published value, and simulation, say -0.82, and its 0.01 % at -1.98 instead of -4.6. Thinner tails (the normal
law's Z1: 3 % for 5 %) make it too large.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from riskcore.checks import numbers
from riskcore.errors import InputError
from riskcore.quantile import check_confidence

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ShortfallTest:
    """A statistic of Expected Shortfall: 0 expected of right forecasts, negative when risk is understated.

    ``p_value`` is one-sided: how probable so low a statistic is of a right forecast; None with a reason.
    """

    statistic: float | None
    p_value: float | None = None
    reason: str | None = None


def acerbi_szekely_z1(
    pnl: ArrayLike, value_at_risk: ArrayLike, expected_shortfall: ArrayLike, confidence: float
) -> ShortfallTest:
    r"""Are the losses beyond Value-at-Risk as deep as Expected Shortfall says, however many there are?

    .. math:: Z_1 = \frac1n \sum_t \frac{\text{pnl}_t\, [\text{pnl}_t + \mathrm{VaR}_t < 0]}{\mathrm{ES}_t}
              + 1, \qquad n = \sum_t [\text{pnl}_t + \mathrm{VaR}_t < 0]

    Parameters and errors are those of :func:`acerbi_szekely_z2`. It judges depth alone: read it only where
    the number of exceptions is right. Without exceptions it is None, with the reason.

    Notes
    -----
    Source: Acerbi, Szekely (2014), Backtesting Expected Shortfall, test 1. O(T).

    Examples
    --------
    >>> acerbi_szekely_z1([-3.0, 1.0, 2.0, 0.0], 1.5, 2.0, 0.975).statistic
    -0.5
    """
    profit, at_risk, shortfall = _checked(pnl, value_at_risk, expected_shortfall, confidence)
    beyond = profit + at_risk < 0.0
    count = int(beyond.sum())
    if not count:
        return ShortfallTest(None, None, "no exceptions")
    statistic = float(np.sum(profit[beyond] / shortfall[beyond])) / count + 1.0
    slack = float(np.mean(1.0 - at_risk / shortfall))
    if slack <= 0.0:
        return ShortfallTest(statistic, None, "Expected Shortfall is no more than Value-at-Risk")
    return ShortfallTest(statistic, float(_gamma_beyond(np.array([count]), count * (1.0 - statistic / slack))[0]))


def acerbi_szekely_z2(
    pnl: ArrayLike, value_at_risk: ArrayLike, expected_shortfall: ArrayLike, confidence: float
) -> ShortfallTest:
    r"""Is Expected Shortfall right, in size and frequency of the losses beyond Value-at-Risk?

    .. math:: Z_2 = \sum_t \frac{\text{pnl}_t\, [\text{pnl}_t + \mathrm{VaR}_t < 0]}{T (1-\alpha)\,
    \mathrm{ES}_t} + 1

    Parameters
    ----------
    pnl
        Realised, shape (T,), gains positive.
    value_at_risk, expected_shortfall
        Forecasts, shape (T,) or one number for all, losses positive.
    confidence
        Of both, strictly between 0 and 1.

    Returns
    -------
    ShortfallTest
        At 97.5 % over 250 days, under -0.70 rejects at 5 % and under -1.8 at 0.01 % when P&L is normal; when it has
        the tails of t with 3 degrees of freedom, under -0.82 and -4.6.

    Raises
    ------
    InputError
        Numbers that are not finite, no periods, or an Expected Shortfall that is not positive.

    Notes
    -----
    Source: Acerbi, Szekely (2014), Backtesting Expected Shortfall, test 2. O(T).
    """
    profit, at_risk, shortfall = _checked(pnl, value_at_risk, expected_shortfall, confidence)
    beyond = profit + at_risk < 0.0
    expected = len(profit) * (1.0 - confidence)
    statistic = float(np.sum(profit[beyond] / shortfall[beyond])) / expected + 1.0
    slack = float(np.mean(1.0 - at_risk / shortfall))
    if slack <= 0.0:
        return ShortfallTest(statistic, None, "Expected Shortfall is no more than Value-at-Risk")
    return ShortfallTest(statistic, _so_low(statistic, len(profit), confidence, slack))


def _so_low(statistic: float, periods: int, confidence: float, slack: float) -> float:
    from scipy.special import bdtr  # noqa: PLC0415 - slow to import, and only this needs it

    losses = periods * (1.0 - confidence) * (1.0 - statistic)
    if losses <= 0.0:
        return 1.0
    counts = np.arange(1, periods + 1)
    mass = np.diff(bdtr(np.arange(periods + 1), periods, 1.0 - confidence))
    levels = (losses - (1.0 - slack) * counts) / slack
    return min(float(mass @ _gamma_beyond(counts, levels)), 1.0)


def _gamma_beyond(shape: ArrayLike, level: ArrayLike) -> Vector:
    from scipy.special import gammaincc  # noqa: PLC0415 - as above

    return np.asarray(gammaincc(shape, np.maximum(level, 0.0)), dtype=np.float64)


def _checked(
    pnl: ArrayLike, value_at_risk: ArrayLike, expected_shortfall: ArrayLike, confidence: float
) -> tuple[Vector, Vector, Vector]:
    check_confidence(confidence)
    profit = numbers(pnl, "P&L")
    at_risk, shortfall = _each(value_at_risk, "Value-at-Risk", profit), _each(expected_shortfall, "ES", profit)
    finite = np.isfinite(profit).all() and np.isfinite(at_risk).all() and np.isfinite(shortfall).all()
    if profit.ndim != 1 or not len(profit) or not finite or not (shortfall > 0.0).all():
        raise InputError("need at least one period, finite numbers, and an Expected Shortfall above 0 in each")
    return profit, at_risk, shortfall


def _each(forecasts: ArrayLike, what: str, profit: Vector) -> Vector:
    given = numbers(forecasts, what)
    if given.shape not in {(), profit.shape}:
        raise InputError(f"{what} is one number or one for each P&L: got shapes {given.shape} and {profit.shape}")
    return np.broadcast_to(given, profit.shape)
