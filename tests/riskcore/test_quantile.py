"""The order-statistic rule against its definition, in exact arithmetic."""

from fractions import Fraction
from math import ceil, fsum

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskcore import expected_shortfall, value_at_risk
from riskcore.errors import InputError
from riskcore.quantile import tail_rank, tail_risks, weighted_tail_risks

losses = st.lists(st.floats(-1e6, 1e6).map(lambda x: round(x, 3)), min_size=1, max_size=60)
confidences = st.sampled_from([0.5, 0.9, 0.95, 0.975, 0.99, 0.999])


def by_definition(pnl: list[float], confidence: float, weights: list[float] | None = None) -> tuple[float, float]:
    """Smallest loss with P(L <= x) >= α, and the mean of the worst 1 - α, walking down the losses in fractions."""
    n = len(pnl)
    alpha = Fraction(str(confidence))
    mass = [Fraction(1, n)] * n if weights is None else [Fraction(w) / sum(map(Fraction, weights)) for w in weights]
    ranked = sorted(zip((-x for x in pnl), mass, strict=True))
    tolerance = Fraction(1, 10**12)
    at_risk = next(x for x, _ in ranked if sum(m for loss, m in ranked if loss <= x) >= alpha - tolerance)
    beyond = [(loss, m) for loss, m in ranked if loss > at_risk]
    rest = 1 - alpha - sum(m for _, m in beyond)
    total = sum((Fraction(loss) * m for loss, m in beyond), rest * Fraction(at_risk))
    return at_risk, float(total / (1 - alpha))


@given(losses, confidences)
def test_value_at_risk_and_shortfall_are_those_of_the_definition(pnl: list[float], confidence: float) -> None:
    at_risk, shortfall = by_definition(pnl, confidence)
    scale = max(map(abs, pnl), default=0.0)
    assert value_at_risk(pnl, confidence) == at_risk
    assert expected_shortfall(pnl, confidence) == pytest.approx(shortfall, rel=1e-12, abs=1e-11 * scale)


@given(st.lists(st.tuples(st.integers(-50, 50), st.integers(0, 9)), min_size=1, max_size=40), confidences)
def test_weighted_scenarios_follow_the_definition_through_ties_and_zero_weights(
    rows: list[tuple[int, int]], confidence: float
) -> None:
    pnl, weights = [float(x) for x, _ in rows], [float(w) for _, w in rows]
    if not any(weights):
        weights[0] = 1.0
    at_risk, shortfall = by_definition(pnl, confidence, weights)
    assert value_at_risk(pnl, confidence, weights) == at_risk
    assert expected_shortfall(pnl, confidence, weights) == pytest.approx(shortfall, rel=1e-10, abs=1e-9)


@given(losses, confidences)
def test_equal_weights_given_or_not_are_the_same(pnl: list[float], confidence: float) -> None:
    weights = np.full(len(pnl), 1.0 / len(pnl))
    assert value_at_risk(pnl, confidence, weights) == value_at_risk(pnl, confidence)
    assert expected_shortfall(pnl, confidence, weights) == pytest.approx(
        expected_shortfall(pnl, confidence), rel=1e-9, abs=1e-6
    )


@pytest.mark.parametrize("confidence", ["0.9", "0.95", "0.975", "0.99", "0.995", "0.999"])
def test_rank_is_the_exact_ceiling_for_every_size_up_to_ten_thousand(confidence: str) -> None:
    exact = Fraction(confidence)
    wrong = [n for n in range(1, 10_001) if n - tail_rank(n, float(confidence)) != max(ceil(n * exact), 1)]
    assert not wrong


@given(losses, confidences)
def test_shortfall_is_never_below_value_at_risk(pnl: list[float], confidence: float) -> None:
    assert expected_shortfall(pnl, confidence) >= value_at_risk(pnl, confidence)


@given(losses, confidences, st.sampled_from([0.5, 2.0, 1024.0]))
def test_scaling_a_book_scales_its_risk(pnl: list[float], confidence: float, factor: float) -> None:
    scaled = [factor * x for x in pnl]
    assert value_at_risk(scaled, confidence) == factor * value_at_risk(pnl, confidence)
    assert expected_shortfall(scaled, confidence) == pytest.approx(
        factor * expected_shortfall(pnl, confidence), rel=1e-12, abs=1e-300
    )


@given(st.lists(st.tuples(st.integers(-999, 999), st.integers(-999, 999)), min_size=1, max_size=50), confidences)
def test_shortfall_of_a_sum_is_at_most_the_sum_of_shortfalls(pairs: list[tuple[int, int]], confidence: float) -> None:
    first, second = np.array(pairs, dtype=float).T
    apart = expected_shortfall(first, confidence) + expected_shortfall(second, confidence)
    assert expected_shortfall(first + second, confidence) <= apart + 1e-9


@given(losses, st.lists(confidences, min_size=1, max_size=4))
def test_many_confidences_from_one_selection_are_the_single_ones(pnl: list[float], several: list[float]) -> None:
    scenarios = np.array(pnl)
    kept = scenarios.copy()
    for tail in tail_risks(scenarios, several):
        assert tail.value_at_risk == value_at_risk(pnl, tail.confidence)
        assert tail.expected_shortfall == pytest.approx(expected_shortfall(pnl, tail.confidence), rel=1e-12, abs=1e-9)
        assert (tail.value_at_risk_stderr, tail.expected_shortfall_stderr) == (None, None)  # not asked for
    np.testing.assert_array_equal(scenarios, kept)


def test_no_risk_is_zero_and_not_minus_zero() -> None:
    for result in (value_at_risk([0.0] * 10, 0.99), expected_shortfall([0.0] * 10, 0.99)):
        assert str(result) == "0.0"
    assert str(tail_risks(np.zeros(10), [0.99])[0].value_at_risk) == "0.0"


def test_mean_of_the_tail_with_a_fraction_at_value_at_risk_by_hand() -> None:
    # 10 scenarios at 75 %: the worst two whole and half of the third, (10 + 8 + 6/2) / 2.5.
    pnl = [-10.0, -8.0, -6.0, *[1.0] * 7]
    assert value_at_risk(pnl, 0.75) == 6.0
    assert expected_shortfall(pnl, 0.75) == pytest.approx(fsum([10, 8, 3]) / 2.5, rel=1e-15)


@pytest.mark.parametrize(
    ("pnl", "confidence", "weights"),
    [
        ([], 0.99, None),
        ([[1.0]], 0.99, None),
        ([1.0, float("nan")], 0.99, None),
        ([float("inf")], 0.99, None),
        ([1.0], 1.0, None),
        ([1.0], 0.0, None),
        ([1.0], float("nan"), None),
        ([1.0, 2.0], 0.9, [1.0]),
        ([1.0, 2.0], 0.9, [2.0, -1.0]),
        ([1.0, 2.0], 0.9, [0.0, 0.0]),
        ([1.0, 2.0], 0.9, [1.0, float("nan")]),
    ],
)
def test_bad_input_is_refused(pnl: list[float], confidence: float, weights: list[float] | None) -> None:
    with pytest.raises(InputError):
        value_at_risk(pnl, confidence, weights)


@given(st.lists(st.tuples(st.integers(-50, 50).map(float), st.floats(1e-6, 1.0)), min_size=1, max_size=80))
def test_several_confidences_of_weighted_scenarios_are_those_one_by_one(drawn: list[tuple[float, float]]) -> None:
    pnl, weights = np.array(drawn).T
    levels = (0.5, 0.9, 0.99)
    for level, got in zip(levels, weighted_tail_risks(pnl, weights / weights.sum(), levels), strict=True):
        right = value_at_risk(pnl, level, weights), expected_shortfall(pnl, level, weights)
        assert got[1:3] == pytest.approx(right, rel=1e-12, abs=1e-12)
        assert got.confidence == level


def test_a_tail_of_nearly_no_weight_is_followed_down_as_far_as_it_takes() -> None:
    pnl = np.arange(1_000.0)
    weights = 0.9 ** np.arange(999.0, -1.0, -1.0)
    weights /= weights.sum()
    assert weighted_tail_risks(pnl, weights, (0.5,))[0].value_at_risk == value_at_risk(pnl, 0.5, weights)


def test_a_tail_much_lighter_than_the_rest_is_widened_until_it_is_heavy_enough() -> None:
    # The worst 500 of 1,000 scenarios weigh a hundredth of the others: of the first guess, twice the tail's count, all
    # are light, and so are those of the next few.
    pnl = np.arange(1_000.0)
    weights = np.where(pnl < 500.0, 0.01, 1.0)
    weights /= weights.sum()
    for level in (0.9, 0.975, 0.99):
        right = value_at_risk(pnl, level, weights), expected_shortfall(pnl, level, weights)
        assert right[0] < 0.0
        assert weighted_tail_risks(pnl, weights, (level, 0.99))[0][1:3] == pytest.approx(right, rel=1e-12)


def test_the_error_of_shortfall_is_the_deviation_of_its_influence_function() -> None:
    # Over the whole sample, by numpy's own standard deviation: (L - VaR)+ / (1 - α) of each scenario.
    pnl = np.random.default_rng(3).standard_t(4, 5_000)
    for tail in tail_risks(pnl, (0.5, 0.95), errors=True):
        influence = np.maximum(-pnl - tail.value_at_risk, 0.0) / (1.0 - tail.confidence)
        assert tail.expected_shortfall_stderr == pytest.approx(np.std(influence) / len(pnl) ** 0.5, rel=1e-9)


def test_scenarios_whose_sum_is_beyond_a_double_are_finite_all_the_same() -> None:
    huge = [-1.5e308, -1.5e308, 1.0]
    assert value_at_risk(huge, 0.5) == 1.5e308
    with pytest.raises(InputError):
        value_at_risk([np.inf, -np.inf, 1.0], 0.5)


_DRAWN = np.random.default_rng(6).standard_t(3, 6_400)
_EVERY_32ND = np.arange(6_400) % 32 == 0


@pytest.mark.parametrize(
    "pnl",
    [
        _DRAWN,
        np.sort(_DRAWN),
        np.sort(_DRAWN)[::-1].copy(),
        np.where(_EVERY_32ND, np.abs(_DRAWN), -np.abs(_DRAWN)),
        np.where(_EVERY_32ND, -10.0 - np.abs(_DRAWN), _DRAWN),
        np.round(_DRAWN),
        np.zeros(6_400),
    ],
    ids=["drawn", "rising", "falling", "sampled none", "sampled alone", "tied", "all the same"],
)
def test_a_long_vector_has_the_tail_of_its_full_sort_in_whatever_order_it_comes(pnl: np.ndarray) -> None:
    before, ranked, levels = pnl.copy(), np.sort(pnl), (0.5, 0.95, 0.975, 0.99)
    for n in (6_400, 2_081, 2_080):
        for level, got in zip(levels, tail_risks(pnl[:n], levels), strict=True):
            assert (got.value_at_risk, got.expected_shortfall) == tail_risks(pnl[:n], (level,))[0][1:3]
            assert got.value_at_risk == value_at_risk(pnl[:n], level)
            assert got.expected_shortfall == pytest.approx(expected_shortfall(pnl[:n], level), rel=1e-12)
    assert tail_risks(pnl, (0.99,))[0].value_at_risk == -ranked[64]
    np.testing.assert_array_equal(pnl, before)
