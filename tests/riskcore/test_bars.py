"""Bars of event time against a sampler that sees all ticks at once."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskcore import BarSampler, RiskSettings
from riskcore.errors import InputError
from riskcore.settings import NANOSECONDS

S = NANOSECONDS
SETTINGS = RiskSettings(bar=S, lateness=S)
Tick = tuple[int, int, float]


def feed(sampler: BarSampler, ticks: list[Tick], name: str = "f") -> list[bool]:
    return [sampler.on_tick(i, name, at, price, at) for i, at, price in ticks]


def test_a_tick_at_the_end_of_a_bar_belongs_to_the_next() -> None:
    sampler = BarSampler(1, SETTINGS)
    feed(sampler, [(0, 10 * S, 100.0), (0, 11 * S - 1, 101.0), (0, 11 * S, 103.0), (0, 13 * S, 104.0)])
    first, second = sampler.closed()
    assert (first.index, first.end_ns, first.close.tolist(), first.traded) == (10, 11 * S, [101.0], 1)
    assert np.isnan(first.returns).all()
    assert second.close.tolist() == [103.0]
    assert second.returns == pytest.approx([103 / 101 - 1], rel=1e-15)


def test_the_bar_closes_when_the_watermark_reaches_its_end_and_not_before() -> None:
    sampler = BarSampler(1, SETTINGS)
    feed(sampler, [(0, 10 * S, 1.0), (0, 12 * S - 1, 1.0)])
    assert sampler.closed() == []
    feed(sampler, [(0, 12 * S, 1.0)])
    assert [bar.index for bar in sampler.closed()] == [10]


def test_ticks_out_of_order_within_the_lateness_count_for_their_own_open_bar() -> None:
    sampler = BarSampler(1, SETTINGS)
    late = feed(sampler, [(0, 10 * S, 1.0), (0, 11 * S + 5, 3.0), (0, 10 * S + 5, 2.0), (0, 12 * S, 4.0)])
    assert late == [False] * 4
    assert sampler.closed()[0].close.tolist() == [2.0]
    assert sampler.newest == [4.0]


def test_a_tick_moves_the_newest_price_only_when_not_older_and_ties_go_to_the_later() -> None:
    sampler = BarSampler(1, SETTINGS)
    feed(sampler, [(0, 10 * S + 5, 1.0), (0, 10 * S + 4, 2.0)])
    assert sampler.newest == [1.0]
    feed(sampler, [(0, 10 * S + 5, 3.0)])
    assert sampler.latest.tolist() == [3.0]


def test_history_opens_no_bar_and_moves_no_watermark_but_gives_a_price() -> None:
    sampler = BarSampler(2, SETTINGS)
    for second in range(1, 9):
        sampler.on_history(1, second * S, 40.0 + second)
    feed(sampler, [(0, 10 * S, 100.0)])
    assert sampler.newest == [100.0, 48.0]
    feed(sampler, [(0, 12 * S, 101.0)])
    (bar,) = sampler.closed()
    assert (bar.index, bar.close.tolist(), bar.traded) == (10, [100.0, 48.0], 1)


def test_history_of_an_open_bar_counts_for_that_bar_and_no_earlier_one() -> None:
    sampler = BarSampler(1, SETTINGS)
    feed(sampler, [(0, 10 * S, 100.0), (0, 11 * S, 101.0)])
    sampler.on_history(0, 11 * S + 5, 105.0)
    sampler.on_history(0, 11 * S + 4, 104.0)
    feed(sampler, [(0, 12 * S + 6, 106.0), (0, 13 * S, 107.0)])
    assert [bar.close.tolist() for bar in sampler.closed()] == [[100.0], [105.0]]


def test_a_late_tick_leaves_the_closed_bar_alone_and_counts_for_the_next_to_close() -> None:
    sampler = BarSampler(2, SETTINGS)
    feed(sampler, [(0, 10 * S, 100.0), (1, 10 * S, 50.0), (1, 12 * S, 50.0)])
    assert sampler.closed()[0].close.tolist() == [100.0, 50.0]
    assert feed(sampler, [(0, 10 * S + 7, 102.0)]) == [True]
    assert sampler.newest[0] == 102.0
    feed(sampler, [(1, 14 * S, 50.0)])
    (bar,) = sampler.closed()
    assert bar.index == 12
    assert bar.close.tolist() == [102.0, 50.0]
    assert bar.returns == pytest.approx([0.02, 0.0], abs=1e-15)


def test_a_late_tick_older_than_the_price_at_the_closed_end_is_not_used() -> None:
    sampler = BarSampler(1, SETTINGS)
    feed(
        sampler, [(0, 10 * S + 9, 100.0), (0, 12 * S, 100.0), (0, 10 * S + 8, 7.0), (0, 13 * S, 1.0), (0, 14 * S, 1.0)]
    )
    assert [bar.close.tolist() for bar in sampler.closed()] == [[100.0], [100.0]]


def test_empty_bars_are_left_out_and_the_next_has_one_return_over_the_gap() -> None:
    sampler = BarSampler(1, SETTINGS)
    feed(sampler, [(0, 10 * S, 100.0), (0, 14 * S, 121.0), (0, 16 * S, 1.0)])
    first, second = sampler.closed()
    assert (first.index, second.index, second.spanned) == (10, 14, 4)
    assert second.returns == pytest.approx([0.21])


def test_scale_divides_the_return_over_a_gap_by_the_root_of_the_bars_spanned() -> None:
    sampler = BarSampler(1, replace(SETTINGS, empty_bars="scale"))
    feed(sampler, [(0, 10 * S, 100.0), (0, 14 * S, 121.0), (0, 15 * S, 121.0), (0, 17 * S, 1.0)])
    _, second, third = sampler.closed()
    assert second.returns == pytest.approx([0.21 / 2])
    assert third.returns.tolist() == [0.0]


def test_log_returns() -> None:
    sampler = BarSampler(1, replace(SETTINGS, returns="log"))
    feed(sampler, [(0, 10 * S, 100.0), (0, 11 * S, 121.0), (0, 13 * S, 1.0)])
    assert sampler.closed()[1].returns == pytest.approx([np.log(1.21)])


def test_an_idle_instrument_has_return_zero_until_stale_and_then_none() -> None:
    sampler = BarSampler(2, replace(SETTINGS, stale_after=2))
    feed(sampler, [(0, 10 * S, 100.0)])
    feed(sampler, [(1, second * S, 50.0) for second in range(10, 17)])
    feed(sampler, [(0, 16 * S + 1, 110.0), (1, 18 * S, 50.0)])
    returns = [bar.returns[0] for bar in sampler.closed()]
    np.testing.assert_allclose(returns, [np.nan, 0.0, 0.0, np.nan, np.nan, np.nan, 110 / 100 - 1])


def test_the_slowest_feed_heard_holds_the_watermark_and_a_silent_one_lets_go_after_five_seconds() -> None:
    sampler = BarSampler(2, SETTINGS)
    sampler.on_tick(0, "slow", 10 * S, 1.0, 100 * S)
    sampler.on_tick(1, "fast", 10 * S, 1.0, 100 * S)
    sampler.on_tick(1, "fast", 15 * S, 2.0, 105 * S)
    assert sampler.closed() == []  # heard exactly 5 s ago still counts
    sampler.on_time(105 * S + 1)
    assert [bar.index for bar in sampler.closed()] == [10]
    assert sampler.on_tick(0, "slow", 13 * S, 3.0, 106 * S)  # it came back behind: late, and nothing reopens
    sampler.on_tick(1, "fast", 16 * S, 2.0, 106 * S)
    assert sampler.closed() == []


def test_silence_of_all_feeds_closes_nothing() -> None:
    sampler = BarSampler(1, SETTINGS)
    sampler.on_tick(0, "f", 10 * S, 1.0, 10 * S)
    sampler.on_time(3600 * S)
    assert sampler.closed() == []


def test_the_end_of_a_replay_closes_every_bar_but_the_last() -> None:
    sampler = BarSampler(1, SETTINGS)
    sampler.finish()
    feed(sampler, [(0, 10 * S, 1.0), (0, 11 * S, 1.0), (0, 12 * S, 1.0)])
    sampler.closed()
    sampler.finish()
    assert [bar.index for bar in sampler.closed()] == [11]


def test_an_instrument_added_later_joins() -> None:
    sampler = BarSampler(1, SETTINGS)
    feed(sampler, [(0, 10 * S, 1.0)])
    sampler.add(1)
    feed(sampler, [(1, 10 * S, 5.0), (1, 12 * S, 5.0)])
    assert sampler.n_instruments == 2
    assert sampler.closed()[0].close.tolist() == [1.0, 5.0]


def test_a_price_that_makes_no_finite_return_gives_none() -> None:
    sampler = BarSampler(1, SETTINGS)
    feed(sampler, [(0, 10 * S, 1e-300), (0, 11 * S, 1e300), (0, 13 * S, 1.0)])
    assert np.isnan(sampler.closed()[1].returns).all()


def test_a_snapshot_must_not_lose_closed_bars() -> None:
    sampler = BarSampler(1, SETTINGS)
    feed(sampler, [(0, 10 * S, 1.0), (0, 12 * S, 1.0)])
    with pytest.raises(InputError, match="closed"):
        sampler.snapshot()
    sampler.closed()
    with pytest.raises(InputError, match="bars of"):
        BarSampler.restore(sampler.snapshot(), replace(SETTINGS, bar=2 * S))


def all_at_once(ticks: list[Tick], n: int, settings: RiskSettings) -> list[tuple[int, list[float], list[float]]]:
    """Bars from the whole list, by searching it: nothing is late, so the order of arrival only breaks ties."""
    last = max((at for _, at, _ in ticks), default=0) // settings.bar
    traded = sorted({at // settings.bar for _, at, _ in ticks if at // settings.bar < last})

    def price_before(i: int, end: int) -> tuple[float, int | None]:
        seen = [(at, k, price) for k, (j, at, price) in enumerate(ticks) if j == i and at < end]
        if not seen:
            return float("nan"), None
        at, _, price = max(seen)
        return price, at // settings.bar

    bars, before = [], [float("nan")] * n
    for index in traded:
        close, returns = [], []
        for i in range(n):
            price, traded_in = price_before(i, (index + 1) * settings.bar)
            idle = traded_in is not None and index - traded_in > settings.stale_after
            close.append(price)
            returns.append(float("nan") if idle else price / before[i] - 1)
        bars.append((index, close, returns))
        before = close
    return bars


@st.composite
def disordered(draw: st.DrawFn) -> list[Tick]:
    """Ticks of three instruments, each out of order by less than the lateness."""
    steps = draw(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3 * S), st.integers(1, 9)), max_size=60))
    at, ticks = 100 * S, []
    for instrument, step, price in steps:
        at += draw(st.sampled_from([step, step // 10, 0]))
        ticks.append((instrument, at - draw(st.sampled_from([0, 0, S // 2, S - 1])), float(price)))
    return ticks


@given(disordered(), st.integers(0, 4))
def test_ticks_one_by_one_make_the_bars_of_all_ticks_at_once(ticks: list[Tick], stale_after: int) -> None:
    settings = replace(SETTINGS, stale_after=stale_after)
    sampler = BarSampler(3, settings)
    assert not any(feed(sampler, ticks))
    sampler.finish()
    bars = sampler.closed()
    expected = all_at_once(ticks, 3, settings)
    assert [bar.index for bar in bars] == [index for index, _, _ in expected]
    for bar, (_, close, returns) in zip(bars, expected, strict=True):
        np.testing.assert_array_equal(bar.close, close)
        np.testing.assert_allclose(bar.returns, returns, rtol=1e-14)


@given(disordered(), st.integers(0, 60))
def test_a_sampler_restored_in_mid_stream_goes_on_the_same(ticks: list[Tick], cut: int) -> None:
    sampler = BarSampler(3, SETTINGS)
    feed(sampler, ticks[:cut])
    # some ticks far behind, so that late ones are pending too
    feed(sampler, [(0, at - 5 * S, 3.0) for _, at, _ in ticks[:cut][-1:]])
    sampler.closed()
    copy = BarSampler.restore(sampler.snapshot(), SETTINGS)
    for each in (sampler, copy):
        feed(each, ticks[cut:])
        each.finish()
    for ours, theirs in zip(sampler.closed(), copy.closed(), strict=True):
        assert ours.index == theirs.index
        np.testing.assert_array_equal(ours.close, theirs.close)
        np.testing.assert_array_equal(ours.returns, theirs.returns)
    assert sampler.snapshot() == copy.snapshot()


def test_an_instrument_is_stale_when_it_has_been_idle_for_too_long() -> None:
    sampler = BarSampler(2, replace(SETTINGS, stale_after=2))
    feed(sampler, [(0, 10 * S, 1.0)])
    assert sampler.stale(12).tolist() == [False, False]
    assert sampler.stale(13).tolist() == [True, False]


def test_a_bar_tells_who_was_idle_as_of_its_own_end() -> None:
    sampler = BarSampler(2, replace(SETTINGS, stale_after=2, lateness=0))
    feed(sampler, [(0, 10 * S, 1.0), (1, 10 * S, 1.0), *((0, at * S, 1.0) for at in range(11, 14)), (1, 14 * S, 1.0)])
    assert [bar.stale.tolist() for bar in sampler.closed()] == [[False, False]] * 3 + [[False, True]]
