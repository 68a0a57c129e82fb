"""The supervisor's view: the traffic light of 250 days, and how often it would have been green."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from riskcore.checks import number, whole
from riskcore.errors import InputError

Zone = Literal["green", "yellow", "red"]
YEAR = 250
"""Trading days that the Basel committee looks back."""


@dataclass(frozen=True, slots=True)
class TrafficLight:
    """Basel zone and the probability of so many exceptions or fewer."""

    zone: Zone
    cumulative_probability: float
    reason: str | None = None


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

    n_observations, n_exceptions = whole(n_observations, "observations"), whole(n_exceptions, "exceptions")
    if not 0.0 < number(probability, "a probability") < 1.0 or n_exceptions > n_observations:
        raise InputError(f"{n_exceptions} exceptions in {n_observations} at probability {probability} cannot be")
    if n_observations == 0:
        return TrafficLight("green", 1.0, "no observations")
    cumulative = float(bdtr(n_exceptions, n_observations, probability))
    if cumulative < 0.95:
        return TrafficLight("green", cumulative)
    return TrafficLight("yellow" if cumulative < 0.9999 else "red", cumulative)


def most_in_window(happened: ArrayLike, days: int = YEAR) -> int | None:
    """The most exceptions in any ``days`` successive periods; None when there are fewer periods. O(T)."""
    counts = _in_windows(happened, days)
    return int(counts.max()) if len(counts) else None


def green_share(happened: ArrayLike, probability: float, days: int = YEAR) -> float | None:
    """Share of all windows of ``days`` successive periods that are green; None when there is none. O(T).

    Of a right model at 99 % it is 0.8922 on average over 250 days: one window in ten is yellow by chance.
    """
    counts = _in_windows(happened, days)
    if not len(counts):
        return None
    green = [traffic_light(days, count, probability).zone == "green" for count in range(int(counts.max()) + 1)]
    return float(np.mean(np.array(green)[counts]))


def desk_within_limits(n_exceptions_99: int, n_exceptions_975: int) -> bool:
    """Whether a desk may go on using its model: at most 12 exceptions at 99 % and 30 at 97.5 % in 12 months.

    Source: BCBS, MAR32.18.

    Examples
    --------
    >>> desk_within_limits(12, 30), desk_within_limits(13, 0), desk_within_limits(0, 31)
    (True, False, False)
    """
    return n_exceptions_99 <= 12 and n_exceptions_975 <= 30


def _in_windows(happened: ArrayLike, days: int) -> NDArray[np.int64]:
    sums = np.concatenate(([0], np.cumsum(np.asarray(happened, dtype=np.int64))))
    return sums[days:] - sums[:-days] if len(sums) > days else sums[:0]
