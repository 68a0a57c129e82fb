"""Identifiers against an oracle that keeps every one in a set."""

import json
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.actors.identifiers import JITTER, MAX_IDENTIFIER, MAX_JUMP, MAX_RANGES, Rising, Series

SECOND = 1_000_000_000


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


def test_what_the_venue_has_spoken_of_twice_and_nobody_has_seen_is_missing():
    series = Series(4)
    assert series.hear(12) is None
    _admit(series, [10])
    assert series.hear(12) == (11, 12)
    assert series.hear(12) is None
    assert _admit(series, [11, 12, 13]) == [None, None, None]
    assert series.healed == 2


def test_what_comes_before_the_venue_speaks_again_is_no_gap():
    series = Series(4)
    _admit(series, [10])
    assert series.hear(12) is None
    assert _admit(series, [11, 12]) == [None, None]
    assert series.hear(12) is None
    restored = Series.restore(series.state(), *(memory.tobytes() for memory in series.memory))
    assert restored.hear(14) is None
    assert restored.hear(14) == (13, 14)


@pytest.mark.parametrize("word", [-5, 3, 10, 2 * MAX_JUMP, 2**80])
def test_a_word_that_cannot_be_true_declares_nothing(word: int):
    series = Series(4)
    _admit(series, [10])
    assert [series.hear(word), series.hear(word)] == [None, None]
    assert _admit(series, [11]) == [None]


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
    assert _admit(series, [far, far + 4]) == ["repeated", (far + 3, far + 3)]


def _trade(series: Series, *ticks: tuple[int, int]) -> list[object]:
    return [series.admit(identifier, 1.0, seconds * SECOND) for identifier, seconds in ticks]


@pytest.mark.parametrize("first", [0, 1, 2, 150])
@pytest.mark.parametrize("seen", [200, 999, 1200])
def test_a_numbering_that_begins_again_with_newer_times_loses_nothing(first: int, seen: int):
    series = Series(32)
    _trade(series, *((n, n) for n in range(1, seen + 1)))
    assert _trade(series, *((n, seen + n) for n in range(first + 1, first + 1 + seen))) == [None] * seen
    assert _trade(series, *((n, seen + n) for n in range(first + 1, first + 1 + seen))) == ["repeated"] * seen


def test_the_gaps_of_a_numbering_that_begins_again_are_told():
    series = Series(8)
    _trade(series, *((n, n) for n in range(50, 60)))
    assert _trade(series, (1, 61), (4, 62), (5, 63), (7, 64)) == [None, (2, 3), None, (6, 6)]


def test_a_numbering_may_begin_again_and_again_at_the_same_number():
    series = Series(8)
    assert _trade(series, (1, 1), (1, 2), (1, 3), (2, 4), (1, 5), (2, 6), (3, 7)) == [None] * 7


def test_numbers_of_one_moment_may_begin_again():
    series = Series(8)
    _trade(series, *((n, n) for n in range(1, 9)))
    assert _trade(series, *((n, 20) for n in range(1, 9))) == [None] * 8
    assert _trade(series, *((n, 20) for n in range(1, 9))) == ["repeated"] * 8


def test_a_number_astray_that_nothing_confirms_does_not_spoil_the_series():
    series = Series(8)
    _trade(series, *((n, n) for n in range(1, 9)))
    assert _trade(series, (3, 9), (9, 10), (3, 9), (4, 4), (10, 11), (4, 12), (12, 13)) == [
        None,
        None,
        "repeated",
        "repeated",
        None,
        None,
        (11, 11),
    ]


def test_of_two_prices_for_the_first_of_a_new_numbering_the_first_wins():
    series = Series(8)
    _trade(series, *((n, n) for n in range(1, 9)))
    assert _trade(series, (1, 20)) == [None]
    assert series.admit(1, 2.0, 20 * SECOND) == "conflict"
    assert _trade(series, (2, 21)) == [None]
    assert series.admit(1, 2.0, 20 * SECOND) == "conflict"


def test_a_correction_with_a_time_of_its_own_is_a_conflict():
    series = Series(8)
    _admit(series, [1, 2, 3])
    assert series.admit(3, 2.0, JITTER) == "conflict"
    assert _trade(series, (4, 1)) == [None]


def test_a_window_that_is_sent_again_is_repeated():
    series = Series(8)
    _trade(series, *((n, n) for n in range(1, 6)))
    assert _trade(series, *((n, n) for n in range(3, 7))) == ["repeated"] * 3 + [None]


def test_a_missed_number_that_is_late_and_a_little_newer_heals_its_gap():
    series = Series(8)
    for identifier, event_time in ((1, 1000), (2, 1001), (4, 1003)):
        series.admit(identifier, 1.0, event_time)
    assert [series.admit(3, 1.0, 1003 + JITTER), series.admit(4, 1.0, 1003)] == [None, "repeated"]
    assert series.healed == 1


def test_numbers_that_only_identify_are_told_once_in_any_order_of_time():
    series = Series(8, declares=False)
    ticks = [(n, at) for at, n in enumerate((5, 900, 40, 50, 60, 300, 41, 901), 1)]
    assert _trade(series, *ticks) == [None] * 8
    assert _trade(series, *ticks) == ["repeated"] * 8


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


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 9)), max_size=60), st.integers(0, 60))
def test_a_restored_series_judges_as_the_one_it_was_made_from(ticks: list[tuple[int, int]], cut: int):
    whole, first = Series(8), Series(8)
    _trade(first, *ticks[:cut])
    _trade(whole, *ticks[:cut])
    ids, prices = first.memory
    state = json.loads(json.dumps(first.state()))
    restored = Series.restore(state, ids.tobytes(), prices.tobytes())
    assert _trade(restored, *ticks[cut:]) == _trade(whole, *ticks[cut:])
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
