"""The rolling covariance against numpy's, after every step."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from riskcore import RollingCovariance
from riskcore.errors import InputError


def two_pass(rows: np.ndarray) -> np.ndarray:
    """np.cov in long double."""
    centred = rows.astype(np.longdouble) - rows.astype(np.longdouble).mean(axis=0)
    return np.asarray(centred.T @ centred / max(len(rows) - 1, 1), dtype=float)


def test_outliers_that_left_leave_no_trace_pandas_66678() -> None:
    x, y = [1, 2, 1e12, 1e7, 6, 5, 8, 7], [2, 1, 3, -1e12, 4, 7, 6, 9]
    rolling = RollingCovariance(2, 3)
    for row in zip(x, y, strict=True):
        rolling.update(row)
    assert rolling.covariance[0, 1] == pytest.approx(-0.333333333333, abs=1e-12)
    assert rolling.correlation[0, 1] == pytest.approx(-0.142857142857, abs=1e-12)


@pytest.mark.parametrize("series", [[1e5, 0, 0, 0, 0], [9.45] * 5], ids=["after an outlier", "from the start"])
def test_constant_series_pandas_24019(series: list[float]) -> None:
    rolling = RollingCovariance(2, 3)
    for t, value in enumerate(series):
        rolling.update([value, float(t)])
    assert rolling.covariance[0].tolist() == [0.0, 0.0]
    assert np.isnan(rolling.correlation[0]).all()
    assert rolling.correlation[1, 1] == 1.0


values = st.one_of(st.integers(-9, 9).map(float), st.sampled_from([1e7, -1e9, 1e-7, 9.45]))


@given(st.integers(2, 6), st.integers(1, 40).flatmap(lambda t: arrays(float, (t, 2), elements=values)))
def test_every_step_equals_two_passes_over_the_window(window: int, rows: np.ndarray) -> None:
    rolling = RollingCovariance(2, window)
    for t, row in enumerate(rows):
        rolling.update(row)
        expected = two_pass(rows[max(t + 1 - window, 0) : t + 1])
        # Errors are relative to the two variances, as those of any stable method.
        scale = np.sqrt(np.outer(np.diagonal(expected), np.diagonal(expected)))
        assert (np.abs(rolling.covariance - expected) <= 1e-10 * scale + 1e-15 * np.max(scale)).all()


gappy = st.one_of(st.floats(-1, 1).map(lambda x: round(x, 3)), st.just(float("nan")))


@given(arrays(float, (25, 3), elements=gappy))
def test_missing_returns_leave_it_positive_semi_definite_and_variances_right(rows: np.ndarray) -> None:
    rolling = RollingCovariance(3, 8)
    for t, row in enumerate(rows):
        rolling.update(row)
        window = rows[max(t - 7, 0) : t + 1]
        for i in range(3):
            own = window[~np.isnan(window[:, i]), i]
            expected = float(np.var(own, ddof=1)) if len(own) > 1 else 0.0
            assert rolling.covariance[i, i] == pytest.approx(expected, rel=1e-9, abs=1e-14)
        assert np.linalg.eigvalsh(rolling.covariance)[0] >= -1e-12


def test_a_hole_that_left_the_window_is_forgotten() -> None:
    rng = np.random.default_rng(4)
    rows = rng.normal(size=(30, 2))
    rows[10, 0] = np.nan
    rolling = RollingCovariance(2, 5)
    for row in rows:
        rolling.update(row)
    np.testing.assert_allclose(rolling.covariance, np.cov(rows[-5:].T), rtol=1e-12)
    np.testing.assert_allclose(rolling.volatility, np.std(rows[-5:], axis=0, ddof=1), rtol=1e-12)
    assert rolling.drift < 1e-12  # the sums of before the hole were thrown away, not slid on
    _, _, incomplete = rolling.arrays()["counters"]
    assert incomplete == 0


@pytest.mark.parametrize("level", [0.1, 9.45])
def test_a_constant_series_has_no_variance_while_another_has_a_hole(level: float) -> None:
    rolling = RollingCovariance(2, 6)
    for value in (0.01, np.nan, 0.03):
        rolling.update([level, value])
    assert rolling.covariance[0].tolist() == [0.0, 0.0]
    assert rolling.covariance[1, 1] == pytest.approx(0.0002, rel=1e-12)


def test_a_late_listing_is_one_whose_returns_were_missing_until_then() -> None:
    rows = np.random.default_rng(12).normal(size=(40, 4))
    rows[:9, 2:] = np.nan
    late, known = RollingCovariance(2, 7), RollingCovariance(4, 7)
    for bar, row in enumerate(rows):
        if bar == 9:
            before = late.snapshot()
            late.add(0)
            assert late.snapshot() == before
            late.add(2)
            np.testing.assert_array_equal(late.covariance, known.covariance)
        late.update(row if bar >= 9 else row[:2])
        known.update(row)
        n = 2 if bar < 9 else 4
        np.testing.assert_allclose(late.covariance, known.covariance[:n, :n], rtol=1e-12)
        np.testing.assert_array_equal(late.counts, known.counts[:n])
    np.testing.assert_allclose(late.covariance, two_pass(rows[-7:]), rtol=1e-12)
    assert late.drift < 1e-12


def test_tiny_returns_around_a_huge_level_keep_their_variance() -> None:
    # M6: level 1e9, moves 1e-3; E[x²] - E[x]² would give -128 here.
    rng = np.random.default_rng(8)
    rows = 1e9 + rng.integers(-8, 9, size=(300, 1)) * 2.0**-10
    rolling = RollingCovariance(1, 50)
    for row in rows:
        rolling.update(row)
    assert rolling.covariance[0, 0] == pytest.approx(two_pass(rows[-50:])[0, 0], rel=1e-9)


def test_drift_of_a_long_stream_is_measured_and_tiny() -> None:
    rng = np.random.default_rng(9)
    rolling = RollingCovariance(3, 40)
    for row in rng.standard_t(3, size=(2_000, 3)):
        rolling.update(row)
    assert 0.0 < rolling.drift < 1e-12


def test_drift_does_not_depend_on_the_unit() -> None:
    rows = np.random.default_rng(9).standard_t(3, size=(500, 3))
    whole, small = RollingCovariance(3, 40), RollingCovariance(3, 40)
    for row in rows:
        whole.update(row)
        small.update(row * 2.0**-12)  # exact, so are its squares
    assert small.drift == whole.drift > 0.0


def test_bad_input_is_refused() -> None:
    with pytest.raises(InputError):
        RollingCovariance(2, 1)
    with pytest.raises(InputError):
        RollingCovariance(2, 5).update([1.0])
    with pytest.raises(InputError):
        RollingCovariance(1, 5).update([np.inf])


@pytest.mark.parametrize("hole", [False, True])
def test_state_restored_in_mid_stream_goes_on_to_the_same_bits(hole: bool) -> None:
    rows = np.random.default_rng(10).normal(size=(60, 3))
    if hole:
        rows[18, 1] = np.nan
    rolling = RollingCovariance(3, 7)
    for row in rows[:20]:
        rolling.update(row)
    copy = RollingCovariance.restore(rolling.snapshot())
    for row in rows[20:]:
        rolling.update(row)
        copy.update(row)
        np.testing.assert_array_equal(rolling.covariance, copy.covariance)
    assert rolling.snapshot() == copy.snapshot()
