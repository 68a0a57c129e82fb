from random import Random

from hypothesis import given
from hypothesis import strategies as st

from flows.feeds.backoff import Backoff


@given(st.integers(0, 2**32), st.integers(1, 80))
def test_waits_lie_between_the_floor_and_one_and_a_half_times_the_cap(seed, failures):
    backoff = Backoff(floor_s=1.0, cap_s=30.0, rng=Random(seed))
    waits = [backoff.next_s() for _ in range(failures)]
    assert min(waits) >= 1.0
    assert max(waits) <= 45.0


def test_waits_double_until_a_good_connection():
    backoff = Backoff(floor_s=1.0, cap_s=64.0, rng=Random(7))
    assert [2**n <= backoff.next_s() <= 1.5 * 2**n for n in range(6)] == [True] * 6
    backoff.reset()
    assert backoff.next_s() <= 1.5


def test_two_clients_do_not_come_back_in_step():
    one, other = Backoff(rng=Random(1)), Backoff(rng=Random(2))
    assert [one.next_s() for _ in range(5)] != [other.next_s() for _ in range(5)]
