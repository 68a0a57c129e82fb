"""A desk's and the firm's figures are read off the sum of the portfolios' P&L vectors, not summed."""

import numpy as np
import pytest

from flows.actors.merge import MergeActor
from flows.actors.risk import RiskActor
from flows.commands import Holding, Positions, Trade, Trades, encode_command
from flows.messages import Command, FeedBatch, Moment
from riskcore.errors import InputError
from riskcore.quantile import expected_shortfall, value_at_risk
from riskcore.state import State

BOOK = Positions(
    (
        Holding("alpha", "A", 10.0, desk="macro"),
        Holding("alpha", "B", -4.0, desk="macro"),
        Holding("beta", "B", 3.0, desk="macro"),
        Holding("beta", "C", 7.0, multiplier=2.0),
        Holding("gamma", "C", -1.0),
    )
)
MEMBERS = {"desk:macro": ("alpha", "beta"), "firm": ("alpha", "beta", "gamma")}


@pytest.fixture
def run(settings, market, batches):
    """Return the actor and the last snapshot of each portfolio after a market with these commands in its midst."""

    def make(*commands, book=BOOK, actor=None):
        actor = actor or RiskActor(settings)
        events = market(20, book=book)
        for command in reversed(commands):
            place = events[150]
            events.insert(150, Command(place.offset, place.stamp, encode_command(command)))
        messages = [one for batch in batches(events) for one in actor.on_batch(batch)]
        return actor, {s.portfolio: s for one in messages if isinstance(one, Moment) for s in one.snapshots}

    return make


def assert_sums(actor, last):
    portfolios = actor._books.portfolios
    for name, members in MEMBERS.items():
        for method in ("historical", "monte_carlo"):
            pnl = sum(portfolios[member].book.scenarios(method) for member in members)
            for one in last[name].measures:
                if one.method == method:
                    assert one.var == pytest.approx(value_at_risk(pnl, one.confidence), rel=1e-6)
                    assert one.es == pytest.approx(expected_shortfall(pnl, one.confidence), rel=1e-6)
        exposures = sum(portfolios[member].book.exposures for member in members)
        covariance = portfolios[name].book.model.read_covariance
        sigma = np.sqrt(exposures @ covariance @ exposures * portfolios[name].settings.bars_in_horizon)
        parametric = next(one for one in last[name].measures if (one.method, one.confidence) == ("parametric", 0.99))
        assert parametric.var == pytest.approx(2.3263478740408408 * sigma, rel=1e-9)
        for figure in ("market_value", "pnl_today"):
            total = sum(getattr(last[member], figure) for member in members)
            assert getattr(last[name], figure) == pytest.approx(total, rel=1e-9, abs=1e-9)


def test_figures_of_desk_and_firm_are_those_of_the_summed_vectors(run):
    actor, last = run()
    assert set(last) == {"alpha", "beta", "gamma", "desk:macro", "firm"}
    assert_sums(actor, last)
    firm = next(one.var for one in last["firm"].measures if one.method == "parametric")
    summed = sum(next(m.var for m in last[name].measures if m.method == "parametric") for name in MEMBERS["firm"])
    assert firm < 0.99 * summed


def test_trades_move_the_sums_also_where_a_portfolio_counts_in_other_units(run):
    traded = Trades((Trade("T1", "beta", "C", 5.0), Trade("T2", "gamma", "C", 3.0), Trade("T3", "gamma", "A", -2.0)))
    actor, last = run(traded, Trades((Trade("T4", cancels="T2"), Trade("T5", cancels="T3"))))
    assert_sums(actor, last)
    held = {p.symbol: p.quantity for p in last["firm"].positions}
    # C: beta has 12 contracts of 2, gamma -1 and, cancelled, nothing more: 23 units, in the contracts of beta.
    assert held == {"A": 10.0, "B": -1.0, "C": 11.5}


def test_the_number_of_shards_changes_no_sum(run, settings, market, batches):
    _, whole = run()
    merge, last = MergeActor(3), {}
    actors = [RiskActor(settings, shard=shard, shards=3) for shard in range(3)]
    for batch in batches(market(20, book=BOOK)):
        for one in (one for actor in actors for one in actor.on_batch(batch)):
            for merged in merge.on_message(one):
                last |= {s.portfolio: s for s in merged.snapshots}
    assert last == whole


def test_one_portfolio_alone_is_no_firm(run):
    _, last = run(book=Positions((Holding("alpha", "A", 1.0), Holding("alpha", "B", 1.0), Holding("alpha", "C", 1.0))))
    assert set(last) == {"alpha"}


def test_an_instrument_in_two_currencies_is_refused(settings):
    book = Positions((Holding("a", "A", 1.0, currency="EUR"), Holding("b", "A", 1.0, currency="USD")))
    with pytest.raises(InputError, match="'A' is in USD for portfolio 'b' and in EUR for another"):
        RiskActor(settings).on_batch(FeedBatch(0, 1, [Command(0, 1, encode_command(book))]))


def test_the_sums_of_a_restored_actor_follow_its_trades(run, settings):
    actor, _ = run()
    restored = RiskActor(settings)
    image = actor.snapshot()
    restored.restore(State({name: array.copy() for name, array in image.arrays.items()}, image.meta))
    trades = Trades((Trade("T1", "beta", "C", 5.0), Trade("T2", "gamma", "C", -1.0)))
    told = FeedBatch(9_000, 9_000, [Command(9_000, 9_000, encode_command(trades))])
    (said,) = restored.on_batch(told)
    assert [said] == actor.on_batch(told)
    assert {row.portfolio for row in said.said.changed} == {"beta", "desk:macro", "firm", "gamma"}
