"""The path matrix against the law it must follow, and its random numbers against each other."""

from math import sqrt

import numpy as np
import pytest
from scipy import stats

from riskcore.covariance import EwmaCovariance
from riskcore.normals import bar_normals, history_normals, student_mixing
from riskcore.paths import PathMatrix


def largest_correlation(x: np.ndarray, y: np.ndarray, *, itself: bool = False) -> float:
    """Largest circular cross-correlation over all shifts, in standard deviations of white noise."""
    x, y = (x - x.mean()) / x.std(), (y - y.mean()) / y.std()
    shifts = np.fft.irfft(np.fft.rfft(x) * np.conj(np.fft.rfft(y)), len(x)) / len(x)
    return float(np.abs(shifts[1:] if itself else shifts).max() * sqrt(len(x)))


# The largest of 10,000 standard normals exceeds 5.5 once in 2,600 times; the draws are fixed by the seeds.
LIMIT = 5.5


def test_paths_are_uncorrelated_on_a_trending_series() -> None:
    # Every bar has the same return: were the shocks of successive bars the same numbers shifted, paths would be too.
    paths = PathMatrix(1, 10_000, decay=0.97)
    for bar in range(28_000_000, 28_000_300):
        paths.step(np.array([0.01]), bar_normals(7, bar, 10_000))
    assert largest_correlation(paths.raw[0], paths.raw[0], itself=True) < LIMIT


@pytest.mark.parametrize("other", [101, 102, 164, 100 + 2**32])
def test_normals_of_two_bars_are_unrelated_at_every_shift(other: int) -> None:
    assert largest_correlation(bar_normals(7, 100, 10_000), bar_normals(7, other, 10_000)) < LIMIT


def test_history_has_random_numbers_of_its_own() -> None:
    assert largest_correlation(bar_normals(7, 3, 10_000), history_normals(7, 3, 10_000)) < LIMIT


def test_normals_are_a_function_of_seed_and_bar() -> None:
    np.testing.assert_array_equal(bar_normals(7, 5, 100), bar_normals(7, 5, 100))
    assert not np.array_equal(bar_normals(8, 5, 100), bar_normals(7, 5, 100))
    np.testing.assert_array_equal(bar_normals(7, 5, 100), bar_normals(7, 5, 200)[:100])


def test_mixing_makes_unit_variance_student_t() -> None:
    draws = bar_normals(1, 1, 20_000) * student_mixing(1, 5.0, 20_000)
    assert stats.kstest(draws * sqrt(5 / 3), "t", args=(5,)).pvalue > 0.01


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_rows_follow_the_covariance_of_the_same_recursion(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, n_paths = 6, 10_000
    returns = rng.standard_t(3, size=(400, n)) @ rng.normal(size=(n, n)) * 0.005 + 0.002
    ewma = EwmaCovariance(n, 30.0)
    paths = PathMatrix(n, n_paths, ewma.decay)
    for bar, row in enumerate(returns):
        ewma.step(row, np.ones(n, np.bool_))
        paths.step(row, bar_normals(seed, bar, n_paths))
    exposures = rng.normal(size=n) * 1e5
    sigma = sqrt(ewma.scale * exposures @ ewma.raw @ exposures)
    pnl = paths.scale * exposures @ paths.raw
    assert stats.kstest(pnl / sigma, "norm").pvalue > 0.01
    # The covariance of the rows: each entry within 5 standard errors, of order sqrt(2 / P).
    sample = np.cov(paths.raw, bias=True) * paths.scale**2
    expected = ewma.raw * ewma.scale
    spread = np.sqrt((expected**2 + np.outer(np.diagonal(expected), np.diagonal(expected))) / n_paths)
    assert (np.abs(sample - expected) <= 5 * spread).all()


@pytest.mark.parametrize("decay", [0.5, 0.001, 0.99])
@pytest.mark.parametrize("few", [True, False], ids=["few move", "most move"])
def test_folded_decay_equals_the_plain_recursion(decay: float, few: bool) -> None:
    rng = np.random.default_rng(4)
    paths, plain = PathMatrix(4, 8, decay, np.float64), np.zeros((4, 8))
    for bar in range(300):
        row = rng.normal(size=4)
        if few:
            row[1:] = 0.0
        normals = bar_normals(1, bar, 8)
        paths.step(row, normals)
        plain = sqrt(decay) * plain + sqrt(1 - decay) * np.outer(row, normals)
    np.testing.assert_allclose(paths.raw * paths.scale, plain, rtol=1e-10, atol=1e-12)
