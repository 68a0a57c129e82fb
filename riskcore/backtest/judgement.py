"""Everything the backtests say of one series of forecasts, with a verdict in plain words."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from riskcore.backtest.basel import TrafficLight, green_share, most_in_window, traffic_light
from riskcore.backtest.coverage import (
    LikelihoodRatio,
    christoffersen_conditional_coverage,
    christoffersen_independence,
    exceptions,
    first_exception,
    kupiec_pof,
    time_to_first_failure,
    transitions,
)
from riskcore.backtest.shortfall import ShortfallTest, acerbi_szekely_z1, acerbi_szekely_z2
from riskcore.checks import numbers
from riskcore.errors import InputError
from riskcore.quantile import check_confidence

SIGNIFICANCE = 0.05
"""A p-value below this speaks against the forecasts."""

Finding = Literal["too many", "too few", "clustered", "too deep", "no data"]


@dataclass(frozen=True, slots=True)
class Judgement:
    """The outcome of a backtest at one confidence."""

    confidence: float
    days: int
    exceptions: int
    expected: float
    missing: int
    """Days without forecast or P&L, counted as exceptions."""
    kupiec: LikelihoodRatio
    independence: LikelihoodRatio
    conditional_coverage: LikelihoodRatio
    first_failure: LikelihoodRatio
    light: TrafficLight
    """Over all days."""
    green_share: float | None
    """Of the windows of 250 days; None when there is none."""
    most_in_year: int | None
    """The most exceptions in any 250 days."""
    z1: ShortfallTest
    z2: ShortfallTest
    findings: tuple[Finding, ...]
    """What speaks against the forecasts at the 5 % level; empty when nothing does."""
    verdict: str


def judge(
    pnl: ArrayLike,
    value_at_risk: ArrayLike,
    expected_shortfall: ArrayLike,
    confidence: float,
    period: str = "day",
) -> Judgement:
    """Put a series of forecasts and what happened through every test.

    Parameters
    ----------
    pnl
        Realised, shape (T,), gains positive; NaN = missing. T may be 0.
    value_at_risk, expected_shortfall
        Forecasts, shape (T,), losses positive; NaN = missing.
    confidence
        Of both, strictly between 0 and 1.
    period
        What the verdict calls a period: ``day``, ``bar``.

    Returns
    -------
    Judgement
        A day that lacks something counts as an exception; Z1 and Z2 leave it out. O(T).

    Examples
    --------
    >>> judge([1.0, -3.0], [2.0, 2.0], [2.5, 2.5], 0.95).exceptions
    1
    """
    check_confidence(confidence)
    profit, at_risk, shortfall = (
        numbers(each, "P&L and forecasts") for each in (pnl, value_at_risk, expected_shortfall)
    )
    if profit.ndim != 1 or not profit.shape == at_risk.shape == shortfall.shape:
        raise InputError(
            f"P&L, VaR and ES are one number for each period: got {profit.shape}, {at_risk.shape}, {shortfall.shape}"
        )
    probability = 1.0 - confidence
    happened = exceptions(profit, at_risk)
    whole = ~(np.isnan(profit) | np.isnan(at_risk) | np.isnan(shortfall))
    days, count = len(happened), int(happened.sum())
    kupiec = kupiec_pof(days, count, probability)
    independence = christoffersen_independence(*transitions(happened))
    z1, z2 = _shortfall(profit[whole], at_risk[whole], shortfall[whole], confidence)
    missing, expected = int(np.sum(~whole)), days * probability
    findings = _findings(kupiec, independence, z1, count, expected)
    return Judgement(
        confidence=confidence,
        days=days,
        exceptions=count,
        expected=expected,
        missing=missing,
        kupiec=kupiec,
        independence=independence,
        conditional_coverage=christoffersen_conditional_coverage(happened, probability),
        first_failure=time_to_first_failure(first_exception(happened), probability),
        light=traffic_light(days, count, probability),
        green_share=green_share(happened, probability),
        most_in_year=most_in_window(happened),
        z1=z1,
        z2=z2,
        findings=findings,
        verdict=_words(findings, happened, expected, missing, z1, f"{period}s"),
    )


def _shortfall(
    pnl: NDArray[np.float64], at_risk: NDArray[np.float64], shortfall: NDArray[np.float64], confidence: float
) -> tuple[ShortfallTest, ShortfallTest]:
    if not len(pnl):
        return ShortfallTest(None, None, "no observations"), ShortfallTest(None, None, "no observations")
    if not (shortfall > 0.0).all():
        none = ShortfallTest(None, None, "Expected Shortfall was not above 0 on every day")
        return none, none
    return (
        acerbi_szekely_z1(pnl, at_risk, shortfall, confidence),
        acerbi_szekely_z2(pnl, at_risk, shortfall, confidence),
    )


def _findings(
    kupiec: LikelihoodRatio, independence: LikelihoodRatio, z1: ShortfallTest, count: int, expected: float
) -> tuple[Finding, ...]:
    found: list[Finding] = []
    if _rejects(kupiec.p_value):
        found.append("too many" if count > expected else "too few")
    elif expected < 1.0:
        return ("no data",)
    if _rejects(independence.p_value) and independence.reason is None:
        found.append("clustered")
    if _rejects(z1.p_value):
        found.append("too deep")
    return tuple(found)


def _rejects(p_value: float | None) -> bool:
    return p_value is not None and p_value < SIGNIFICANCE


def _words(
    findings: tuple[Finding, ...],
    happened: NDArray[np.bool_],
    expected: float,
    missing: int,
    z1: ShortfallTest,
    periods: str,
) -> str:
    count = int(happened.sum())
    said = [_sentence(finding, happened, count, expected, z1, periods) for finding in findings]
    lacking = [f"{missing} of the exceptions are {periods} without forecast or P&L"] if missing else []
    return "; ".join([*(said or ["nothing speaks against it"]), *lacking])


def _sentence(
    finding: Finding, happened: NDArray[np.bool_], count: int, expected: float, z1: ShortfallTest, periods: str
) -> str:
    match finding:
        case "too many":
            return f"risk is understated: {count / expected:.1f} times the exceptions promised"
        case "too few":
            return f"risk is overstated: {count / expected:.1f} times the exceptions promised"
        case "clustered":
            n00, n01, n10, n11 = transitions(happened)
            after, quiet = n11 / max(n10 + n11, 1), n01 / max(n00 + n01, 1)
            slow = "exceptions cluster" if after > quiet else "exceptions avoid each other"
            return f"{slow}: {after:.1%} of the {periods} after one, {quiet:.1%} of the others"
        case "too deep":
            return f"losses beyond VaR are {-(z1.statistic or 0.0):.0%} deeper than ES says"
        case "no data":
            return f"too few {periods} to tell: {len(happened)}, with {expected:.1f} exceptions expected"
