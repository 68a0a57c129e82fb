"""The state machine of one limit, against rules that are looked up in the whole history at once."""

from hypothesis import given, settings
from hypothesis import strategies as st

from riskcore.alerting import KEEP, Standing
from riskcore.limits import Limit
from riskcore.settings import NANOSECONDS

SECOND = NANOSECONDS
BOTH = Limit("main", "gross", warning=80.0, breach=100.0, hysteresis=0.1)


def told(limit, history):
    """The transitions as (stamp, level), of figures given as (stamp, value)."""
    standing, found = Standing(), []
    for stamp, value in history:
        if standing.advance(limit, value, stamp):
            found.append((stamp, standing.level))
    return found


def test_a_figure_at_its_level_fires_at_once_where_nothing_is_to_be_waited_for():
    assert told(BOTH, [(SECOND, 79.9), (2 * SECOND, 80.0), (3 * SECOND, 100.0)]) == [(2 * SECOND, 1), (3 * SECOND, 2)]


def test_it_may_rise_from_nothing_to_a_breach():
    assert told(BOTH, [(SECOND, 150.0)]) == [(SECOND, 2)]


def test_it_fires_when_it_has_been_above_for_the_time_given_and_not_a_nanosecond_before():
    limit = Limit("main", "gross", breach=100.0, hold=30 * SECOND)
    history = [(0, 120.0), (30 * SECOND - 1, 120.0), (30 * SECOND, 120.0)]
    assert told(limit, history) == [(30 * SECOND, 2)]


def test_a_dip_below_the_hysteresis_begins_the_time_anew():
    limit = Limit("main", "gross", breach=100.0, hold=30 * SECOND, hysteresis=0.1)
    history = [(0, 120.0), (10 * SECOND, 89.0), (20 * SECOND, 120.0), (40 * SECOND, 120.0), (50 * SECOND, 120.0)]
    assert told(limit, history) == [(50 * SECOND, 2)]


def test_it_falls_only_below_the_hysteresis_and_a_minute_after_it_was_told():
    history = [(0, 120.0), (KEEP + SECOND, 91.0), (KEEP + 2 * SECOND, 89.0), (3 * KEEP, 72.0), (4 * KEEP, 71.9)]
    assert told(BOTH, history) == [(0, 2), (KEEP + 2 * SECOND, 1), (4 * KEEP, 0)]


def test_an_unknown_figure_neither_fires_nor_resolves():
    assert told(BOTH, [(0, None), (SECOND, 120.0), (9 * KEEP, None)]) == [(SECOND, 2)]


def test_what_is_pending_stays_pending_while_the_figure_is_unknown():
    limit = Limit("main", "gross", breach=100.0, hold=30 * SECOND)
    assert told(limit, [(0, 120.0), (40 * SECOND, None), (41 * SECOND, 120.0)]) == [(41 * SECOND, 2)]


def test_a_clock_that_stands_still_fires_neither_early_nor_never():
    limit = Limit("main", "gross", breach=100.0, hold=10 * SECOND)
    assert told(limit, [(5 * SECOND, 120.0)] * 50 + [(15 * SECOND, 120.0)]) == [(15 * SECOND, 2)]


def test_what_was_acknowledged_is_open_again_when_it_gets_worse():
    standing = Standing()
    standing.advance(BOTH, 90.0, 0)
    standing.acknowledged = True
    assert standing.advance(BOTH, 100.0, SECOND)
    assert not standing.acknowledged


def test_flapping_around_the_level_ten_times_a_second_is_told_twice_a_minute_at_most():
    limit = Limit("main", "gross", breach=100.0, hysteresis=0.0)
    wave = [(step * SECOND // 10, 100.0 + (1e-9 if step % 2 else -1e-9)) for step in range(6_000)]
    found = told(limit, wave)
    assert found[0][0] == SECOND // 10
    assert found[-1][0] > 8 * KEEP
    assert all(later[0] - one[0] >= KEEP for one, later in zip(found, found[2:], strict=False))


VALUES = st.sampled_from([None, 0.0, 71.0, 75.0, 80.0, 85.0, 91.0, 100.0, 130.0])
HISTORY = st.lists(st.tuples(st.integers(1, 40), VALUES), max_size=60)


@settings(max_examples=500, deadline=None)
@given(HISTORY, st.sampled_from([0, 5, 45]), st.booleans())
def test_any_history_is_told_by_the_rules(steps, hold_s, one_level):
    limit = Limit("m", "gross", warning=None if one_level else 80.0, breach=100.0, hold=hold_s * SECOND, hysteresis=0.1)
    history, at = [], 0
    for step, value in steps:
        at += step * SECOND
        history.append((at, value))
    found = told(limit, history)
    most = 2 if one_level else 3
    for number, (stamp, level) in enumerate(found):
        before = found[number - 1][1] if number else 0
        assert level != before
        if level > before:
            assert_above(history, limit.levels[level - 1], stamp, hold_s)
        window = [one for one in found if stamp <= one[0] < stamp + KEEP]
        assert len(window) <= most
    assert_never_silent(limit, history, found, hold_s)


def assert_above(history, level, stamp, hold_s):
    """The newest figure is above, and looking back none was below before ``hold`` was over."""
    known = [(at, value) for at, value in history if value is not None and at <= stamp]
    assert known[-1] == (stamp, known[-1][1])
    assert known[-1][1] >= level
    back = [at for at, value in known if value >= level and not any(v < 0.9 * level for t, v in known if t > at)]
    assert stamp - back[0] >= hold_s * SECOND


def assert_never_silent(limit, history, found, hold_s):
    """Wherever the known figures have been above a level for ``hold`` on end, that level or a higher one was told."""
    for number, level in enumerate(limit.levels, 1):
        since = None
        for stamp, value in history:
            if value is None:
                continue
            since = None if level is None or value < level else stamp if since is None else since
            if since is not None and stamp - since >= hold_s * SECOND:
                assert max([one for one in found if one[0] <= stamp], default=(0, 0))[1] >= number
