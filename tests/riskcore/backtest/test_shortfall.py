"""Z1 and Z2 by loops, and their p-values against simulation and the published critical values."""

import numpy as np
import pytest
from scipy import stats

from riskcore import backtest, parametric_risk
from riskcore.errors import InputError


def test_z1_is_the_mean_of_losses_over_shortfall_on_the_days_beyond() -> None:
    pnl, at_risk, shortfall = [-3.0, 1.0, -2.5, -1.0], [2.0, 2.0, 1.0, 1.5], [2.5, 2.5, 1.25, 2.0]
    ratios = [p / e for p, v, e in zip(pnl, at_risk, shortfall, strict=True) if p + v < 0]
    assert ratios == [-1.2, -2.0]
    z1 = backtest.acerbi_szekely_z1(pnl, at_risk, shortfall, 0.975)
    assert z1.statistic == pytest.approx(1 + sum(ratios) / 2, rel=1e-15)


def test_z1_and_z2_say_the_same_when_the_number_of_exceptions_is_as_promised() -> None:
    rng = np.random.default_rng(1)
    pnl = rng.permutation(np.concatenate((-2.0 - rng.exponential(0.4, 25), rng.uniform(0.0, 1.0, 975))))
    z1 = backtest.acerbi_szekely_z1(pnl, 2.0, 2.4, 0.975)
    z2 = backtest.acerbi_szekely_z2(pnl, 2.0, 2.4, 0.975)
    assert z1.statistic == pytest.approx(z2.statistic, rel=1e-12)


@pytest.mark.parametrize(("statistic", "probability"), [(-0.70, 0.05), (-1.8, 0.0001)])
def test_p_value_of_z2_at_the_critical_values_of_acerbi_szekely_2014(statistic: float, probability: float) -> None:
    # Table 2, normal tails, ES 97.5 %, T = 250. The statistic is reached by one loss of the right size.
    at_risk, shortfall = parametric_risk(1.0, 0.975)
    z2 = z2_of(statistic, at_risk, shortfall)
    assert z2.statistic == pytest.approx(statistic, rel=1e-12)
    assert z2.p_value == pytest.approx(probability, rel=0.02)


def simulated_z2(dof: int, seed: int, years: int) -> np.ndarray:
    # Only days beyond VaR count: how many there are is binomial, how deep each goes is the law's own tail.
    rng, law = np.random.default_rng(seed), stats.t(dof)
    days = rng.binomial(250, 0.025, years)
    losses = -law.ppf(0.025 * rng.random(days.sum()))
    _, shortfall = parametric_risk((dof / (dof - 2)) ** 0.5, 0.975, "t", dof)
    return np.asarray(1.0 - np.bincount(np.repeat(np.arange(years), days), losses, years) / (250 * 0.025 * shortfall))


@pytest.mark.parametrize(
    ("dof", "simulated", "closed_form", "p_value"), [(3, -0.82, -0.75, 0.038), (5, -0.74, -0.72, 0.047)]
)
def test_fat_tails_have_the_published_critical_value_of_z2_which_the_closed_form_falls_short_of(
    dof: int, simulated: float, closed_form: float, p_value: float
) -> None:
    # Acerbi, Szekely (2014): t with 3 degrees of freedom, 5 %: -0.82. Twenty seeds: standard error 0.001.
    critical = float(np.mean([np.quantile(simulated_z2(dof, seed, 50_000), 0.05) for seed in range(20)]))
    assert critical == pytest.approx(simulated, abs=0.006)
    at_risk, shortfall = parametric_risk(1.0, 0.975, "t", dof)
    assert z2_of(critical, at_risk, shortfall).p_value == pytest.approx(p_value, abs=0.001)
    assert z2_of(closed_form, at_risk, shortfall).p_value == pytest.approx(0.05, abs=0.001)


def z2_of(statistic: float, at_risk: float, shortfall: float) -> backtest.ShortfallTest:
    pnl = np.zeros(250)
    pnl[0] = -(1.0 - statistic) * 250 * 0.025 * shortfall
    return backtest.acerbi_szekely_z2(pnl, at_risk, shortfall, 0.975)


@pytest.mark.parametrize("unit", [3**-0.5, 1e-9, 1e9])
def test_the_scale_of_the_pnl_does_not_matter(unit: float) -> None:
    pnl = np.random.default_rng(9).standard_t(3, 250)
    at_risk, shortfall = parametric_risk(3**0.5, 0.975, "t", 3)
    for test in (backtest.acerbi_szekely_z1, backtest.acerbi_szekely_z2):
        whole, scaled = test(pnl, at_risk, shortfall, 0.975), test(pnl * unit, at_risk * unit, shortfall * unit, 0.975)
        assert whole.statistic != 0.0
        assert (scaled.statistic, scaled.p_value) == pytest.approx((whole.statistic, whole.p_value), rel=1e-12)


@pytest.mark.parametrize("confidence", [0.95, 0.975, 0.99])
def test_p_values_of_right_normal_forecasts_reject_as_often_as_they_say(confidence: float) -> None:
    # 2,000 series: three standard errors of a share of 5 % are 1.5 points. A normal tail is a little thinner than
    # an exponential one, so that Z1, which looks at depth alone, rejects somewhat less than it says.
    rng = np.random.default_rng(2)
    at_risk, shortfall = parametric_risk(1.0, confidence)
    p1, p2 = [], []
    for _ in range(2_000):
        pnl = rng.standard_normal(500)
        p1.append(backtest.acerbi_szekely_z1(pnl, at_risk, shortfall, confidence).p_value)
        p2.append(backtest.acerbi_szekely_z2(pnl, at_risk, shortfall, confidence).p_value)
    assert 0.015 < np.mean([p < 0.05 for p in p1 if p is not None]) < 0.067
    assert np.mean([p < 0.05 for p in p2 if p is not None]) == pytest.approx(0.05, abs=0.017)


def test_p_values_lie_between_0_and_1_and_fall_with_the_loss() -> None:
    losses = [-2.1, -3.0, -10.0, -1e3, -1e6]
    for test in (backtest.acerbi_szekely_z1, backtest.acerbi_szekely_z2):
        found = [test([1.0] * 200 + [loss], 2.0, 2.4, 0.99).p_value for loss in losses]
        assert all(p is not None and 0.0 <= p <= 1.0 for p in found)
        assert found == sorted(found, key=lambda p: -(p or 0.0))
    assert backtest.acerbi_szekely_z2([1.0] * 10, 2.0, 2.4, 0.99).p_value == 1.0


def test_what_cannot_be_told_is_an_answer_with_a_reason() -> None:
    none = backtest.acerbi_szekely_z1([1.0, 2.0], 1.0, 1.5, 0.99)
    assert (none.statistic, none.p_value, none.reason) == (None, None, "no exceptions")
    for test in (backtest.acerbi_szekely_z1, backtest.acerbi_szekely_z2):
        flat = test([-2.0, 1.0], 1.0, 1.0, 0.99)
        assert flat.statistic is not None
        assert flat.p_value is None
        assert flat.reason == "Expected Shortfall is no more than Value-at-Risk"


def test_z1_refuses_what_z2_refuses() -> None:
    for bad in ([], [float("nan")]):
        with pytest.raises(InputError):
            backtest.acerbi_szekely_z1(bad, 1.0, 1.5, 0.99)
