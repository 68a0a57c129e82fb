"""Covariances against skfolio, arch, pandas, scikit-learn and statsmodels, after every bar where there are bars.

The tolerance is 1e-12 of the product of two volatilities unless said otherwise: the oracles sum the same terms in
another order, and some hundreds of roundings of 1e-16 each lie between.
"""

import warnings

import numpy as np
import pandas as pd
import pytest
from arch.univariate import EWMAVariance
from skfolio.moments import EWCovariance
from sklearn.covariance import ledoit_wolf as sklearn_ledoit_wolf
from sklearn.covariance import oas as sklearn_oas
from statsmodels.stats.correlation_tools import corr_nearest
from statsmodels.stats.moment_helpers import cov2corr
from statsmodels.tools.sm_exceptions import IterationLimitWarning

from riskcore import EwmaCovariance, RollingCovariance, ledoit_wolf, nearest_correlation, oas

ROUNDING = 1e-12
RNG = np.random.default_rng(20)
LISTED = np.array([0, 0, 7, 40, 111])


def assert_same_matrix(got: np.ndarray, expected: np.ndarray, tolerance: float = ROUNDING) -> None:
    size = np.sqrt(np.diagonal(expected))
    assert (np.abs(got - expected) <= tolerance * size[:, None] * size).all()


def test_ewma_equals_skfolio_after_every_bar_through_late_listings() -> None:
    returns = RNG.standard_t(3, (200, 5)) * 0.01
    oracle = EWCovariance(half_life=20, min_observations=1, nearest=False)
    ours = EwmaCovariance(5, 20.0)
    for bar, row in enumerate(returns):
        listed = bar >= LISTED
        ours.update(np.where(listed, row, np.nan))
        oracle.partial_fit(np.where(listed, row, np.nan)[None], active_mask=listed[None])
        known = np.ix_(listed, listed)
        assert_same_matrix(ours.covariance[known], oracle.covariance_[known])
        assert not ours.covariance[~listed].any()


def test_ewma_of_one_share_equals_arch_after_every_bar() -> None:
    returns = np.ascontiguousarray(RNG.standard_t(3, 500) * 0.01)
    start = 4e-4
    decay = 0.94
    forecast = np.empty(500)
    unbounded = np.tile([0.0, np.inf], (500, 1))
    EWMAVariance(decay).compute_variance(np.empty(0), returns, forecast, start, unbounded)
    ours = EwmaCovariance(1, half_life=-1.0 / np.log2(decay), initial=[[start]])
    for expected, row in zip(forecast, returns, strict=True):
        assert ours.covariance[0, 0] == pytest.approx(expected, rel=ROUNDING)
        ours.update([row])


def test_rolling_covariance_equals_that_of_pandas_and_its_correlation_that_of_statsmodels_after_every_bar() -> None:
    # pandas slides by Welford too, but rebuilds nothing: on returns of one size it loses little.
    returns = RNG.standard_t(3, (150, 3)) * 0.01
    oracle = pd.DataFrame(returns).rolling(30, min_periods=2).cov().to_numpy().reshape(150, 3, 3)
    ours = RollingCovariance(3, 30)
    for bar, row in enumerate(returns):
        ours.update(row)
        if bar:
            assert_same_matrix(ours.covariance, oracle[bar], 1e-11)
            np.testing.assert_allclose(ours.correlation, cov2corr(ours.covariance), rtol=0, atol=1e-14)


@pytest.mark.parametrize(("n_rows", "n"), [(60, 8), (10, 40), (500, 3), (2, 2)])
def test_ledoit_wolf_equals_that_of_scikit_learn(n_rows: int, n: int) -> None:
    returns = factor_returns(n_rows, n)
    covariance, intensity = ledoit_wolf(returns)
    expected, expected_intensity = sklearn_ledoit_wolf(returns)
    # The noise is a difference of sums that nearly cancel: it loses some digits.
    assert intensity == pytest.approx(expected_intensity, rel=1e-10)
    assert_same_matrix(covariance, expected, 1e-10)


@pytest.mark.parametrize(("n_rows", "n"), [(60, 8), (10, 40), (500, 3), (50, 400)])
def test_oas_differs_from_that_of_scikit_learn_by_the_terms_that_it_leaves_out(n_rows: int, n: int) -> None:
    # scikit-learn drops 2/N from equation 23 of the article, in numerator and denominator.
    returns = factor_returns(n_rows, n)
    _, intensity = oas(returns)
    _, without = sklearn_oas(returns)
    sample = np.cov(returns, rowvar=False, ddof=0)
    square, trace = float(np.sum(sample**2)), float(np.trace(sample))
    left_out = (1.0 - 2.0 / n * square / (square + trace**2)) * (n_rows + 1.0) / (n_rows + 1.0 - 2.0 / n)
    assert intensity == pytest.approx(min(without * left_out, 1.0), rel=1e-10)


def factor_returns(n_rows: int, n: int) -> np.ndarray:
    factor = np.random.default_rng(n).normal(size=(n, n))
    returns = np.random.default_rng(n_rows).standard_t(5, (n_rows, n)) @ factor * 0.01 + 0.001
    return np.asarray(returns)


@pytest.mark.parametrize("seed", range(5))
def test_nearest_correlation_is_that_of_statsmodels(seed: int) -> None:
    draws = np.random.default_rng(seed).uniform(-1.0, 1.0, (6, 6))
    matrix = (draws + draws.T) / 2.0
    np.fill_diagonal(matrix, 1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IterationLimitWarning)  # it stops at no distance, only at its count
        theirs = corr_nearest(matrix, threshold=1e-12, n_fact=1000)
    # Its smallest eigenvalue is the threshold, not 0: the nearest matrix is off by as much.
    np.testing.assert_allclose(nearest_correlation(matrix), theirs, rtol=0, atol=1e-11)
