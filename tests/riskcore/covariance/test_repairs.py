"""Nearest correlation, factor and shrinkage."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import optimize

from riskcore import EwmaCovariance, ledoit_wolf, nearest_correlation, oas, psd_factor
from riskcore.covariance.factors import FactorCache
from riskcore.errors import InputError


def test_nearest_correlation_of_highams_example() -> None:
    # Higham (2002), section 4: to four decimals.
    nearest = nearest_correlation([[1, 1, 0], [1, 1, 1], [0, 1, 1]])
    expected = [[1, 0.7607, 0.1573], [0.7607, 1, 0.7607], [0.1573, 0.7607, 1]]
    np.testing.assert_allclose(nearest, expected, atol=5e-5)


matrices = st.integers(2, 5).flatmap(
    lambda n: arrays(float, (n, n), elements=st.integers(-20, 20).map(lambda x: x / 10))
)


@settings(max_examples=40, deadline=None)
@given(matrices)
def test_nearest_correlation_meets_the_conditions_of_optimality(matrix: np.ndarray) -> None:
    # X is optimal iff A - X = diag(y) - Z with Z psd and Z X = 0: the dual certificate, not another iteration.
    target = (matrix + matrix.T) / 2
    nearest = nearest_correlation(matrix)
    n = len(target)
    np.testing.assert_array_equal(np.diagonal(nearest), np.ones(n))
    assert np.linalg.eigvalsh(nearest)[0] >= -1e-12
    gap = nearest - target
    off = gap - np.diag(np.diagonal(gap))
    diagonal = -np.einsum("ij,ij->i", off, nearest)  # (Z X)_ii = 0 fixes diag(Z)
    multiplier = off + np.diag(diagonal)
    assert np.linalg.eigvalsh(multiplier)[0] >= -1e-9
    assert np.abs(multiplier @ nearest).max() <= 1e-9


def test_nearest_correlation_beats_a_general_optimiser() -> None:
    rng = np.random.default_rng(0)
    target = np.clip(rng.normal(size=(4, 4)), -1, 1)
    target = (target + target.T) / 2

    def candidate(x: np.ndarray) -> np.ndarray:
        rows = x.reshape(4, 4)
        rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return np.asarray(rows @ rows.T)

    found = min(
        optimize.minimize(lambda x: np.sum((candidate(x) - target) ** 2), rng.normal(size=16)).fun for _ in range(5)
    )
    assert np.sum((nearest_correlation(target) - target) ** 2) <= found * (1 + 1e-7)


def test_the_diagonal_as_given_does_not_matter() -> None:
    matrix = np.array([[1, 1, 0], [1, 1, 1], [0, 1, 1.0]])
    np.testing.assert_array_equal(nearest_correlation(matrix + np.diag([5, -3, 0.2])), nearest_correlation(matrix))


def test_a_correlation_matrix_is_its_own_nearest() -> None:
    matrix = np.array([[1, 0.5], [0.5, 1]])
    np.testing.assert_array_equal(nearest_correlation(matrix), matrix)


@given(st.integers(1, 12), st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_factor_of_a_singular_covariance_moves_it_by_almost_nothing(n: int, rows: int, seed: int) -> None:
    sample = np.random.default_rng(seed).normal(size=(rows, n))
    covariance = sample.T @ sample
    factor = psd_factor(covariance)
    largest = np.linalg.eigvalsh(covariance)[-1]
    assert factor.distance <= 1e-10
    assert np.abs(factor.lower @ factor.lower.T - covariance).max() <= 1e-10 * largest
    np.testing.assert_array_equal(factor.lower, np.tril(factor.lower))


@given(st.integers(2, 12), st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_no_row_of_a_singular_factor_depends_on_the_instruments_behind_it(n: int, rows: int, seed: int) -> None:
    # So which normals an instrument has is no matter of what else there is. A quarter never moves, two are twins.
    rng = np.random.default_rng(seed)
    sample = rng.normal(size=(rows, n)) * rng.choice([0.0, 1e-4, 1.0, 1e3], size=n)
    sample[:, -1] = sample[:, 0]
    covariance = sample.T @ sample
    whole, deviations = psd_factor(covariance).lower, np.sqrt(np.diagonal(covariance))
    for count in range(1, n):
        alone = psd_factor(covariance[:count, :count]).lower
        assert (np.abs(whole[:count, :count] - alone) <= 1e-5 * deviations[:count, np.newaxis]).all()


def test_factor_of_an_indefinite_matrix_reports_how_far_it_moved() -> None:
    factor = psd_factor([[1.0, 2.0], [2.0, 1.0]])  # eigenvalues 3 and -1
    assert factor.distance == pytest.approx(1 / 3, rel=1e-12)
    np.testing.assert_allclose(factor.lower @ factor.lower.T, [[1.5, 1.5], [1.5, 1.5]], rtol=1e-12)


@pytest.mark.parametrize("matrix", [np.zeros((3, 3)), np.diag([1.0, 0.0]), np.full((2, 2), 1e-300), -np.eye(2)])
def test_factor_never_raises_on_finite_matrices(matrix: np.ndarray) -> None:
    assert np.isfinite(psd_factor(matrix).lower).all()


def test_ledoit_wolf_against_the_sum_of_its_definition() -> None:
    rng = np.random.default_rng(1)
    returns = rng.normal(size=(30, 6)) * [1, 2, 3, 1, 2, 0.5]
    covariance, intensity = ledoit_wolf(returns)
    centred = returns - returns.mean(axis=0)
    sample = np.cov(returns.T, bias=True)
    mean = np.trace(sample) / 6
    noise = sum(np.sum((np.outer(row, row) - sample) ** 2) for row in centred) / 30**2
    expected = min(1.0, noise / np.sum((sample - mean * np.eye(6)) ** 2))
    assert intensity == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(covariance, (1 - expected) * sample + expected * mean * np.eye(6), rtol=1e-12)


def test_ledoit_wolf_with_more_shares_than_days_is_well_conditioned() -> None:
    covariance, intensity = ledoit_wolf(np.random.default_rng(2).normal(size=(20, 50)))
    assert 0.0 < intensity <= 1.0
    assert np.linalg.eigvalsh(covariance)[0] > 0.0


def test_ledoit_wolf_leaves_a_multiple_of_the_identity_alone() -> None:
    assert ledoit_wolf([[1.0], [-1.0], [3.0]])[1] == 0.0


@pytest.mark.parametrize("returns", [[1.0, 2.0], [[1.0, 2.0]], [[1.0], [float("nan")]]])
def test_ledoit_wolf_refuses_bad_returns(returns: list[float]) -> None:
    with pytest.raises(InputError):
        ledoit_wolf(returns)


@pytest.mark.parametrize("matrix", [[1.0], [[1.0, 2.0]], [[float("nan")]]])
def test_a_matrix_that_is_none_is_refused(matrix: list[float]) -> None:
    with pytest.raises(InputError):
        psd_factor(matrix)
    with pytest.raises(InputError):
        nearest_correlation(matrix)


@pytest.mark.parametrize(("n_rows", "n"), [(12, 4), (40, 8), (30, 25)])
def test_oas_is_where_its_recursion_comes_to_rest(n_rows: int, n: int) -> None:
    # Chen, Wiesel, Eldar, Hero (2010), equations 17 and 18: the oracle's formula with its own last estimate put in.
    returns = np.random.default_rng(n).normal(size=(n_rows, n)) * np.linspace(1.0, 4.0, n)
    sample = np.cov(returns.T, bias=True)
    target = np.trace(sample) / n * np.eye(n)
    intensity = 0.5
    for _ in range(10_000):
        estimate = (1 - intensity) * sample + intensity * target
        cross, square = np.trace(estimate @ sample), np.trace(estimate) ** 2
        intensity = ((1 - 2 / n) * cross + square) / ((n_rows + 1 - 2 / n) * cross + (1 - n_rows / n) * square)
    covariance, found = oas(returns)
    assert 0.0 < found < 1.0
    assert found == pytest.approx(intensity, rel=1e-9)
    np.testing.assert_allclose(covariance, estimate, rtol=1e-9)


def test_oas_of_normal_returns_errs_less_than_the_sample() -> None:
    rng, truth = np.random.default_rng(0), np.diag(np.linspace(0.5, 2.0, 10))
    errors = []
    for _ in range(50):
        returns = rng.normal(size=(15, 10)) * np.sqrt(np.diagonal(truth))
        errors.append([np.sum((m - truth) ** 2) for m in (oas(returns)[0], np.cov(returns.T, bias=True))])
    shrunk, plain = np.mean(errors, axis=0)
    assert shrunk < 0.5 * plain


def test_oas_leaves_a_multiple_of_the_identity_alone_and_refuses_bad_returns() -> None:
    assert oas([[1.0], [-1.0], [3.0]])[1] == 0.0
    with pytest.raises(InputError):
        oas([[1.0]])


@pytest.mark.parametrize("unit", [1e-12, 1e-4, 1e6])
def test_distance_and_intensity_do_not_depend_on_the_unit(unit: float) -> None:
    impossible = np.array([[1.0, 0.9, -0.9], [0.9, 1.0, 0.9], [-0.9, 0.9, 1.0]])
    whole, scaled = psd_factor(impossible), psd_factor(impossible * unit)
    assert scaled.distance == pytest.approx(whole.distance, rel=1e-9)
    assert whole.distance > 0.1
    assert (np.diagonal(scaled.lower) >= 0.0).all()
    assert psd_factor(np.zeros((2, 2))).distance == 0.0
    returns = np.random.default_rng(5).standard_t(4, (50, 4)) @ np.diag([1.0, 2.0, 3.0, 4.0])
    for shrink in (ledoit_wolf, oas):
        assert shrink(returns * unit)[1] == pytest.approx(shrink(returns)[1], rel=1e-9)


@pytest.mark.parametrize("shrink", [ledoit_wolf, oas])
def test_noise_alone_is_shrunk_entirely_and_no_further(shrink) -> None:  # type: ignore[no-untyped-def]
    covariance, intensity = shrink(np.random.default_rng(0).standard_t(4, (60, 8)))
    assert intensity == 1.0
    np.testing.assert_allclose(covariance, np.eye(8) * covariance[0, 0], atol=1e-15)


def test_twins_are_correlated_by_one_and_never_by_more() -> None:
    for seed in range(200):
        ewma = EwmaCovariance(3, 10.0)
        for value in np.random.default_rng(seed).normal(size=5):
            ewma.update([value, value * 0.3, -value * 0.7])
        correlation = ewma.correlation
        assert np.abs(correlation).max() == 1.0
        np.testing.assert_allclose(correlation, [[1, 1, -1], [1, 1, -1], [-1, -1, 1]], rtol=0, atol=1e-14)


def test_the_factors_of_an_old_version_are_forgotten_and_every_hit_is_counted() -> None:
    cache, made = FactorCache(), []

    def matrix() -> np.ndarray:
        made.append(1)
        return np.eye(2)

    for _ in range(3):
        cache.factor((1, "none", None), matrix)
    cache.factor((1, "none", (0, 1)), matrix)
    cache.factor((1, "none", None), matrix)
    assert (cache.hits, cache.misses, len(made)) == (3, 2, 2)
    cache.factor((2, "none", None), matrix)
    cache.factor((1, "none", None), matrix)
    assert (cache.hits, cache.misses, len(made)) == (3, 4, 4)
