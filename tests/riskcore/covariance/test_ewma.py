"""The exponentially weighted covariance against published steps and a weighted sum over the whole history."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from riskcore import EwmaCovariance
from riskcore.errors import InputError


def half_life_of(decay: float) -> float:
    return float(np.log(0.5) / np.log(decay))


def weighted_sums(rows: np.ndarray, decay: float) -> np.ndarray:
    """Σ_ij = Σ_t λ^(T-t) r_ti r_tj / sqrt(Σ_t λ^(T-t) [i] · Σ_t λ^(T-t) [j]), in long double: no recursion."""
    weights = np.longdouble(decay) ** np.arange(len(rows) - 1, -1, -1, dtype=np.longdouble)
    present = ~np.isnan(rows)
    clean = np.where(present, rows, 0).astype(np.longdouble)
    mass = (weights[:, None] * present).sum(axis=0)
    root = np.sqrt(np.where(mass > 0, mass, 1))
    return np.asarray(((weights[:, None] * clean).T @ clean) / root[:, None] / root, dtype=float)


def test_variance_step_of_hull_example_5_2() -> None:
    # Hull, Risk Management and Financial Institutions: λ = 0.90, σ = 1 %, the market moves 2 %: 0.00013.
    ewma = EwmaCovariance(1, half_life_of(0.90), initial=[[0.01**2]])
    ewma.update([0.02])
    assert ewma.covariance[0, 0] == pytest.approx(0.00013, rel=1e-12)


def test_covariance_step_of_hull_example_6_1() -> None:
    # λ = 0.95, ρ = 0.6, σ 1 % and 2 %, moves 0.5 % and 2.5 %.
    ewma = EwmaCovariance(2, half_life_of(0.95), initial=[[1e-4, 1.2e-4], [1.2e-4, 4e-4]])
    ewma.update([0.005, 0.025])
    expected = [[0.00009625, 0.00012025], [0.00012025, 0.00041125]]
    np.testing.assert_allclose(ewma.covariance, expected, rtol=1e-12)


def returns_with_gaps(n: int) -> st.SearchStrategy[np.ndarray]:
    value = st.one_of(st.floats(-0.2, 0.2).map(lambda x: round(x, 6)), st.just(float("nan")))
    return st.integers(1, 40).flatmap(lambda t: arrays(float, (t, n), elements=value))


@given(returns_with_gaps(3), st.sampled_from([0.7, 3.0, 60.0]))
def test_every_step_equals_the_weighted_sum_over_the_history(rows: np.ndarray, half_life: float) -> None:
    ewma = EwmaCovariance(3, half_life)
    for t, row in enumerate(rows):
        ewma.update(row)
        expected = weighted_sums(rows[: t + 1], ewma.decay)
        scale = float(np.abs(np.nan_to_num(rows)).max()) ** 2
        np.testing.assert_allclose(ewma.covariance, expected, rtol=1e-11, atol=1e-13 * scale)


@given(returns_with_gaps(4))
def test_it_stays_symmetric_and_positive_semi_definite_whatever_is_missing(rows: np.ndarray) -> None:
    ewma = EwmaCovariance(4, 5.0)
    for row in rows:
        ewma.update(row)
    covariance = ewma.covariance
    np.testing.assert_array_equal(covariance, covariance.T)
    assert np.linalg.eigvalsh(covariance)[0] >= -1e-12 * np.trace(covariance)
    np.testing.assert_allclose(ewma.volatility, np.sqrt(np.diagonal(covariance)), rtol=1e-12, atol=0)


def test_a_night_without_returns_keeps_the_volatility_of_a_closed_share() -> None:
    rng = np.random.default_rng(1)
    ewma = EwmaCovariance(2, 60.0)
    for row in rng.normal(size=(500, 2)) * 0.001:
        ewma.update(row)
    before = ewma.volatility[0]
    for value in rng.normal(size=20_000) * 0.001:
        ewma.update([np.nan, value])
    assert ewma.volatility[0] == pytest.approx(before, rel=1e-9)
    ewma.update([0.002, 0.001])
    assert np.isfinite(ewma.covariance).all()


def test_weights_renormalised_before_underflow_change_no_figure() -> None:
    # A half-life of one tenth of a bar underflows in some hundred bars; the oracle is the last return alone.
    ewma = EwmaCovariance(2, 0.1)
    ewma.update([0.03, 0.01])
    for _ in range(1_000):
        ewma.update([np.nan, 0.01])
    assert ewma.volatility == pytest.approx([0.03, 0.01], rel=1e-9)
    assert (ewma.weights > 1e-250).all()
    ewma.update([0.05, 0.01])
    assert ewma.volatility[0] == pytest.approx(0.05, rel=1e-3)  # what remains is λ = 2⁻¹⁰ of the past


def test_all_instruments_closed_for_ever_does_not_underflow() -> None:
    ewma = EwmaCovariance(1, 0.1)
    ewma.update([0.03])
    for _ in range(2_000):
        ewma.update([np.nan])
    assert ewma.volatility[0] == pytest.approx(0.03, rel=1e-9)
    assert ewma.full_weight > 0.0


def test_a_late_listing_has_the_volatility_of_its_own_history() -> None:
    rng = np.random.default_rng(2)
    old, new = EwmaCovariance(1, 20.0), EwmaCovariance(1, 20.0)
    for value in rng.normal(size=50):
        old.update([value])
    old.add(1)
    for row in rng.normal(size=(10, 2)):
        old.update(row)
        new.update(row[1:])
    assert old.volatility[1] == pytest.approx(new.volatility[0], rel=1e-12)
    assert old.observations.tolist() == [60, 10]


def test_correlation_is_undefined_not_infinite_without_variance() -> None:
    ewma = EwmaCovariance(3, 10.0)
    for value in (0.01, -0.02):
        ewma.update([value, 0.0, -value])
    correlation = ewma.correlation
    assert np.isnan(correlation[1]).all()
    assert np.isnan(correlation[:, 1]).all()
    assert correlation[0, 2] == pytest.approx(-1.0, abs=1e-15)
    assert np.diagonal(correlation)[[0, 2]].tolist() == [1.0, 1.0]


def test_before_any_return_the_covariance_is_zero() -> None:
    ewma = EwmaCovariance(2, 10.0)
    assert not ewma.covariance.any()
    ewma.update([np.nan, np.nan])
    assert not ewma.volatility.any()


def test_a_missing_return_touches_no_other_instrument() -> None:
    rng = np.random.default_rng(5)
    whole, holed = EwmaCovariance(3, 10.0), EwmaCovariance(3, 10.0)
    for t, row in enumerate(rng.normal(size=(30, 3))):
        whole.update(row)
        holed.update(np.where([False, t % 3 == 0, False], np.nan, row))
    rest = np.ix_([0, 2], [0, 2])
    np.testing.assert_array_equal(whole.covariance[rest], holed.covariance[rest])


def test_state_restored_in_mid_stream_goes_on_to_the_same_bits() -> None:
    rng = np.random.default_rng(6)
    rows = rng.normal(size=(40, 3))
    ewma = EwmaCovariance(3, 10.0)
    for row in rows[:20]:
        ewma.update(row)
    copy = EwmaCovariance.restore(ewma.snapshot())
    for row in rows[20:]:
        ewma.update(row)
        copy.update(row)
    np.testing.assert_array_equal(ewma.covariance, copy.covariance)
    assert copy.version == ewma.version


@pytest.mark.parametrize("row", [[0.1], [[0.1, 0.2]], [0.1, np.inf]])
def test_a_bad_row_is_refused(row: list[float]) -> None:
    with pytest.raises(InputError):
        EwmaCovariance(2, 10.0).update(row)


def test_a_covariance_to_start_from_counts_as_a_history_without_a_gap() -> None:
    ewma = EwmaCovariance(2, 10.0, initial=[[4.0, 1.0], [1.0, 9.0]])
    assert ewma.relative_correction.tolist() == [1.0, 1.0]
    for bar in range(30):
        ewma.update([0.5, np.nan if bar % 2 else -1.0])
        assert ewma.relative_correction[0] == 1.0
        assert ewma.relative_correction[1] > 1.0 or bar == 0
    weight = ewma.decay**30
    assert ewma.covariance[0, 0] == pytest.approx(4.0 * weight + 0.25 * (1.0 - weight), rel=1e-12)


@pytest.mark.parametrize("unit", [1e-8, 1.0, 1e6])
def test_a_singular_covariance_may_be_started_from_an_indefinite_one_not(unit: float) -> None:
    twins = np.array([[1.0, 1.0], [1.0, 1.0]]) * unit
    np.testing.assert_allclose(EwmaCovariance(2, 10.0, initial=twins).covariance, twins, rtol=1e-15)
    with pytest.raises(InputError, match="negative variance"):
        EwmaCovariance(2, 10.0, initial=np.array([[1.0, 1.1], [1.1, 1.0]]) * unit)


def test_bad_settings_are_refused() -> None:
    with pytest.raises(InputError):
        EwmaCovariance(2, 0.0)
    with pytest.raises(InputError, match=r"^a half-life is one real number"):
        EwmaCovariance(2, "soon")
    with pytest.raises(InputError):
        EwmaCovariance(2, 10.0, initial=[[1.0]])


def test_every_bar_and_every_listing_makes_a_new_version() -> None:
    ewma, versions = EwmaCovariance(1, 10.0), [0]
    for n in (1, 2, 3):
        for _ in range(2):
            ewma.update(np.full(n, 0.01))
            versions.append(ewma.version)
        ewma.add(1)
        versions.append(ewma.version)
    ewma.forget(0)
    versions.append(ewma.version)
    assert versions == list(range(11))
    assert ewma.observations.dtype == np.int64


def test_a_bar_without_any_return_leaves_those_who_miss_no_other_uncorrected() -> None:
    # Through the renormalisation of their weights, and the other share closed half the time.
    ewma = EwmaCovariance(2, 1.0)
    for bar in range(300):
        ewma.update([np.nan, np.nan] if bar % 3 else [0.01, 0.02 if bar % 2 else np.nan])
        assert ewma.relative_correction[0] == 1.0
    for _ in range(200):
        ewma.update([np.nan, np.nan])
        assert ewma.relative_correction[0] == 1.0
    assert ewma.volatility[0] == pytest.approx(0.01, rel=1e-9)


def test_only_what_has_a_weight_is_renormalised() -> None:
    ewma, seen = EwmaCovariance(3, 1.0), []
    for bar in range(140):
        returns = np.array([0.01, 0.01 if bar == 0 else 0.0, 0.0])
        light = ewma.step(returns, np.array([True, bar == 0, False]))
        seen.append(light.tolist())
    assert [light for light in seen if light] == [[1], [1]]
