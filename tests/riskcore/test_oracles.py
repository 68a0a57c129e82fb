"""VaR, ES and backtests against skfolio, scipy.stats and statsmodels."""

import numpy as np
import pytest
import skfolio.measures as oracle
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from riskcore import MarketModel, RiskBook, RiskSettings, backtest, expected_shortfall, monte_carlo_pnl, value_at_risk

ROUNDING = 1e-12
"""Of the largest scenario: both pick the same order statistic, and sum the tail in another order."""


@given(
    st.lists(st.integers(-50, 50).map(float), min_size=1, max_size=300),
    st.sampled_from([0.5, 0.9, 0.95, 0.975, 0.99, 0.995]),
    st.booleans(),
)
def test_a_scenario_set_has_the_figures_of_skfolio(pnl: list[float], confidence: float, aged: bool) -> None:
    weights = 0.97 ** np.arange(len(pnl), 0, -1) if aged else None
    scenarios = np.array(pnl)
    got = value_at_risk(scenarios, confidence, weights), expected_shortfall(scenarios, confidence, weights)
    expected = (
        oracle.value_at_risk(scenarios, confidence, sample_weight=weights),
        oracle.cvar(scenarios, confidence, sample_weight=weights),
    )
    assert got == pytest.approx(expected, abs=50 * ROUNDING)


def test_the_historical_figures_of_a_book_are_those_of_skfolio_after_every_bar() -> None:
    rng = np.random.default_rng(1)
    settings = RiskSettings(window=60, paths=2, min_observations=5, half_life=10.0)
    model = MarketModel(4, settings)
    book = RiskBook(model)
    returns = rng.standard_t(3, (150, 4)) * 0.01
    for instrument in range(4):
        book.on_trade(instrument, float(rng.integers(-9, 10)))
    for bar, row in enumerate(returns):
        model.on_prices(rng.uniform(50.0, 150.0, 4))
        model.on_bar(bar, row)
        book.on_bar()
        if bar < settings.min_observations:
            continue
        scenarios = returns[max(bar - 59, 0) : bar + 1] @ book.exposures * settings.bars_in_horizon**0.5
        for measure in book.measures():
            if measure.method == "historical":
                expected = (
                    oracle.value_at_risk(scenarios, measure.confidence),
                    oracle.cvar(scenarios, measure.confidence),
                )
                assert (measure.var, measure.es) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("n", "x", "p"), [(250, 6, 0.01), (1043, 57, 0.05), (500, 0, 0.025), (20, 20, 0.5)])
def test_kupiec_is_the_g_test_of_scipy(n: int, x: int, p: float) -> None:
    oracle_test = stats.power_divergence([x, n - x], [n * p, n * (1 - p)], lambda_="log-likelihood")
    got = backtest.kupiec_pof(n, x, p)
    assert (got.statistic, got.p_value) == pytest.approx((oracle_test.statistic, oracle_test.pvalue), rel=1e-9)


@pytest.mark.parametrize("table", [(932, 53, 53, 4), (200, 10, 10, 29), (90, 5, 4, 1)])
def test_christoffersen_is_the_g_test_of_scipy_and_the_logit_of_statsmodels(table: tuple[int, int, int, int]) -> None:
    n00, n01, n10, n11 = table
    got = backtest.christoffersen_independence(*table)
    g_test = stats.chi2_contingency([[n00, n01], [n10, n11]], correction=False, lambda_="log-likelihood")
    assert (got.statistic, got.p_value) == pytest.approx((g_test.statistic, g_test.pvalue), rel=1e-9)
    before = np.repeat([0.0, 0.0, 1.0, 1.0], table)
    now = np.repeat([0.0, 1.0, 0.0, 1.0], table)
    logit = sm.Logit(now, sm.add_constant(before)).fit(disp=0)
    # A numerical maximum: its likelihood is right to the square of its own tolerance.
    assert (got.statistic, got.p_value) == pytest.approx((logit.llr, logit.llr_pvalue), rel=1e-6)


@pytest.mark.parametrize("distribution", ["normal", "t"])
def test_simulated_pnl_has_the_law_of_scipy_at_one_in_a_thousand(distribution: str) -> None:
    exposures, factor = np.array([3.0, -1.0, 2.0]), np.random.default_rng(3).normal(size=(3, 3))
    covariance = factor @ factor.T
    scale = float(np.sqrt(exposures @ covariance @ exposures))
    dof = 5.0 if distribution == "t" else None
    pnl = monte_carlo_pnl(exposures, covariance, 100_000, 11, distribution, dof)
    law = stats.norm(scale=scale) if dof is None else stats.t(dof, scale=scale * ((dof - 2) / dof) ** 0.5)
    assert stats.kstest(pnl, law.cdf).pvalue > 0.001
    assert stats.kstest(pnl * 1.03, law.cdf).pvalue < 0.001  # it would see three hundredths
