"""The histogram whose bins stay where they are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskcore.distribution import distribution_of, nice_step


def test_every_scenario_is_counted_once_in_its_bin() -> None:
    pnl = np.random.default_rng(0).standard_normal(5_000) * 37.0
    histogram = distribution_of("monte_carlo", pnl, 37.0)
    counts, _ = np.histogram(pnl, bins=np.array(histogram.edges))
    assert histogram.counts == tuple(counts.tolist())
    assert sum(histogram.counts) == 5_000
    assert histogram.counts[0] > 0
    assert histogram.counts[-1] > 0


def test_bins_are_whole_multiples_of_a_round_width() -> None:
    pnl = np.random.default_rng(0).standard_normal(1_000)
    histogram = distribution_of("historical", pnl, 1.1)
    assert histogram.edges[1] - histogram.edges[0] == pytest.approx(0.2)
    assert 0.0 in histogram.edges
    assert 0.6 in histogram.edges  # the decimal itself, not 3 * 0.2 = 0.6000000000000001


def test_bins_do_not_move_when_risk_moves_a_little() -> None:
    pnl = np.random.default_rng(0).standard_normal(1_000)
    before = distribution_of("monte_carlo", 30.0 * pnl, 30.0)
    after = distribution_of("monte_carlo", 33.0 * pnl, 33.0)
    shared = set(before.edges) & set(after.edges)
    assert len(shared) == min(len(before.edges), len(after.edges))


def test_one_scenario_far_out_widens_bins_instead_of_making_thousands() -> None:
    pnl = np.append(np.random.default_rng(0).standard_normal(1_000), 1e7)
    assert len(distribution_of("monte_carlo", pnl, 1.0).counts) <= 200


def test_without_risk_there_is_nothing_to_show() -> None:
    assert distribution_of("monte_carlo", np.zeros(10), 0.0) is None
    assert distribution_of("historical", np.empty(0), 1.0) is None


@given(st.floats(1e-200, 1e200))
def test_step_is_the_largest_round_one_not_above(size: float) -> None:
    step = nice_step(size)
    assert step.digit in {1, 2, 5}
    assert step.times(1) <= size
    assert step.times(1) * 2.5 * (1 + 1e-12) >= size


@pytest.mark.parametrize(("size", "step"), [(1000.0, 1000.0), (999.9, 500.0), (0.3, 0.2), (0.001, 0.001), (7.0, 5.0)])
def test_steps_by_hand(size: float, step: float) -> None:
    assert nice_step(size).times(1) == step


def test_scenarios_further_apart_than_a_double_reaches_have_no_bins() -> None:
    assert distribution_of("historical", np.array([-1.7e308, 1.7e308]), 1.0) is None
