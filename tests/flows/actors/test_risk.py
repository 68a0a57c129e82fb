from dataclasses import replace

import numpy as np
import pytest

from flows.actors.merge import MergeActor
from flows.actors.risk import RiskActor
from flows.commands import History, Holding, Positions, encode_command
from flows.messages import Accepted, Checkpoint, Command, End, FeedBatch, Gap, Instant, Moment, Refused
from riskcore.errors import InputError, TailwatchError
from riskcore.messages import Tick
from riskcore.settings import NANOSECONDS
from riskcore.state import State, pack

SECOND = NANOSECONDS


def run(actor, batches):
    return [message for batch in batches for message in actor.on_batch(batch)]


def snapshots(messages):
    return [s for m in messages if isinstance(m, Moment) for s in m.snapshots]


def test_a_bar_publishes_every_portfolio_once_with_the_prices_of_its_end(settings, market, batches):
    events = market(3)
    found = snapshots(run(RiskActor(settings), batches(events)))
    assert [s.portfolio for s in found[:4]] == ["alpha", "beta", "firm", "gamma"]
    first_end = 1_001 * SECOND
    last_a = [
        e.tick.price for e in events if isinstance(e, Accepted) and e.instrument == 0 and e.tick.event_time < first_end
    ]
    assert found[0].positions[0].price == last_a[-1]
    assert found[0].event_time == "1970-01-01T00:16:41.000000000Z"
    assert {s.seq for s in found[-4:]} == {len(found) // 4}


def test_figures_come_after_the_warm_up_and_say_why_not_before(settings, market, batches):
    found = [s for s in snapshots(run(RiskActor(settings), batches(market(20)))) if s.portfolio == "alpha"]
    early = [s for s in found if s.measures[0].var is None]
    assert early
    assert all("warming up" in m.reason for s in early for m in s.measures)
    assert all(m.var > 0 and m.es >= m.var for m in found[-1].measures)
    assert found[-1].quality.observations >= 5


def test_three_shards_say_the_same_as_one(settings, market, batches):
    events = market(20)
    whole = snapshots(run(RiskActor(settings), batches(events)))
    merge, merged = MergeActor(3), []
    actors = [RiskActor(settings, shard=shard, shards=3) for shard in range(3)]
    for batch in batches(events):
        for actor in actors:
            for message in actor.on_batch(batch):
                merged += merge.on_message(message)
    assert snapshots(merged) == whole


@pytest.mark.parametrize("publish", [None, SECOND // 4])
def test_an_actor_restored_in_mid_stream_goes_on_with_the_same_bits(settings, market, batches, publish):
    events = market(20)
    whole = snapshots(run(RiskActor(settings, publish=publish), batches(events)))
    for cut in (1, 57, 200):
        first = RiskActor(settings, publish=publish)
        before = run(first, batches(events[:cut], state=b"decoder"))
        checkpoint = before[-1]
        assert isinstance(checkpoint, Checkpoint)
        assert checkpoint.feed_state == b"decoder"
        second = RiskActor(settings, publish=publish)
        second.restore(checkpoint.risk_state)
        assert snapshots(before) + snapshots(run(second, batches(events[cut:]))) == whole


def test_a_damaged_state_is_refused(settings):
    with pytest.raises(TailwatchError, match="damaged"):
        RiskActor(settings).restore(State({"actor": np.frombuffer(b"\x93nonsense", np.bool_)}, {}))


def test_a_batch_without_events_can_ask_for_a_checkpoint(settings, market, batches):
    actor = RiskActor(settings)
    run(actor, batches(market(3, end=False)))
    checkpoint = actor.on_batch(FeedBatch(99, 10**15, [], b"decoder"))[-1]
    assert (checkpoint.offset, checkpoint.feed_state) == (99, b"decoder")


def test_bars_that_close_while_a_checkpoint_is_written_do_not_touch_it(settings, market, batches):
    events = market(20)
    actor = RiskActor(settings)
    (*_, checkpoint) = run(actor, batches(events[:200], state=b"decoder"))
    image = checkpoint.risk_state
    before = pack("test", image.arrays, image.meta)
    run(actor, batches(events[200:]))
    assert pack("test", image.arrays, image.meta) == before


def test_a_checkpoint_copies_no_large_array_and_one_that_is_written_costs_the_next_bar_nothing(settings, market):
    actor = RiskActor(settings)
    actor.on_batch(FeedBatch(0, 0, market(20)[:300]))
    paths = actor._model.paths.raw
    image = actor.snapshot()
    assert image.arrays["model/paths"] is paths
    image.released = True
    actor.on_batch(FeedBatch(0, 0, market(20)[300:]))
    assert actor._model.paths.raw is paths


def test_a_checkpoint_where_nothing_more_has_come_is_one(settings, market):
    actor = RiskActor(settings)
    actor.on_batch(FeedBatch(299, 299, market(20)[:300]))
    (last,) = actor.on_batch(FeedBatch(299, 299, [], b"state"))
    assert (type(last), last.offset) == (Checkpoint, 299)


def test_a_state_of_other_settings_is_refused(settings, market, batches):
    state = run(RiskActor(settings), batches(market(3), state=b"x"))[-1].risk_state
    with pytest.raises(TailwatchError, match="settings"):
        RiskActor(replace(settings, half_life=11)).restore(state)


def test_live_moments_follow_the_journals_stamps_and_show_the_newest_prices(settings, market, batches):
    events = market(3, end=False)
    messages = run(RiskActor(settings, publish=SECOND // 4), batches(events))
    present = [m for m in messages if isinstance(m, Moment) and m.snapshots and m.snapshots[0].moment == "tick"]
    stamps = {e.offset: e.stamp for e in events}
    quarters = [stamps[m.offset] // (SECOND // 4) for m in present]
    assert len(present) >= 12
    assert quarters == sorted(quarters)
    newest = [
        e.tick.price for e in events if isinstance(e, Accepted) and e.instrument == 0 and e.offset <= present[-1].offset
    ]
    assert present[-1].snapshots[0].positions[0].price == newest[-1]


def test_nothing_is_published_while_nothing_changes(settings, market):
    actor = RiskActor(settings, publish=SECOND // 4)
    events = market(2, end=False)
    actor.on_batch(FeedBatch(events[-1].offset, events[-1].stamp, events))
    silence = [Instant(1_000 + i, events[-1].stamp + i * SECOND // 4) for i in range(1, 9)]
    later = run(actor, [FeedBatch(e.offset, e.stamp, [e]) for e in silence])
    assert sum(len(m.snapshots) for m in later) <= 4


def test_the_bar_figures_of_a_live_run_are_those_of_a_replay(settings, market, batches):
    events = market(20)
    live = snapshots(run(RiskActor(settings, publish=SECOND // 10), batches(events)))
    replayed = snapshots(run(RiskActor(settings), batches(events)))
    bars = [s for s in live if s.moment == "bar"]
    assert len(bars) == len(replayed) < len(live)
    for mine, other in zip(bars, replayed, strict=True):
        for one, two in zip(mine.measures, other.measures, strict=True):
            assert (one.var is None) == (two.var is None)
            # The live book took the ticks of a bar one by one, and paths are kept in single precision.
            near = 1e-6 if one.method == "monte_carlo" else 1e-9
            assert one.var is None or one.var == pytest.approx(two.var, rel=near)
        assert (mine.event_time, mine.positions[0].price) == (other.event_time, other.positions[0].price)
        assert mine.pnl_today == pytest.approx(other.pnl_today, abs=1e-9)


def test_a_new_book_replaces_the_old_one(settings, market, batches):
    events = market(10, end=False)
    actor = RiskActor(settings)
    run(actor, batches(events))
    smaller = encode_command(Positions((Holding("alpha", "A", 2.0),)))
    (told,) = actor.on_batch(FeedBatch(900, events[-1].stamp, [Command(900, events[-1].stamp, smaller)]))
    assert [(row.portfolio, row.symbol, row.quantity) for row in told.said.holdings] == [
        ("alpha", "A", 2.0),
        ("firm", "A", 2.0),
    ]
    at = 1_010 * SECOND
    more = [Accepted(901 + i, 0, at + i * SECOND, 0, Tick("sim", "A", at + i * SECOND, 101.0)) for i in range(3)]
    alpha, beta, *_ = snapshots(actor.on_batch(FeedBatch(903, more[-1].stamp, more)))[-4:]
    assert [(p.symbol, p.quantity) for p in alpha.positions] == [("A", 2.0)]
    assert beta.positions == ()
    assert {m.var for m in beta.measures} == {0.0}


def test_history_lets_a_book_begin_with_figures(settings, market, batches):
    rows = tuple((100.0 + i % 3, 50.0 + i % 2, 20.0 + i % 4) for i in range(40))
    history = encode_command(History(("A", "B", "C"), rows))
    events = market(3)
    told = [events[0], Command(1, 1, history), *(e._replace(offset=e.offset + 1) for e in events[1:])]
    first = snapshots(run(RiskActor(settings), batches(told)))[0]
    assert first.quality.observations == 39
    assert all(m.var > 0 for m in first.measures)


def test_history_that_a_restart_tells_again_changes_nothing(settings, market, batches):
    events = market(10)
    history = Command(5, events[5].stamp, encode_command(History(("A",), ((100.0,), (50.0,)))))
    once = snapshots(run(RiskActor(settings), batches(events)))
    late = [*events[:-1], history._replace(offset=events[-1].offset), events[-1]._replace(offset=events[-1].offset + 1)]
    assert [s.measures for s in snapshots(run(RiskActor(settings), batches(late)))] == [s.measures for s in once]


def test_a_position_without_price_or_rate_is_uncovered_and_never_counted_as_nothing(settings, market, batches):
    book = Positions(
        (
            Holding("p", "A", 1.0),
            Holding("p", "B", 1.0),
            Holding("p", "C", 1.0),
            Holding("p", "X", 5.0),
            Holding("p", "Y", 2.0, currency="EUR"),
        )
    )
    last = snapshots(run(RiskActor(settings), batches(market(20, book=book))))[-1]
    assert [(u.symbol, u.reason) for u in last.quality.uncovered] == [("X", "no price yet"), ("Y", "no rate EUR/USD")]
    assert last.measures[0].var > 0
    missing = next(p for p in last.positions if p.symbol == "Y")
    assert (missing.market_value, missing.component_var) == (None, None)


def test_components_add_up_to_the_figures_they_explain(settings, market, batches):
    last = [s for s in snapshots(run(RiskActor(settings), batches(market(20)))) if s.portfolio == "alpha"][-1]
    highest = max(settings.confidence)
    by_method = {m.method: m for m in last.measures if m.confidence == highest}
    assert sum(p.component_var for p in last.positions) == pytest.approx(by_method["parametric"].var, rel=1e-12)
    assert sum(p.component_es for p in last.positions) == pytest.approx(by_method["monte_carlo"].es, rel=1e-12)


def test_every_snapshot_shows_the_built_in_stress(settings, market, batches):
    found = [s for s in snapshots(run(RiskActor(settings), batches(market(20)))) if s.portfolio == "alpha"]
    assert [result.scenario for result in found[0].stress] == [
        "all prices -10 %",
        "all prices +10 %",
        "every position 10 % against it",
    ]
    assert [result.scenario for result in found[-1].stress[3:]] == [
        "worst bar of the window",
        "worst bar of the window, scaled to the horizon",
    ]
    pnl = [result.pnl for result in found[-1].stress]
    assert pnl[:3] == pytest.approx([-0.1 * found[-1].net, 0.1 * found[-1].net, -0.1 * found[-1].gross])
    assert 0.0 > pnl[3] > pnl[4]
    assert -pnl[4] >= max(m.var for m in found[-1].measures if m.method == "historical")


def test_the_health_of_the_stream_travels_with_the_figures(settings, market, batches):
    events = market(5, end=False)
    stamp = events[-1].stamp
    old = Tick("sim", "A", 1_000 * SECOND, 1.0)
    more = [
        Refused(500, 0, stamp, "rejected", "not_positive", "x", 0, None, b""),
        Refused(501, 0, stamp, "duplicate", "repeat", "x", 0, None, b""),
        Gap(502, stamp, "sim", "A", 3, 9),
        Accepted(503, 0, stamp, 0, old),
        Accepted(504, 0, stamp, 0, Tick("sim", "A", 1_007 * SECOND, 100.0)),
    ]
    actor = RiskActor(settings, settings_hash="abc")
    run(actor, batches(events))
    last = snapshots(actor.on_batch(FeedBatch(504, stamp, more)))[-1].quality
    assert (last.rejected, last.gaps, last.late, last.settings, last.journal_offset) == (1, 1, 1, "abc", 504)


def test_pnl_of_the_day_begins_at_the_last_price_before_it(settings):
    day = 86_400 * SECOND
    actor = RiskActor(settings, publish=SECOND)

    def tick(offset, at, price):
        return Accepted(offset, 0, at, 0, Tick("sim", "A", at, price))

    told = [
        Command(0, 1, encode_command(Positions((Holding("p", "A", 2.0),)))),
        tick(1, day - 5 * SECOND, 100.0),
        tick(2, day - 3 * SECOND, 103.0),
        tick(3, day + SECOND, 104.0),
        tick(4, day + 4 * SECOND, 110.0),
    ]
    found = snapshots(run(actor, [FeedBatch(e.offset, e.stamp, [e]) for e in told]))
    assert [s.pnl_today for s in found if s.moment == "bar"] == [0.0, 6.0, 2.0]
    assert [s.pnl_today for s in found if s.moment == "tick"] == [0.0, 6.0, 8.0, 14.0]


def test_an_unconfirmed_spike_moves_no_figure(settings, market, batches):
    events = market(20, end=False)
    offset, stamp = events[-1].offset, events[-1].stamp
    at = events[-2].tick.event_time

    def told(*prices):
        ticks = (Tick("sim", "A", at + SECOND // 2 + i, price) for i, price in enumerate(prices))
        more = [Accepted(offset + 1 + i, 0, stamp, 0, tick) for i, tick in enumerate(ticks)]
        later = Accepted(offset + 9, 0, stamp, 1, Tick("sim", "B", at + 3 * SECOND, 50.0))
        return snapshots(run(RiskActor(settings), batches([*events, *more, later])))[-4]

    newest = [e.tick.price for e in events if isinstance(e, Accepted) and e.instrument == 0][-1]
    calm, spiked, meant = told(newest), told(newest * 10, newest), told(newest * 1.5, newest * 1.5)
    assert spiked.measures == calm.measures
    assert (calm.quality.rejected, spiked.quality.rejected, meant.quality.rejected) == (0, 1, 0)
    assert meant.positions[0].price == newest * 1.5
    assert meant.measures[0].var > 2 * calm.measures[0].var


def test_an_instrument_written_in_two_ways_in_one_portfolio_is_refused(settings, market, batches):
    book = Positions((Holding("p", "A", 1.0), Holding("q", "A", 5.0), Holding("p", "sim:A", 2.0)))
    with pytest.raises(InputError, match="'p' holds one instrument twice, as 'A' and as 'sim:A'"):
        run(RiskActor(settings), batches(market(1, book=book)))


def test_a_book_of_which_nothing_has_a_rate_has_no_number(settings, market, batches):
    book = Positions((Holding("p", "A", 1.0, currency="EUR"), Holding("o", "B", 1.0), Holding("o", "C", 1.0)))
    last = snapshots(run(RiskActor(settings), batches(market(10, book=book))))[-1]
    assert last.portfolio == "p"
    assert {(m.var, m.reason) for m in last.measures} == {(None, "no position has a rate")}


def test_a_suspect_that_a_recording_ends_with_is_rejected(settings, market, batches):
    events = market(20, end=False)
    offset, stamp = events[-1].offset, events[-1].stamp
    spike = Accepted(offset + 1, 0, stamp, 0, Tick("sim", "A", events[-2].tick.event_time + 1, 1e6))
    actor = RiskActor(settings)
    run(actor, batches([*events, spike, End(offset + 2, stamp)]))
    assert actor.tally.suspect == 1


def test_an_actor_says_how_well_its_numbers_hold_together(settings, market, batches):
    actor = RiskActor(settings)
    assert actor.numerics.vector_drift == 0.0
    run(actor, batches(market(140)))
    assert 0.0 < actor.numerics.vector_drift < 1e-5


@pytest.mark.parametrize(("start", "zone", "begins"), [("00:00", "UTC", 0), ("17:00", "America/New_York", 22)])
def test_the_day_of_the_pnl_begins_when_the_clock_of_its_zone_says(settings, batches, start, zone, begins):
    hour = 3_600 * SECOND
    midnight = 1_709_856_000 * SECOND  # 2024-03-08, UTC
    settings = replace(settings, bar=hour, day_start=start, day_zone=zone)
    events = [Command(0, 1, encode_command(Positions((Holding("p", "A", 1.0),))))]
    for number in range(48):
        at = midnight + number * hour
        events.append(Accepted(len(events), 0, at, 0, Tick("sim", "A", at, 100.0 + number)))
    told = {s.event_time[8:13]: s.pnl_today for s in snapshots(run(RiskActor(settings), batches(events)))}
    # The bar that ends at an hour has the price of the hour before; the day's first one stands beside its last before.
    assert told[f"08T{begins + 1:02d}"] == (0.0 if begins == 0 else 1.0)
    assert told["09T12"] == 36.0 - 1 - (23 if begins == 0 else 21)
    assert told["09T21"] == 45.0 - 1 - (23 if begins == 0 else 21)
    assert told["09T23"] == 47.0 - 1 - (23 if begins == 0 else 45)


def test_the_open_bar_moves_figures_between_bars_and_an_actor_restored_says_the_same(settings, market, batches):
    settings = replace(settings, open_bar="on")
    events = market(20)
    quiet = snapshots(run(RiskActor(replace(settings, open_bar="off"), publish=SECOND // 4), batches(events)))
    told = snapshots(run(RiskActor(settings, publish=SECOND // 4), batches(events)))
    assert len(told) == len(quiet)
    at_bars = [(one, other) for one, other in zip(told, quiet, strict=True) if one.moment == "bar"]
    between = [(one, other) for one, other in zip(told, quiet, strict=True) if one.moment == "tick"]
    assert all(one.measures == other.measures for one, other in at_bars)
    known = [(one, other) for one, other in between if one.measures[0].var]
    assert sum(one.measures[0].var != other.measures[0].var for one, other in known) > len(known) / 2
    for one in told:
        for part in one.explain:
            moved = part.trades + part.prices + part.covariance + part.scenarios
            assert moved == pytest.approx(_change(told, one, part), abs=1e-6)
    first = run(RiskActor(settings, publish=SECOND // 4), batches(events[:150], state=b"feed"))
    restored = RiskActor(settings, publish=SECOND // 4)
    restored.restore(first[-1].risk_state)
    rest = snapshots(run(restored, batches(events[150:])))
    assert snapshots(first) + rest == told


def _change(told, one, part):
    before = next(s for s in told if s.portfolio == one.portfolio and s.seq == part.since_seq)
    now, then = (
        next(m.var for m in s.measures if (m.method, m.confidence) == (part.method, part.confidence))
        for s in (one, before)
    )
    return now - then
