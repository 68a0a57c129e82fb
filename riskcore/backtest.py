r"""Was the risk right? Likelihood-ratio tests, the Basel traffic light, and Z2 of Expected Shortfall.

An *exception* is a period whose loss exceeds the Value-at-Risk forecast for it; a forecast or P&L that is
missing counts as one (BCBS MAR32). Logarithms of probability 0 count nothing when nothing happened (0 log 0
= 0), so that no exceptions, or no two in a row, are answers with a ``reason`` and not errors.
"""

from dataclasses import dataclass
from math import erfc, sqrt
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from riskcore.errors import InputError
from riskcore.quantile import check_confidence


@dataclass(frozen=True, slots=True)
class LikelihoodRatio:
    """A likelihood-ratio statistic, asymptotically χ²(1), and its p-value; None with a reason."""

    statistic: float | None
    p_value: float | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class TrafficLight:
    """Basel zone and the probability of so many exceptions or fewer."""

    zone: Literal["green", "yellow", "red"]
    cumulative_probability: float


@dataclass(frozen=True, slots=True)
class ShortfallTest:
    """A statistic of Expected Shortfall: 0 expected of right forecasts, negative when risk is understated."""

    statistic: float


def exceptions(pnl: ArrayLike, value_at_risk: ArrayLike) -> NDArray[np.bool_]:
    """Which periods are exceptions, shape (T,): loss above the forecast, or either of them missing (NaN)."""
    return ~(np.asarray(pnl, dtype=np.float64) + np.asarray(value_at_risk, dtype=np.float64) >= 0.0)


def kupiec_pof(n_observations: int, n_exceptions: int, probability: float) -> LikelihoodRatio:
    r"""Proportion of failures: are there as many exceptions as promised?

    .. math:: LR = -2 \log \frac{(1-p)^{n-x} p^x}{(1-\hat p)^{n-x} \hat p^x}, \qquad \hat p = x/n

    Parameters
    ----------
    n_observations, n_exceptions
        n and x, ``0 <= x <= n``.
    probability
        p, that of an exception: 1 - confidence.

    Notes
    -----
    Source: Kupiec (1995). O(1).

    Examples
    --------
    >>> round(kupiec_pof(1043, 57, 0.05).statistic, 5)
    0.46147
    """
    _check(probability, n_exceptions, n_observations - n_exceptions)
    if n_observations == 0:
        return LikelihoodRatio(None, None, "no observations")
    misses, rate = n_observations - n_exceptions, n_exceptions / n_observations
    observed = _log_likelihood(n_exceptions, misses, rate)
    reason = "no exceptions" if n_exceptions == 0 else None
    return _ratio(_log_likelihood(n_exceptions, misses, probability), observed, reason)


def christoffersen_independence(n00: int, n01: int, n10: int, n11: int) -> LikelihoodRatio:
    r"""Do exceptions cluster? The chance of one after one, against the chance after a quiet period.

    .. math:: LR = -2 \log \frac{(1-\pi)^{n_{00}+n_{10}} \pi^{n_{01}+n_{11}}}
              {(1-\pi_0)^{n_{00}} \pi_0^{n_{01}} (1-\pi_1)^{n_{10}} \pi_1^{n_{11}}}

    Parameters
    ----------
    n00, n01, n10, n11
        Periods by (exception in the period before, exception in this one).

    Notes
    -----
    Source: Christoffersen (1998). O(1).

    Examples
    --------
    >>> round(christoffersen_independence(932, 53, 53, 4).statistic, 5)
    0.25866
    """
    _check(0.5, n00, n01, n10, n11)
    quiet, after = n00 + n01, n10 + n11
    if quiet + after == 0:
        return LikelihoodRatio(None, None, "no pairs of periods")
    hits, misses = n01 + n11, n00 + n10
    together = _log_likelihood(hits, misses, hits / (hits + misses))
    apart = _log_likelihood(n01, n00, n01 / max(quiet, 1)) + _log_likelihood(n11, n10, n11 / max(after, 1))
    reason = "no exceptions" if hits + n10 == 0 else "no two exceptions in a row" if n11 == 0 else None
    return _ratio(together, apart, reason)


def time_to_first_failure(day: int | None, probability: float) -> LikelihoodRatio:
    r"""Did the first exception come when it should?

    .. math:: LR = -2 \log \frac{p (1-p)^{d-1}}{\frac1d (1 - \frac1d)^{d-1}}

    Parameters
    ----------
    day
        d, of the first exception, counted from 1; None when there was none.
    probability
        p, that of an exception: 1 - confidence.

    Notes
    -----
    Source: Kupiec (1995). O(1).

    Examples
    --------
    >>> round(time_to_first_failure(58, 0.05).statistic, 4)
    1.7354
    """
    if day is None:
        return LikelihoodRatio(None, None, "no exceptions")
    if day < 1:
        raise InputError(f"the day of the first exception counts from 1, not {day}")
    _check(probability)
    return _ratio(_log_likelihood(1, day - 1, probability), _log_likelihood(1, day - 1, 1.0 / day), None)


def traffic_light(n_observations: int, n_exceptions: int, probability: float) -> TrafficLight:
    r"""Basel's zones: :math:`P(X \le x)` of a binomial law; yellow from 95 %, red from 99.99 %.

    Parameters
    ----------
    n_observations, n_exceptions
        n and x, ``0 <= x <= n``.
    probability
        p, that of an exception: 1 - confidence.

    Notes
    -----
    Source: BCBS (1996), Supervisory framework for the use of backtesting. O(1).

    Examples
    --------
    >>> traffic_light(250, 5, 0.01).zone
    'yellow'
    """
    from scipy.special import bdtr  # noqa: PLC0415 - slow to import, and only this needs it

    _check(probability, n_exceptions, n_observations - n_exceptions)
    cumulative = float(bdtr(n_exceptions, n_observations, probability))
    if cumulative < 0.95:
        return TrafficLight("green", cumulative)
    return TrafficLight("yellow" if cumulative < 0.9999 else "red", cumulative)


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
        At 97.5 % over 250 days, under -0.70 rejects at 5 % and under -1.8 at 0.01 %, nearly whatever the
        tails.

    Raises
    ------
    InputError
        Numbers that are not finite, no periods, or an Expected Shortfall that is not positive.

    Notes
    -----
    Source: Acerbi, Szekely (2014), Backtesting Expected Shortfall, test 2. O(T).
    """
    check_confidence(confidence)
    profit = np.asarray(pnl, dtype=np.float64)
    at_risk = np.broadcast_to(np.asarray(value_at_risk, dtype=np.float64), profit.shape)
    shortfall = np.broadcast_to(np.asarray(expected_shortfall, dtype=np.float64), profit.shape)
    finite = np.isfinite(profit).all() and np.isfinite(at_risk).all() and np.isfinite(shortfall).all()
    if profit.ndim != 1 or not len(profit) or not finite or not (shortfall > 0.0).all():
        raise InputError("need at least one period, finite numbers, and an Expected Shortfall above 0 in each")
    beyond = profit + at_risk < 0.0
    total = float(np.sum(profit[beyond] / shortfall[beyond]))
    return ShortfallTest(total / (len(profit) * (1.0 - confidence)) + 1.0)


def _check(probability: float, *counts: int) -> None:
    if not 0.0 < probability < 1.0:
        raise InputError(f"the probability of an exception lies strictly between 0 and 1, not {probability}")
    if any(count < 0 for count in counts):
        raise InputError(f"counts are not negative, and exceptions not more than observations: got {counts}")


def _log_likelihood(hits: int, misses: int, probability: float) -> float:
    heads = hits * np.log(probability) if hits else 0.0
    tails = misses * np.log1p(-probability) if misses else 0.0
    return float(heads + tails)


def _ratio(restricted: float, free: float, reason: str | None) -> LikelihoodRatio:
    statistic = max(-2.0 * (restricted - free), 0.0)
    return LikelihoodRatio(statistic, erfc(sqrt(statistic / 2.0)), reason)
