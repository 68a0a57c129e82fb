"""Simulated P&L against its law."""

import numpy as np
import pytest
from scipy import stats

from riskcore import monte_carlo_pnl
from riskcore.errors import InputError

COVARIANCE = np.array([[4e-4, 1e-4], [1e-4, 1e-4]])
EXPOSURES = np.array([1e6, -5e5])
SIGMA = float(np.sqrt(EXPOSURES @ COVARIANCE @ EXPOSURES))


def test_normal_pnl_follows_its_law() -> None:
    pnl = monte_carlo_pnl(EXPOSURES, COVARIANCE, 20_000, seed=1)
    assert pnl.shape == (20_000,)
    assert stats.kstest(pnl / SIGMA, "norm").pvalue > 0.01


def test_student_pnl_follows_its_law_at_the_same_variance() -> None:
    pnl = monte_carlo_pnl(EXPOSURES, COVARIANCE, 20_000, seed=2, distribution="t", dof=4)
    assert stats.kstest(pnl / SIGMA * np.sqrt(2.0), "t", args=(4,)).pvalue > 0.01


def test_the_same_seed_is_the_same_market_for_every_book() -> None:
    other = np.array([3e5, 7e5])
    both = monte_carlo_pnl(EXPOSURES + other, COVARIANCE, 500, seed=3)
    apart = monte_carlo_pnl(EXPOSURES, COVARIANCE, 500, seed=3) + monte_carlo_pnl(other, COVARIANCE, 500, seed=3)
    np.testing.assert_allclose(both, apart, rtol=0, atol=1e-9 * SIGMA)


def test_seeds_differ_and_repeat() -> None:
    first = monte_carlo_pnl(EXPOSURES, COVARIANCE, 100, seed=4)
    np.testing.assert_array_equal(first, monte_carlo_pnl(EXPOSURES, COVARIANCE, 100, seed=4))
    assert not np.allclose(first, monte_carlo_pnl(EXPOSURES, COVARIANCE, 100, seed=5))


def test_a_hedged_book_is_flat_and_a_singular_covariance_works() -> None:
    twins = np.full((2, 2), 1e-4)
    assert np.abs(monte_carlo_pnl([1e6, -1e6], twins, 1_000, seed=1)).max() < 1e-6
    assert np.std(monte_carlo_pnl([1e6, 1e6], twins, 5_000, seed=1)) == pytest.approx(2e4, rel=0.04)


def test_chunks_do_not_show() -> None:
    many = 3_000
    covariance = np.eye(many) * 1e-4
    pnl = monte_carlo_pnl(np.ones(many), covariance, 1_000, seed=6)
    assert np.std(pnl) == pytest.approx(np.sqrt(many) * 0.01, rel=0.08)
    assert len(np.unique(pnl)) == 1_000


@pytest.mark.parametrize(
    "changed",
    [
        {"n_paths": 0},
        {"seed": -1},
        {"exposures": [1.0]},
        {"exposures": [1.0, float("nan")]},
        {"distribution": "t"},
        {"distribution": "t", "dof": 2.0},
        {"distribution": "laplace"},
    ],
)
def test_bad_input_is_refused(changed: dict[str, object]) -> None:
    given: dict[str, object] = {"exposures": EXPOSURES, "covariance": COVARIANCE, "n_paths": 10, "seed": 1}
    with pytest.raises(InputError):
        monte_carlo_pnl(**(given | changed))  # type: ignore[arg-type]
