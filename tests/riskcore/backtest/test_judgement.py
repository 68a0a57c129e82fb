"""All tests of one series, the supervisor's windows, and the words."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from riskcore import backtest, parametric_risk

NAN = float("nan")


def _series(n00: int, n01: int, n10: int, n11: int) -> list[bool]:
    # Starts quiet; each pair is used up: runs of exceptions of length 2 first, then single ones.
    series = [False, *([False] * n00)]
    for single in range(n01):
        series += [True] * (1 + (n11 if single == 0 else 0))
        if single < n10:
            series.append(False)
    return series


def test_transitions_are_counted_pair_by_pair() -> None:
    happened = np.random.default_rng(3).random(500) < 0.3
    pairs = list(pairwise(happened.tolist()))
    counted = tuple(pairs.count((a, b)) for a in (False, True) for b in (False, True))
    assert backtest.transitions(happened) == counted
    assert backtest.transitions([]) == (0, 0, 0, 0)
    assert backtest.transitions([True]) == (0, 0, 0, 0)


def test_conditional_coverage_of_matlab_varbacktest() -> None:
    # varbacktest.cc: 1043 days, 57 failures, N00 932, N01 53, N10 53, N11 4: LR 0.72013, p 0.69763.
    happened = _series(932, 53, 53, 4)
    assert (len(happened), sum(happened), backtest.transitions(happened)) == (1043, 57, (932, 53, 53, 4))
    result = backtest.christoffersen_conditional_coverage(happened, 0.05)
    assert (result.statistic, result.p_value) == pytest.approx((0.72013, 0.69763), abs=5e-6)
    assert result.p_value == pytest.approx(stats.chi2.sf(result.statistic, 2), rel=1e-12)


def test_conditional_coverage_without_exceptions_or_days_is_an_answer() -> None:
    assert backtest.christoffersen_conditional_coverage([False] * 9, 0.05).reason == "no exceptions"
    assert backtest.christoffersen_conditional_coverage([], 0.05).statistic is None
    assert backtest.christoffersen_conditional_coverage([True], 0.05).reason == "no pairs of periods"


def test_first_exception_counts_from_one() -> None:
    assert backtest.first_exception([False, False, True, True]) == 3
    assert backtest.first_exception([False]) is None


def test_exceptions_of_a_known_law_lie_inside_the_99_percent_binomial_band() -> None:
    # M10: 100,000 draws; the band from SciPy's exact binomial law.
    pnl = np.random.default_rng(10).standard_t(4, 100_000) / 2**0.5
    for confidence in (0.95, 0.975, 0.99):
        at_risk, _ = parametric_risk(1.0, confidence, "t", 4)
        low, high = stats.binom.interval(0.99, 100_000, 1 - confidence)
        assert low <= backtest.exceptions(pnl, at_risk).sum() <= high


def test_green_share_of_rolling_windows_is_the_binomial_probability() -> None:
    # M10: P(X <= 4) = 0.8922. Windows overlap: 1,000,000 days hold 4,000 of them that do not.
    happened = np.random.default_rng(11).random(1_000_000) < 0.01
    assert backtest.green_share(happened, 0.01) == pytest.approx(0.8922, abs=0.01)


def test_windows_are_counted_as_by_slicing() -> None:
    happened = np.random.default_rng(12).random(300) < 0.03
    sums = [int(happened[i : i + 250].sum()) for i in range(51)]
    assert backtest.most_in_window(happened) == max(sums)
    assert backtest.green_share(happened, 0.01) == pytest.approx(np.mean([x <= 4 for x in sums]), rel=1e-12)
    assert backtest.most_in_window(happened[:249]) is None
    assert backtest.green_share(happened[:249], 0.01) is None
    assert backtest.most_in_window(happened[:250]) == sum(happened[:250])


@pytest.mark.parametrize(
    ("at_99", "at_975", "within"), [(12, 30, True), (13, 30, False), (12, 31, False), (0, 0, True)]
)
def test_a_desk_goes_on_up_to_12_and_30_exceptions_a_year(at_99: int, at_975: int, within: bool) -> None:
    # M10, MAR32.18: more than 12 at 99 %, or more than 30 at 97.5 %, in the last 12 months.
    assert backtest.desk_within_limits(at_99, at_975) is within


@given(
    happened=st.lists(st.booleans(), max_size=60),
    probability=st.sampled_from([0.01, 0.025, 0.05, 0.5]),
)
def test_every_series_of_exceptions_has_an_answer(happened: list[bool], probability: float) -> None:
    pnl = np.where(happened, -2.0, 1.0)
    found = backtest.judge(pnl, np.ones(len(happened)), np.full(len(happened), 1.2), 1.0 - probability)
    assert (found.days, found.exceptions) == (len(happened), sum(happened))
    for test in (found.kupiec, found.independence, found.conditional_coverage, found.first_failure, found.z1, found.z2):
        assert test.p_value is None or 0.0 <= test.p_value <= 1.0
        assert test.p_value is not None or test.reason
    assert sum(backtest.transitions(happened)) == max(len(happened) - 1, 0)
    assert found.verdict


@given(scale=st.floats(1e-6, 1e6), seed=st.integers(0, 99))
def test_a_book_of_another_size_or_currency_is_judged_the_same(scale: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    pnl, at_risk = rng.standard_t(4, 300), rng.uniform(1.0, 3.0, 300)
    one, other = (backtest.judge(pnl * s, at_risk * s, at_risk * 1.2 * s, 0.975) for s in (1.0, scale))
    assert one.findings == other.findings
    assert one.exceptions == other.exceptions
    assert one.z2.statistic == pytest.approx(other.z2.statistic, rel=1e-9)
    assert one.z2.p_value == pytest.approx(other.z2.p_value, rel=1e-6, abs=1e-12)


def test_a_right_model_is_told_so() -> None:
    pnl = np.random.default_rng(13).standard_normal(2_000)
    at_risk, shortfall = parametric_risk(1.0, 0.975)
    found = backtest.judge(pnl, np.full(2_000, at_risk), np.full(2_000, shortfall), 0.975)
    assert found.findings == ()
    assert found.verdict == "nothing speaks against it"
    assert found.exceptions == backtest.exceptions(pnl, at_risk).sum()
    assert found.expected == pytest.approx(50.0)
    assert found.light.zone == "green"


def test_risk_that_is_too_low_or_too_high_is_told_by_how_much() -> None:
    pnl = np.random.default_rng(14).standard_normal(2_000)
    at_risk, shortfall = parametric_risk(1.0, 0.975)
    low = backtest.judge(pnl, np.full(2_000, at_risk * 0.7), np.full(2_000, shortfall * 0.7), 0.975)
    assert low.findings[0] == "too many"
    assert low.verdict.startswith(f"risk is understated: {low.exceptions / 50:.1f} times")
    high = backtest.judge(pnl, np.full(2_000, at_risk * 1.5), np.full(2_000, shortfall * 1.5), 0.975)
    assert high.findings == ("too few",)
    assert high.verdict.startswith("risk is overstated: 0.")


def test_clusters_and_deep_losses_are_told() -> None:
    pnl = np.ones(1_000)
    pnl[500:525] = -9.0
    found = backtest.judge(pnl, np.full(1_000, 2.0), np.full(1_000, 3.0), 0.975)
    assert found.findings == ("clustered", "too deep")
    assert "exceptions cluster: 96.0% of the days after one, 0.1% of the others" in found.verdict
    assert "losses beyond VaR are 200% deeper than ES says" in found.verdict


def test_exceptions_that_alternate_avoid_each_other() -> None:
    pnl = np.tile([-3.0, 1.0], 500)
    assert "avoid each other" not in backtest.judge(pnl, np.full(1_000, 2.0), np.full(1_000, 3.0), 0.5).verdict
    pnl[:2] = -3.0
    assert "avoid each other" in backtest.judge(pnl, np.full(1_000, 2.0), np.full(1_000, 3.0), 0.5).verdict


def test_missing_forecast_or_result_counts_as_exception_and_is_told() -> None:
    # M11
    pnl = [1.0] * 98 + [NAN, 1.0]
    at_risk, shortfall = [2.0] * 99 + [NAN], [2.5] * 99 + [NAN]
    found = backtest.judge(pnl, at_risk, shortfall, 0.95)
    assert (found.days, found.exceptions, found.missing) == (100, 2, 2)
    assert found.z2.statistic == 1.0
    assert found.z1.reason == "no exceptions"
    assert found.verdict.endswith("2 of the exceptions are days without forecast or P&L")


def test_too_few_days_are_an_answer() -> None:
    none = backtest.judge([], [], [], 0.99)
    assert none.verdict == "too few days to tell: 0, with 0.0 exceptions expected"
    assert none.light.reason == "no observations"
    assert (none.green_share, none.most_in_year) == (None, None)
    assert none.z2.reason == "no observations"
    few = backtest.judge([1.0] * 20, [2.0] * 20, [2.5] * 20, 0.99)
    assert few.findings == ("no data",)
    assert few.kupiec.reason == "no exceptions"


def test_a_shortfall_of_zero_is_an_answer() -> None:
    flat = backtest.judge([0.0] * 200, [0.0] * 200, [0.0] * 200, 0.99)
    assert flat.exceptions == 0
    assert flat.z2.reason == "Expected Shortfall was not above 0 on every day"
