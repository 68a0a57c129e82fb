"""Each snapshot says why Value-at-Risk moved since the one before it."""

from itertools import pairwise
from math import fsum

import pytest

from flows.actors.risk import RiskActor
from flows.commands import Holding, Positions, encode_command
from flows.messages import Command, Moment
from riskcore.settings import NANOSECONDS

SECOND = NANOSECONDS
PARTS = ("trades", "prices", "covariance", "scenarios")
CHANGED = Positions((Holding("alpha", "A", 3.0), Holding("alpha", "C", 8.0), Holding("beta", "B", 3.0)))


@pytest.fixture
def told(market, batches, settings):
    """Return a function that gives each portfolio's snapshots of a run in which the book changes at event 151."""

    def run(publish):
        events = market(20)
        at = events[150].stamp
        changed = Command(151, at, encode_command(CHANGED))
        later = [event._replace(offset=event.offset + 1) for event in events[151:]]
        actor = RiskActor(settings, publish=publish)
        found = {}
        for batch in batches([*events[:151], changed, *later]):
            for message in actor.on_batch(batch):
                for snapshot in message.snapshots if isinstance(message, Moment) else ():
                    found.setdefault(snapshot.portfolio, []).append(snapshot)
        return found

    return run


def figures(snapshot):
    return {(m.method, m.confidence): m.var for m in snapshot.measures if m.var is not None}


def explained(snapshot):
    return {(e.method, e.confidence): [getattr(e, part) for part in PARTS] for e in snapshot.explain}


@pytest.mark.parametrize("publish", [None, SECOND // 4])
def test_the_parts_add_up_to_the_change_between_any_two_snapshots(told, publish):
    for snapshots in told(publish).values():
        numbered = [s for s in snapshots if len(figures(s)) == 9]
        assert len(numbered) > 10
        for first in range(0, len(numbered) - 1, 3):
            for last in range(first + 1, len(numbered), 5):
                for key, var in figures(numbered[last]).items():
                    parts = [part for s in numbered[first + 1 : last + 1] for part in explained(s)[key]]
                    change = var - figures(numbered[first])[key]
                    assert fsum(parts) == pytest.approx(change, rel=1e-12, abs=1e-12 * fsum(map(abs, parts)))


@pytest.mark.parametrize("publish", [None, SECOND // 4])
def test_it_names_the_snapshot_before_and_is_empty_while_either_has_no_number(told, publish):
    for snapshots in told(publish).values():
        assert snapshots[0].explain == ()
        for before, after in pairwise(snapshots):
            assert explained(after).keys() == figures(before).keys() & figures(after).keys()
            assert {e.since_seq for e in after.explain} <= {before.seq}


def test_what_happened_has_a_part_and_what_did_not_has_none(told):
    snapshots = told(SECOND // 4)["alpha"]
    numbered = [s for s in snapshots if s.explain]
    traded = [s.seq for s in numbered if any(e.trades for e in s.explain)]
    assert len(traded) == 1
    for snapshot in numbered:
        for each in snapshot.explain:
            if snapshot.moment == "tick":
                assert each.covariance == each.scenarios == 0.0
            else:
                assert (each.covariance == 0.0) == (each.method == "historical")
            assert each.method != "parametric" or each.scenarios == 0.0


def test_a_book_that_is_emptied_loses_all_its_risk_by_trades(told):
    gone = told(None)["gamma"]
    (emptied,) = [s for s in gone if any(e.trades for e in s.explain)]
    before = gone[emptied.seq - 2]
    for key, parts in explained(emptied).items():
        assert parts == [-figures(before)[key], 0.0, 0.0, 0.0]
