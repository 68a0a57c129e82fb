"""Each bar says what came of the forecasts of the bar before."""

from itertools import pairwise
from math import fsum, sqrt

import pytest

from flows.actors.risk import RiskActor
from flows.commands import Trade, Trades, encode_command
from flows.messages import Command, Moment
from riskcore.settings import NANOSECONDS

QUANTITIES = {"A": 10.0, "B": -4.0}


@pytest.fixture
def bars(settings):
    """Return a function that gives a portfolio's snapshots at bars."""

    def run(batches, portfolio="alpha", publish=None, actor=None):
        actor = actor or RiskActor(settings, publish=publish)
        said = [message for batch in batches for message in actor.on_batch(batch)]
        snapshots = [s for message in said if isinstance(message, Moment) for s in message.snapshots]
        assert all(s.backtest is None for s in snapshots if s.moment == "tick")
        return [s for s in snapshots if s.portfolio == portfolio and s.moment == "bar"]

    return run


@pytest.mark.parametrize("publish", [None, NANOSECONDS // 4])
def test_a_forecast_is_that_of_the_bar_before_and_pnl_that_of_the_positions_held(
    bars, market, batches, settings, publish
):
    told = bars(batches(market(20)), publish=publish)
    assert told[0].backtest is None
    for before, after in pairwise(told):
        back = after.backtest
        assert back.since == before.event_time
        scale = sqrt(settings.bars_in_horizon)
        for measure, forecast in zip(before.measures, back.forecasts, strict=True):
            assert (measure.method, measure.confidence) == (forecast.method, forecast.confidence)
            assert forecast.var == (None if measure.var is None else measure.var / scale)
            assert forecast.es == (None if measure.es is None else measure.es / scale)
        prices = [{p.symbol: p.price for p in s.positions} for s in (before, after)]
        if None not in prices[0].values():
            expected = fsum(q * (prices[1][symbol] - prices[0][symbol]) for symbol, q in QUANTITIES.items())
            assert back.hypothetical_pnl == back.actual_pnl == pytest.approx(expected, abs=1e-9)
    assert sum(f.var is not None for s in told[1:] for f in s.backtest.forecasts) > 90


def test_a_trade_is_in_the_actual_pnl_of_its_bar_and_in_both_afterwards(bars, market, batches):
    events = market(20)
    at = next(number for number, event in enumerate(events) if number > 205)
    trade = Trades((Trade("T1", "alpha", "A", -10.0, 90.0),))
    traded = [*events[:at], Command(at, events[at - 1].stamp, encode_command(trade))]
    later = [event._replace(offset=event.offset + 1) for event in events[at:]]
    plain, told = bars(batches(events)), bars(batches([*traded, *later]))
    differ = [n for n, (one, other) in enumerate(zip(plain, told, strict=True)) if one.backtest != other.backtest]
    first = differ[0]
    assert told[first].backtest.hypothetical_pnl == pytest.approx(plain[first].backtest.hypothetical_pnl)
    price = next(p.price for p in told[first].positions if p.symbol == "A")
    lost = -10.0 * (price - 90.0)
    assert told[first].backtest.actual_pnl == pytest.approx(plain[first].backtest.actual_pnl + lost)
    for snapshot in told[first + 1 :]:
        assert snapshot.backtest.actual_pnl == snapshot.backtest.hypothetical_pnl


def test_a_restored_actor_tells_the_same(bars, market, batches, settings):
    cut = batches(market(20))
    whole = bars(cut)
    actor, again, half = RiskActor(settings), RiskActor(settings), len(cut) // 2
    first = bars(cut[:half], actor=actor)
    again.restore(actor.snapshot())
    assert [s.backtest for s in [*first, *bars(cut[half:], actor=again)]] == [s.backtest for s in whole]
