r"""How many exceptions, and how clustered: likelihood-ratio tests of the coverage of Value-at-Risk.

Logarithms of probability 0 count nothing when nothing happened (0 log 0 = 0), so that no exceptions, or no
two in a row, are answers with a ``reason`` and not errors.
"""

from dataclasses import dataclass
from math import erfc, exp, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

from riskcore.checks import number, numbers, whole
from riskcore.errors import InputError


@dataclass(frozen=True, slots=True)
class LikelihoodRatio:
    """A likelihood-ratio statistic, asymptotically χ², and its p-value; None with a reason."""

    statistic: float | None
    p_value: float | None
    reason: str | None = None


def exceptions(pnl: ArrayLike, value_at_risk: ArrayLike) -> NDArray[np.bool_]:
    """Which periods are exceptions, shape (T,): loss above the forecast, or either of them missing (NaN)."""
    profit, at_risk = numbers(pnl, "P&L"), numbers(value_at_risk, "Value-at-Risk")
    if at_risk.shape not in {(), profit.shape}:
        raise InputError(
            f"Value-at-Risk is one number or one for each P&L: got shapes {at_risk.shape} and {profit.shape}"
        )
    return ~(profit + at_risk >= 0.0)


def transitions(happened: ArrayLike) -> tuple[int, int, int, int]:
    """Periods by (exception in the period before, exception in this one): n00, n01, n10, n11. O(T)."""
    series = np.asarray(happened, dtype=np.bool_)
    before, now = series[:-1], series[1:]
    n11, n01 = int(np.sum(before & now)), int(np.sum(~before & now))
    n10 = int(np.sum(before)) - n11
    return max(len(series) - 1, 0) - n01 - n10 - n11, n01, n10, n11


def first_exception(happened: ArrayLike) -> int | None:
    """The period of the first exception, counted from 1; None when there was none."""
    where = np.flatnonzero(np.asarray(happened, dtype=np.bool_))
    return int(where[0]) + 1 if len(where) else None


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
    _check(probability, n_observations, n_exceptions)
    if n_exceptions > n_observations:
        raise InputError(f"there are no more exceptions than observations: not {n_exceptions} of {n_observations}")
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


def christoffersen_conditional_coverage(happened: ArrayLike, probability: float) -> LikelihoodRatio:
    r"""Are there as many exceptions as promised, and independent? Both at once.

    .. math:: LR_{cc} = LR_{pof} + LR_{ind} \sim \chi^2(2)

    Parameters
    ----------
    happened
        Which periods were exceptions, shape (T,), in order.
    probability
        p, that of an exception: 1 - confidence.

    Notes
    -----
    The first part counts all periods, the second all pairs of successive ones, as MATLAB's
    ``varbacktest.cc`` does. Source: Christoffersen (1998). O(T).

    Examples
    --------
    >>> round(christoffersen_conditional_coverage([True, True] + [False] * 38, 0.05).p_value, 3)
    0.038
    """
    series = np.asarray(happened, dtype=np.bool_)
    frequency = kupiec_pof(len(series), int(series.sum()), probability)
    clustering = christoffersen_independence(*transitions(series))
    if frequency.statistic is None or clustering.statistic is None:
        return LikelihoodRatio(None, None, frequency.reason or clustering.reason)
    both = frequency.statistic + clustering.statistic
    return LikelihoodRatio(both, exp(-both / 2.0), frequency.reason or clustering.reason)


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


def _check(probability: float, *counts: int) -> None:
    if not 0.0 < number(probability, "a probability") < 1.0:
        raise InputError(f"the probability of an exception lies strictly between 0 and 1, not {probability}")
    for count in counts:
        whole(count, "a count of periods or exceptions")


def _log_likelihood(hits: int, misses: int, probability: float) -> float:
    heads = hits * np.log(probability) if hits else 0.0
    tails = misses * np.log1p(-probability) if misses else 0.0
    return float(heads + tails)


def _ratio(restricted: float, free: float, reason: str | None) -> LikelihoodRatio:
    statistic = max(0.0, 2.0 * (free - restricted))
    return LikelihoodRatio(statistic, erfc(sqrt(statistic / 2.0)), reason)
