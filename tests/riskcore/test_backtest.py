"""Backtests against published figures and an independent binomial code."""

from math import comb, fsum

import numpy as np
import pytest
from scipy import stats

from riskcore import backtest, parametric_risk
from riskcore.errors import InputError


def test_kupiec_of_matlab_varbacktest() -> None:
    result = backtest.kupiec_pof(1043, 57, 0.05)
    assert result.statistic == pytest.approx(0.46147, abs=5e-6)
    assert result.p_value == pytest.approx(0.49694, abs=5e-6)


@pytest.mark.parametrize(("exceptions", "statistic", "p_value"), [(5, 2.544, 0.111), (7, 6.535, 0.011)])
def test_kupiec_of_rugarch_report(exceptions: int, statistic: float, p_value: float) -> None:
    result = backtest.kupiec_pof(224, exceptions, 0.01)
    assert (result.statistic, result.p_value) == pytest.approx((statistic, p_value), abs=5e-4)


def test_christoffersen_independence_of_matlab_varbacktest() -> None:
    result = backtest.christoffersen_independence(932, 53, 53, 4)
    assert (result.statistic, result.p_value) == pytest.approx((0.25866, 0.61104), abs=5e-6)


def test_time_until_first_failure_of_matlab_varbacktest() -> None:
    result = backtest.time_to_first_failure(58, 0.05)
    assert (result.statistic, result.p_value) == pytest.approx((1.7354, 0.18773), abs=5e-5)


def test_traffic_light_of_matlab_varbacktest() -> None:
    light = backtest.traffic_light(1043, 57, 0.05)
    assert light.zone == "green"
    assert light.cumulative_probability == pytest.approx(0.77913, abs=5e-6)


BASEL = [0.0811, 0.2858, 0.5432, 0.7581, 0.8922, 0.9588, 0.9863, 0.9960, 0.9989, 0.9997, 0.9999]


@pytest.mark.parametrize(("exceptions", "cumulative"), list(enumerate(BASEL)))
def test_traffic_light_of_the_basel_table(exceptions: int, cumulative: float) -> None:
    light = backtest.traffic_light(250, exceptions, 0.01)
    assert light.cumulative_probability == pytest.approx(cumulative, abs=5e-5)
    assert light.zone == ("green" if exceptions <= 4 else "yellow" if exceptions <= 9 else "red")


@pytest.mark.parametrize(("n", "x", "p"), [(250, 3, 0.01), (1043, 57, 0.05), (10, 10, 0.5), (5, 0, 0.2)])
def test_cumulative_probability_is_the_sum_of_binomial_terms(n: int, x: int, p: float) -> None:
    terms = [comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(x + 1)]
    assert backtest.traffic_light(n, x, p).cumulative_probability == pytest.approx(fsum(terms), rel=1e-12)


@pytest.mark.parametrize(
    ("draw", "five_per_cent", "one_in_ten_thousand"), [("normal", -0.70, -1.8), ("t", -0.82, None)]
)
def test_critical_values_of_z2_by_simulation(
    draw: str, five_per_cent: float, one_in_ten_thousand: float | None
) -> None:
    # Acerbi, Szekely (2014), table 2: T = 250, ES 97.5 %; t with 3 degrees of freedom.
    rng = np.random.default_rng(5)
    n = 60_000
    if draw == "normal":
        pnl = rng.standard_normal((n, 250))
        risk = parametric_risk(1.0, 0.975)
    else:
        pnl = rng.standard_t(3, (n, 250))
        risk = parametric_risk(3**0.5, 0.975, "t", 3)
    # The far quantile needs more draws than calls are worth: the same sum for all rows at once.
    whole = 1 + np.where(pnl + risk[0] < 0, pnl, 0).sum(axis=1) / (250 * 0.025 * risk[1])
    called = [backtest.acerbi_szekely_z2(row, *risk, 0.975).statistic for row in pnl[:500]]
    np.testing.assert_allclose(whole[:500], called, rtol=0, atol=1e-12)
    assert np.quantile(whole, 0.05) == pytest.approx(five_per_cent, abs=0.03)
    if one_in_ten_thousand is not None:
        assert np.quantile(whole, 0.0001) == pytest.approx(one_in_ten_thousand, abs=0.1)


def test_z2_is_zero_on_average_when_the_forecast_is_right() -> None:
    pnl = np.random.default_rng(6).standard_normal(400_000)
    z2 = backtest.acerbi_szekely_z2(pnl, *parametric_risk(1.0, 0.975), 0.975).statistic
    assert z2 == pytest.approx(0.0, abs=0.03)  # three standard errors


@pytest.mark.parametrize("confidence", [0.95, 0.975, 0.99])
@pytest.mark.parametrize("law", ["normal", "t"])
def test_of_a_known_law_the_exceptions_lie_in_the_99_per_cent_binomial_band(law: str, confidence: float) -> None:
    # M10: 100,000 draws; scipy's binomial is another code than the traffic light's.
    rng = np.random.default_rng(17)
    draws = rng.standard_normal(100_000) if law == "normal" else rng.standard_t(4, 100_000) * 0.5**0.5
    value_at_risk, _ = parametric_risk(1.0, confidence, "t" if law == "t" else "normal", 4 if law == "t" else None)
    count = int(backtest.exceptions(draws, value_at_risk).sum())
    low, high = stats.binom.interval(0.99, 100_000, 1.0 - confidence)
    assert low <= count <= high
    assert backtest.traffic_light(100_000, count, 1.0 - confidence).cumulative_probability == pytest.approx(
        stats.binom.cdf(count, 100_000, 1.0 - confidence), rel=1e-9
    )


def test_twelve_and_thirty_exceptions_in_a_year_are_the_most_a_desk_may_have() -> None:
    # M10: MAR32.18.
    allowed = [(x, y) for x in range(20) for y in range(40) if backtest.desk_within_limits(x, y)]
    assert allowed == [(x, y) for x in range(13) for y in range(31)]


def test_green_share_of_right_models_is_the_binomial_probability() -> None:
    # M10: P(X <= 4) = 0.8922 of 250-day windows are green.
    rng = np.random.default_rng(7)
    value_at_risk, _ = parametric_risk(1.0, 0.99)
    windows = backtest.exceptions(rng.standard_normal((10_000, 250)), value_at_risk).sum(axis=1)
    zones = [backtest.traffic_light(250, int(x), 0.01).zone for x in windows]
    assert zones.count("green") / len(zones) == pytest.approx(0.8922, abs=0.01)


def test_kupiec_p_values_of_right_models_reject_as_often_as_they_say() -> None:
    rng = np.random.default_rng(8)
    counts = rng.binomial(2_000, 0.05, 4_000)
    p_values = [backtest.kupiec_pof(2_000, int(x), 0.05).p_value for x in counts]
    assert np.mean(np.array(p_values) < 0.05) == pytest.approx(0.05, abs=0.015)


def test_p_value_is_that_of_chi_squared() -> None:
    result = backtest.kupiec_pof(500, 40, 0.05)
    assert result.p_value == pytest.approx(stats.chi2.sf(result.statistic, 1), rel=1e-12)


def test_a_missing_forecast_or_result_is_an_exception() -> None:
    nan = float("nan")
    assert backtest.exceptions([-2.0, -0.5, nan, 1.0], [1.0, 1.0, 1.0, nan]).tolist() == [True, False, True, True]
    assert not backtest.exceptions([-1.0], [1.0]).any()  # a loss equal to VaR is none


def test_no_exceptions_are_an_answer_with_a_reason() -> None:
    pof = backtest.kupiec_pof(250, 0, 0.01)
    assert pof.statistic == pytest.approx(-2 * 250 * np.log(0.99), rel=1e-12)
    assert pof.reason == "no exceptions"
    quiet = backtest.christoffersen_independence(249, 0, 0, 0)
    assert (quiet.reason, str(quiet.statistic), quiet.p_value) == ("no exceptions", "0.0", 1.0)
    assert backtest.christoffersen_independence(240, 4, 5, 0).reason == "no two exceptions in a row"
    assert backtest.time_to_first_failure(None, 0.01).reason == "no exceptions"
    assert backtest.kupiec_pof(0, 0, 0.01).statistic is None
    assert backtest.christoffersen_independence(0, 0, 0, 0).statistic is None


def test_all_exceptions_are_an_answer() -> None:
    assert backtest.kupiec_pof(10, 10, 0.05).statistic == pytest.approx(-20 * np.log(0.05), rel=1e-12)
    assert backtest.time_to_first_failure(1, 0.05).statistic == pytest.approx(-2 * np.log(0.05), rel=1e-12)


def test_bad_counts_are_refused() -> None:
    with pytest.raises(InputError):
        backtest.kupiec_pof(10, 11, 0.05)
    with pytest.raises(InputError):
        backtest.kupiec_pof(10, 1, 0.0)
    with pytest.raises(InputError, match="11 exceptions in 10"):
        backtest.traffic_light(10, 11, 0.05)
    with pytest.raises(InputError):
        backtest.traffic_light(10, 1, 1.0)
    with pytest.raises(InputError):
        backtest.christoffersen_independence(1, -1, 0, 0)
    with pytest.raises(InputError):
        backtest.time_to_first_failure(0, 0.05)
    with pytest.raises(InputError):
        backtest.acerbi_szekely_z2([-1.0], 1.0, 0.0, 0.975)
    with pytest.raises(InputError):
        backtest.acerbi_szekely_z2([], 1.0, 1.0, 0.975)
