from hypothesis import given
from hypothesis import strategies as st

from flows.actors.clock_offset import MAX_AHEAD, SECOND, TOLERANCE, ClockOffset


def _after(differences: list[int], per_second: int = 10) -> ClockOffset:
    clock = ClockOffset()
    for number, difference in enumerate(differences):
        clock.observe(difference, number * SECOND // per_second)
    return clock


def test_nothing_is_known_before_the_first_tick():
    assert (ClockOffset().offset, ClockOffset().tolerance) == (0, TOLERANCE)


def test_the_first_tick_is_believed_at_once():
    assert _after([-40_000_000]).offset == -40_000_000


def test_a_venue_ahead_of_us_widens_what_is_no_future():
    clock = _after([1_270_000_000] * 30)
    assert clock.offset == 1_270_000_000
    assert clock.tolerance == TOLERANCE + 1_270_000_000


def test_a_venue_behind_us_does_not_narrow_it():
    assert _after([-3 * SECOND] * 30).tolerance == TOLERANCE


def test_a_single_wrong_stamp_moves_nothing():
    differences = [-50_000_000] * 40
    differences[15] = 4_900_000_000
    assert _after(differences).offset == -50_000_000


def test_a_burst_of_old_ticks_moves_nothing():
    clock = _after([-50_000_000] * 30)
    for _ in range(500):
        clock.observe(-30 * SECOND, 4 * SECOND)
    clock.observe(-50_000_000, 5 * SECOND)
    assert clock.offset == -50_000_000


def test_what_was_believed_is_forgotten_after_a_minute():
    clock = _after([1_000_000_000] * 20 + [-50_000_000] * 700)
    assert clock.offset == -50_000_000


@given(st.lists(st.integers(-(10**12), 10**12), max_size=200))
def test_the_venue_is_never_believed_to_be_far_ahead(differences: list[int]):
    clock = _after(differences)
    assert clock.offset <= MAX_AHEAD
    assert TOLERANCE <= clock.tolerance <= TOLERANCE + MAX_AHEAD


@given(st.lists(st.integers(-(10**10), 10**9), max_size=80), st.integers(0, 80))
def test_a_restored_estimate_goes_on_as_before(differences: list[int], cut: int):
    clock = ClockOffset.restore(_after(differences[:cut]).state())
    for number, difference in enumerate(differences[cut:], cut):
        clock.observe(difference, number * SECOND // 10)
    assert clock.state() == _after(differences).state()
