"""Outside its session an instrument has no return, keeps its weight and is not stale: bars of a day by hand."""

from dataclasses import replace

import numpy as np
import pytest

from riskcore import BarSampler, RiskSettings
from riskcore.errors import InputError
from riskcore.sessions import ALWAYS, Sessions

MINUTE = 60 * 10**9
SHARE, COIN = 0, 1
FIRST, SECOND = (100, 110), (200, 210)


def sessions(*minutes: tuple[int, int]) -> Sessions:
    calendar = np.array(minutes, np.int64) * MINUTE
    return Sessions([calendar], np.array([0, ALWAYS], np.int64))


@pytest.fixture
def sampler() -> BarSampler:
    made = BarSampler(2, RiskSettings(bar=MINUTE, lateness=0, stale_after=3))
    made.sessions = sessions(FIRST, SECOND, (300, 310))
    return made


def trade(sampler: BarSampler, minute: float, coin: float = 1.0, share: float | None = None) -> None:
    at = int(minute * MINUTE)
    sampler.on_tick(COIN, "sim", at, coin, at)
    if share is not None:
        sampler.on_tick(SHARE, "sim", at, share, at)


def told(sampler: BarSampler) -> dict[int, tuple[float, bool]]:
    return {bar.index: (float(bar.returns[SHARE]), bool(bar.stale[SHARE])) for bar in sampler.closed()}


def test_a_bar_is_in_session_when_any_moment_of_it_is() -> None:
    made = sessions((100, 110), (200, 210), (300, 310))
    for minute, expected in ((99, False), (100, True), (109, True), (110, False), (199, False), (200, True)):
        is_open, opened = made.at(minute * MINUTE, (minute + 1) * MINUTE)
        assert is_open.tolist() == [expected or minute < 100, True]
        if expected:
            assert opened[SHARE] == (100 if minute < 200 else 200) * MINUTE
    half = made.at(109 * MINUTE + 1, 111 * MINUTE)
    assert half[0].tolist() == [True, True]
    assert made.at(110 * MINUTE, 200 * MINUTE)[0].tolist() == [False, True]


def test_what_lies_beyond_the_calendar_counts_as_open() -> None:
    made = sessions((100, 110))
    assert made.at(0, MINUTE)[0].all()
    assert made.at(500 * MINUTE, 501 * MINUTE)[0].all()


def test_a_closed_share_has_no_return_and_is_not_stale_and_the_next_session_has_the_whole_gap(sampler) -> None:
    for minute in range(100, 110):
        trade(sampler, minute, share=50.0)
    for minute in range(110, 200, 10):
        trade(sampler, minute)
    for minute in range(200, 207):
        trade(sampler, minute, share=55.0 if minute == 203 else None)
    bars = told(sampler)
    assert [bars[minute][0] for minute in range(101, 110)] == [0.0] * 9
    assert all(np.isnan(bars[minute][0]) and not bars[minute][1] for minute in range(110, 200, 10))
    assert [bars[minute] for minute in (200, 201, 202)] == [(0.0, False)] * 3, "idle is counted from the opening"
    assert bars[203] == (pytest.approx(0.1), False)


def test_trades_after_hours_move_the_price_and_are_in_the_return_of_the_next_session(sampler) -> None:
    trade(sampler, 109, share=50.0)
    trade(sampler, 115, share=60.0)
    trade(sampler, 200, share=66.0)
    trade(sampler, 201)
    last = {bar.index: bar for bar in sampler.closed()}
    assert np.isnan(last[115].returns[SHARE])
    assert last[115].close[SHARE] == 60.0
    assert last[200].returns[SHARE] == pytest.approx(66.0 / 50.0 - 1)


def test_a_share_that_does_not_open_is_stale_once_it_was_idle_in_session_for_too_long(sampler) -> None:
    trade(sampler, 109, share=50.0)
    for minute in range(200, 207):
        trade(sampler, minute)
    bars = told(sampler)
    assert [bars[minute][1] for minute in range(200, 206)] == [False] * 4 + [True] * 2
    assert [bool(sampler.stale(minute)[SHARE]) for minute in (150, 202, 205, 250)] == [False, False, True, False]


def test_without_sessions_the_same_night_makes_it_stale(sampler) -> None:
    sampler.sessions = None
    trade(sampler, 109, share=50.0)
    trade(sampler, 150)
    trade(sampler, 151)
    assert told(sampler)[150] == (pytest.approx(np.nan, nan_ok=True), True)


def test_a_sampler_restored_over_night_gives_the_same_return_at_the_opening(sampler) -> None:
    trade(sampler, 109, share=50.0)
    trade(sampler, 115, share=60.0)
    trade(sampler, 116)
    sampler.closed()
    restored = BarSampler.restore(sampler.snapshot(), replace(RiskSettings(), bar=MINUTE, lateness=0, stale_after=3))
    restored.sessions = sampler.sessions
    for one in (sampler, restored):
        trade(one, 200, share=66.0)
        trade(one, 201)
    assert told(restored)[200] == told(sampler)[200] == (pytest.approx(66.0 / 50.0 - 1), False)


@pytest.mark.parametrize("minutes", [((110, 100),), ((100, 110), (105, 120)), ()])
def test_sessions_that_overlap_or_are_none_are_refused(minutes) -> None:
    with pytest.raises(InputError, match="one after the other"):
        Sessions([np.array(minutes, np.int64).reshape(-1, 2)], np.array([0]))


def test_from_the_first_bar_that_begins_at_its_end_an_instrument_has_no_return_and_is_never_stale(sampler) -> None:
    sampler.sessions = Sessions([], np.array([ALWAYS, ALWAYS]), {SHARE: 105 * MINUTE})
    for minute in range(100, 130):
        trade(sampler, minute, share=50.0 if minute < 107 else None)
    bars = told(sampler)
    assert [bars[minute][0] for minute in range(101, 105)] == [0.0] * 4
    assert all(np.isnan(bars[minute][0]) and not bars[minute][1] for minute in range(105, 129))
    assert not sampler.stale(200)[SHARE]
