r"""The one order-statistic rule of the house: Value-at-Risk and Expected Shortfall of a set of scenarios.

With losses :math:`L = -\text{pnl}` and scenario weights :math:`\pi` that sum to 1,

.. math:: \mathrm{VaR}_\alpha = \inf\{x : P(L \le x) \ge \alpha\}, \qquad
          \mathrm{ES}_\alpha = \mathrm{VaR}_\alpha + \frac{1}{1-\alpha} \sum_j \pi_j (L_j -
          \mathrm{VaR}_\alpha)^+

the second being the coherent form (Acerbi, Tasche 2002; Rockafellar, Uryasev 2002), right also when losses
tie, and never below the first. Cumulated weights are compared with a tolerance of 1e-12, so that ``0.99 *
100`` is 99 whatever a floating-point product says.
"""

from collections.abc import Sequence
from functools import lru_cache
from math import ceil, isfinite, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from riskcore.checks import number, numbers
from riskcore.errors import InputError
from riskcore.standard_errors import TailErrors, tail_errors

TOLERANCE = 1e-12
"""On cumulated weight."""
_SAMPLED = 32
_FEWEST_SAMPLED = 64
_KEPT = 0.15
"""Of a sample, at the least: so that more than a tenth of all lie below the bound."""


class TailRisk(NamedTuple):
    """Value-at-Risk and Expected Shortfall at one confidence; standard errors if asked for and enough lies beyond."""

    confidence: float
    value_at_risk: float
    expected_shortfall: float
    value_at_risk_stderr: float | None
    expected_shortfall_stderr: float | None


def value_at_risk(pnl: ArrayLike, confidence: float, weights: ArrayLike | None = None) -> float:
    r"""Value-at-Risk of P&L scenarios: the smallest loss x with :math:`P(L \le x) \ge` ``confidence``.

    Parameters
    ----------
    pnl
        Scenarios, shape (n,), gains positive, in any currency. Not changed.
    confidence
        Strictly between 0 and 1, as 0.99.
    weights
        Of the scenarios, shape (n,), not negative; scaled to sum 1. Equal by default.

    Returns
    -------
    float
        The loss, positive when money is lost. For equal weights the ``ceil(confidence * n)``-th smallest
        loss.

    Raises
    ------
    InputError
        No scenarios, one that is not finite, a confidence or weights out of range.

    Notes
    -----
    O(n) selection for equal weights, one copy; O(n log n) with weights.

    Examples
    --------
    >>> value_at_risk([-3.0, -1.0, 0.0, 2.0], 0.75)
    1.0
    """
    scenarios = _scenarios(pnl, confidence)
    if weights is None:
        rank = tail_rank(len(scenarios), confidence)
        return 0.0 - _partitioned(scenarios, rank).item(rank)
    return 0.0 - _weighted(scenarios, confidence, _checked(weights, scenarios.shape))[0]


def expected_shortfall(pnl: ArrayLike, confidence: float, weights: ArrayLike | None = None) -> float:
    """Expected Shortfall of P&L scenarios: the mean over the worst ``1 - confidence`` of probability.

    Parameters, errors and cost are those of :func:`value_at_risk`.

    Examples
    --------
    >>> expected_shortfall([-3.0, -1.0, 0.0, 2.0], 0.5)
    2.0
    """
    scenarios = _scenarios(pnl, confidence)
    if weights is None:
        rank = tail_rank(len(scenarios), confidence)
        parted = _partitioned(scenarios, rank)
        at_risk = parted.item(rank)
        excess = float(np.add.reduce(at_risk - parted[:rank])) / len(scenarios)
    else:
        at_risk, excess = _weighted(scenarios, confidence, _checked(weights, scenarios.shape))
    return excess / (1.0 - confidence) - at_risk


def tail_rank(n: int, confidence: float) -> int:
    """How many of n equally weighted scenarios lie beyond Value-at-Risk: its rank from the worst, 0-based."""
    return n - min(max(ceil(n * (confidence - TOLERANCE)), 1), n)


def tail_risks(pnl: NDArray[np.float64], confidences: Sequence[float], *, errors: bool = False) -> tuple[TailRisk, ...]:
    """Several confidences from one selection, for equally weighted scenarios known to be finite.

    Parameters
    ----------
    pnl
        Shape (n,), gains positive.
    confidences
        Each strictly between 0 and 1.
    errors
        Whether to give standard errors, which hold for independent scenarios: :mod:`riskcore.standard_errors`.

    Notes
    -----
    O(n): one selection at the lowest confidence, then a sort of the tail alone.
    """
    n = len(pnl)
    depth, ranks = _ranks(n, tuple(confidences), errors=errors)
    worst = _sorted_tail(pnl, depth)
    return tuple([_tail_risk(worst, n, each) for each in ranks])


def weighted_tail_risks(
    pnl: NDArray[np.float64], weights: NDArray[np.float64], confidences: Sequence[float]
) -> tuple[TailRisk, ...]:
    """Several confidences from one selection, for scenarios that have weights; without standard errors.

    ``weights`` (n,) sum to 1, none is negative; ``pnl`` (n,) is finite. O(n) while the tail's scenarios are not very
    much lighter than the others: a selection of the tail alone, doubled until it is heavy enough, and a sort of it.
    """
    n, heaviest = len(pnl), 1.0 - min(confidences) + TOLERANCE
    depth = min(ceil(2 * n * heaviest), n)
    while True:
        worst = np.argpartition(pnl, depth - 1)[:depth]
        if depth == n or float(np.sum(weights[worst])) > heaviest:
            break
        depth = min(2 * depth, n)
    order = worst[np.argsort(pnl[worst], kind="stable")]
    losses, mass = pnl[order], weights[order]
    worse = np.concatenate(([0.0], np.cumsum(mass[:-1])))
    figures = (_in_order(losses, mass, worse, confidence) for confidence in confidences)
    return tuple(
        TailRisk(c, 0.0 - at_risk, excess / (1.0 - c) - at_risk, None, None)
        for c, (at_risk, excess) in zip(confidences, figures, strict=True)
    )


def _sorted_tail(pnl: NDArray[np.float64], depth: int) -> NDArray[np.float64]:
    # A sample tells of a bound that lies above the tail, as in Floyd, Rivest (1975): a third less than a partition of
    # all, and as exact, because a bound that is too low leaves too few.
    tail, rank = pnl[:0], _sample_rank(len(pnl), depth)
    if rank is not None:
        sample = pnl[::_SAMPLED].copy()
        sample.partition(rank)
        tail = pnl.take((pnl <= sample.item(rank)).nonzero()[0])
    if len(tail) <= depth:
        tail = pnl.copy()
    tail.partition(depth)
    tail = tail[: depth + 1]
    tail.sort()
    return tail


@lru_cache(maxsize=256)
def _sample_rank(n: int, depth: int) -> int | None:
    # NumPy looks for marks one by one where fewer than a tenth are set, which takes twice as long as without a branch.
    size, expected = ceil(n / _SAMPLED), depth / _SAMPLED
    rank = ceil(max(expected + 3.0 * sqrt(expected), _KEPT * size)) + 1
    return rank if size > max(rank, _FEWEST_SAMPLED) else None


class _Rank(NamedTuple):
    confidence: float
    rank: int
    errors: TailErrors | None


@lru_cache(maxsize=256)
def _ranks(n: int, confidences: tuple[float, ...], *, errors: bool) -> tuple[int, tuple[_Rank, ...]]:
    ranks = [tail_rank(n, confidence) for confidence in confidences]
    read = [tail_errors(n, *pair) if errors else None for pair in zip(confidences, ranks, strict=True)]
    depth = max(*ranks, *(one.depth for one in read if one is not None), 0)
    return depth, tuple(_Rank(*each) for each in zip(confidences, ranks, read, strict=True))


def _tail_risk(worst: NDArray[np.float64], n: int, each: _Rank) -> TailRisk:
    confidence, rank, errors = each
    at_risk = worst.item(rank)
    beyond = at_risk - worst[:rank]
    total = float(np.add.reduce(beyond))
    excess = total / n / (1.0 - confidence)
    read = (None, None) if errors is None else errors.read(worst, excess, beyond, total)
    return TailRisk(confidence, 0.0 - at_risk, excess - at_risk, *read)


def _scenarios(pnl: ArrayLike, confidence: float) -> NDArray[np.float64]:
    scenarios = numbers(pnl, "scenarios")
    if scenarios.ndim != 1 or not len(scenarios) or not _all_finite(scenarios):
        raise InputError("scenarios must be a vector of finite numbers, at least one: leave out or mend the others")
    check_confidence(confidence)
    return scenarios


def _all_finite(scenarios: NDArray[np.float64]) -> bool:
    # A finite sum has finite terms, and takes a third of the time; a sum may overflow without one.
    with np.errstate(over="ignore", invalid="ignore"):
        total = np.add.reduce(scenarios)
    return isfinite(total) or bool(np.isfinite(scenarios).all())


def _partitioned(scenarios: NDArray[np.float64], rank: int) -> NDArray[np.float64]:
    parted = scenarios.copy()
    parted.partition(rank)
    return parted


def _weighted(pnl: NDArray[np.float64], confidence: float, weights: NDArray[np.float64]) -> tuple[float, float]:
    order = np.argsort(pnl, kind="stable")
    worst, mass = pnl[order], weights[order]
    worse = np.concatenate(([0.0], np.cumsum(mass[:-1])))
    return _in_order(worst, mass, worse, confidence)


def _in_order(
    worst: NDArray[np.float64], mass: NDArray[np.float64], worse: NDArray[np.float64], confidence: float
) -> tuple[float, float]:
    rank = int(np.searchsorted(worse, 1.0 - confidence + TOLERANCE, side="right")) - 1
    return float(worst[rank]), float(mass[:rank] @ (worst[rank] - worst[:rank]))


def check_confidence(confidence: float) -> None:
    """Raise ``InputError`` unless strictly between 0 and 1."""
    if not 0.0 < number(confidence, "a confidence") < 1.0:
        raise InputError(f"a confidence lies strictly between 0 and 1, as 0.99; not {confidence}")


def _checked(weights: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.float64]:
    given = numbers(weights, "weights")
    total = float(np.sum(given)) if given.shape == shape else 0.0
    if not (0.0 < total < np.inf) or (given < 0.0).any():
        raise InputError(f"weights must be {shape[0]} numbers, none negative, with a positive sum")
    return given / total
