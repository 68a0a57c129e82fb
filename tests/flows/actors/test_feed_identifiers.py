"""Identifiers against an oracle that keeps every one in a set."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.actors.identifiers import JITTER, MAX_IDENTIFIER, MAX_JUMP, MAX_RANGES, RESTART_BELOW, Rising, Series


def _admit(series: Series, identifiers: list[int], price: float = 1.0) -> list[object]:
    return [series.admit(identifier, price, 0) for identifier in identifiers]


def test_numbers_in_order_are_new_and_leave_no_gap():
    assert _admit(Series(4), [7, 8, 9]) == [None, None, None]


def test_a_hole_is_told_at_once_with_its_exact_range():
    assert _admit(Series(4), [1, 2, 6, 7, 9]) == [None, None, (3, 5), None, (8, 8)]


def test_what_was_missing_is_new_once_and_heals():
    series = Series(4)
    assert _admit(series, [1, 5, 3, 3, 2, 4, 4]) == [None, (2, 4), None, "repeated", None, None, "repeated"]
    assert series.healed == 3


def test_what_came_before_the_first_is_new_once_and_no_healed_gap():
    series = Series(4)
    assert _admit(series, [100, 99, 99, 50]) == [None, None, "repeated", None]
    assert series.healed == 0


def test_a_repeat_with_another_price_is_a_conflict():
    series = Series(4)
    _admit(series, [1, 2])
    assert series.admit(2, 1.5, 0) == "conflict"
    assert series.admit(1, 1.0, 0) == "repeated"


def test_a_conflict_that_is_long_past_counts_as_a_repeat():
    series = Series(4)
    _admit(series, [1, 2, 3, 4, 5])
    assert series.admit(1, 1.5, 0) == "repeated"


def test_a_venue_with_holes_of_its_own_declares_none():
    series = Series(4, declares=False)
    assert _admit(series, [1, 5, 9, 5, 3]) == [None, None, None, "repeated", None]


@pytest.mark.parametrize("identifier", [-1, MAX_IDENTIFIER, 2**70])
def test_a_number_out_of_range_is_bad(identifier: int):
    series = Series(4)
    assert series.admit(identifier, 1.0, 0) == "bad_identifier"
    assert _admit(series, [1, 2]) == [None, None]


def test_a_wild_number_does_not_spoil_the_series():
    series = Series(4)
    wild = 10 + 2 * MAX_JUMP
    assert _admit(series, [9, 10, wild, wild, 11, 12, 14]) == [None, None, None, "repeated", None, None, (13, 13)]


def test_a_jump_that_goes_on_is_a_new_numbering():
    series = Series(4)
    far = 10 + 2 * MAX_JUMP
    assert _admit(series, [10, far, far + 1, far + 2, far + 2]) == [None, None, None, None, "repeated"]


def test_after_a_new_connection_older_numbers_with_newer_times_are_a_new_numbering():
    series = Series(4)
    for identifier in range(1, 6):
        series.admit(identifier, 1.0, 1000 + identifier)
    series.fresh = True
    assert [series.admit(n, 1.0, 2000 + JITTER + n) for n in (1, 2, 3, 4, 5, 6)] == [None] * 6


def test_after_a_new_connection_a_resent_window_is_repeated():
    series = Series(8)
    for identifier in range(1, 6):
        series.admit(identifier, 1.0, 1000 + identifier)
    series.fresh = True
    assert [series.admit(n, 1.0, 1000 + n) for n in (3, 4, 5, 6)] == ["repeated"] * 3 + [None]


def test_after_a_new_connection_a_missed_number_that_is_sent_again_heals_its_gap():
    series = Series(8)
    for identifier, event_time in ((1, 1000), (2, 1001), (4, 1003)):
        series.admit(identifier, 1.0, event_time)
    series.fresh = True
    assert [series.admit(3, 1.0, 1005), series.admit(4, 1.0, 1003)] == [None, "repeated"]


def test_numbers_that_restart_at_one_without_a_word_are_a_new_numbering():
    series = Series(4)
    series.admit(RESTART_BELOW + 5, 1.0, 1000)
    assert [series.admit(n, 1.0, 2000 + JITTER + n) for n in (1, 2, 4)] == [None, None, (3, 3)]


def test_a_new_session_begins_anew():
    series = Series(4)
    _admit(series, [1, 2, 3])
    series.restart()
    assert _admit(series, [1, 2, 2]) == [None, None, "repeated"]


def test_more_holes_than_are_remembered_forget_the_oldest():
    series = Series(4)
    _admit(series, list(range(0, 4 * MAX_RANGES, 2)))
    assert series.admit(1, 1.0, 0) == "forgotten"
    assert series.admit(4 * MAX_RANGES - 3, 1.0, 0) is None


@given(st.lists(st.integers(0, 60), max_size=120))
def test_every_number_is_new_exactly_once_in_any_order(identifiers: list[int]):
    series, seen = Series(16), set()
    for identifier in identifiers:
        verdict = series.admit(identifier, 1.0, 0)
        assert (verdict == "repeated") == (identifier in seen)
        seen.add(identifier)


@given(st.sets(st.integers(0, 300), min_size=1), st.integers(0, 2**32), st.integers(1, 12))
def test_gaps_less_what_healed_are_what_never_came(kept: set[int], seed: int, window: int):
    random = Random(seed)
    identifiers = sorted(kept, key=lambda identifier: identifier + random.uniform(0, window))
    series, gaps = Series(16), []
    for identifier in identifiers:
        verdict = series.admit(identifier, 1.0, 0)
        gaps += [verdict] if isinstance(verdict, tuple) else []
    missing = sum(last - first + 1 for first, last in gaps) - series.healed
    begun = identifiers[0]
    assert missing == len(set(range(begun, max(kept) + 1)) - kept)


@given(st.lists(st.integers(0, 40), max_size=60), st.integers(0, 60))
def test_a_restored_series_judges_as_the_one_it_was_made_from(identifiers: list[int], cut: int):
    whole, first = Series(8), Series(8)
    _admit(first, identifiers[:cut], price=2.0)
    _admit(whole, identifiers[:cut], price=2.0)
    ids, prices = first.memory
    restored = Series.restore(first.state(), ids.tobytes(), prices.tobytes())
    assert _admit(restored, identifiers[cut:]) == _admit(whole, identifiers[cut:])
    assert restored.state() == whole.state()


def test_rising_numbers_prove_repeats_and_never_gaps():
    quotes = Rising()
    assert [quotes.admit(n, n) for n in (5, 9, 9, 7, 12)] == [None, None, "repeated", "repeated", None]
    assert quotes.admit(-1, 20) == "bad_identifier"
    assert Rising(**quotes.state()).admit(12, 20) == "repeated"


def test_rising_numbers_may_begin_anew_with_a_connection():
    quotes = Rising()
    quotes.admit(50, 1000)
    quotes.fresh = True
    assert quotes.admit(3, 1000 + JITTER) == "repeated"
    assert quotes.admit(3, 1001 + JITTER) is None
    assert quotes.admit(4, 1002 + JITTER) is None
