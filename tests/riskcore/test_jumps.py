from math import inf, nan

import numpy as np
import pytest

from riskcore.jumps import JumpFilter


@pytest.fixture
def jumps():
    found = JumpFilter(25.0, 30)
    found.learn(np.array([0.0001, 0.002, 0.01]), np.array([30, 40, 29]))
    return found


def test_the_limit_is_25_bar_deviations_at_least_2_percent_and_none_before_there_are_enough(jumps):
    assert jumps.limits == [0.02, 0.05, inf]


def test_a_spike_is_refused_by_the_price_after_it(jumps):
    assert jumps.judge(0, 1_000.0, 100.0, "spike") == ([], [])
    assert jumps.judge(0, 100.1, 100.0, "next") == (["next"], ["spike"])
    assert jumps.suspects == {}


def test_a_jump_that_the_next_price_confirms_is_believed_in_order(jumps):
    assert jumps.judge(0, 90.0, 100.0, "jump") == ([], [])
    assert jumps.judge(0, 90.5, 100.0, "next") == (["jump", "next"], [])


def test_a_second_spike_elsewhere_takes_the_place_of_the_first(jumps):
    jumps.judge(0, 1_000.0, 100.0, "first")
    assert jumps.judge(0, 10.0, 100.0, "second") == ([], ["first"])
    assert jumps.suspects[0] == (10.0, "second")


def test_an_instrument_without_a_price_has_nothing_to_jump_from(jumps):
    assert not abs(5.0 / nan - 1.0) > jumps.limits[0]


def test_new_instruments_may_do_anything(jumps):
    jumps.widen(5)
    assert jumps.limits[3:] == [inf, inf]
