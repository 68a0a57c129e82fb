"""How near a covariance is to being singular, against numpy's condition number by singular values."""

import numpy as np
import pytest

from riskcore.covariance.conditioning import conditioning_of


@pytest.mark.parametrize("n", [1, 2, 6])
def test_it_is_the_condition_of_the_correlation_whatever_the_units(n: int) -> None:
    rows = np.random.default_rng(n).normal(size=(40, n)) + np.random.default_rng(9).normal(size=(40, 1))
    covariance = np.cov(rows.T).reshape(n, n)
    right = np.linalg.cond(np.corrcoef(rows.T).reshape(n, n))
    units = np.logspace(-6, 3, n)
    for each in (covariance, covariance * np.outer(units, units)):
        found = conditioning_of(each)
        assert found.number == pytest.approx(right, rel=1e-9)
        assert found.largest / found.smallest == pytest.approx(right, rel=1e-9)
        assert found.largest + (n > 1) * found.smallest <= n + 1e-12


def test_instruments_that_do_not_move_are_left_out() -> None:
    found = conditioning_of(np.array([[4.0, 0.0, 1.0], [0.0, 0.0, 0.0], [1.0, 0.0, 1.0]]))
    assert found == pytest.approx((0.5, 1.5, 3.0), rel=1e-12)
    assert conditioning_of(np.zeros((3, 3))) == (0.0, 0.0, None)
    assert conditioning_of(np.zeros((0, 0))) == (0.0, 0.0, None)


def test_twins_have_no_number_and_near_twins_one_that_is_large() -> None:
    twins = conditioning_of(np.array([[1.0, 2.0], [2.0, 4.0]]))
    assert twins.number is None
    assert twins.largest == pytest.approx(2.0, rel=1e-12)
    near = 1.0 - 1e-11  # eigenvalues 1 ± near
    assert conditioning_of(np.array([[1.0, near], [near, 1.0]])).number == pytest.approx(2e11, rel=1e-4)
    nearer = 1.0 - 1e-13
    assert conditioning_of(np.array([[1.0, nearer], [nearer, 1.0]])).number is None
