"""What is delisted or expires, through the actor: its position keeps a value, and the figures go on without it."""

from itertools import pairwise

import pytest

from flows.actors.risk import RiskActor
from flows.commands import Holding, Instrument, Positions, Trade, Trades, encode_command
from flows.messages import Accepted, Checkpoint, Command
from riskcore.exposures import OVER
from riskcore.messages import Tick
from riskcore.settings import NANOSECONDS

ENDS = 1_010 * NANOSECONDS
BOOK = Positions(
    (Holding("both", "A", 10.0), Holding("both", "B", -4.0), Holding("one", "A", 10.0), Holding("one", "C", 0.0)),
    (),
    (Instrument("B", ends=ENDS),),
)


def run(actor, parts):
    return [out for part in parts for out in actor.on_batch(part)]


def snapshots(outputs, portfolio="both"):
    told = [snapshot for moment in outputs if not isinstance(moment, Checkpoint) for snapshot in moment.snapshots]
    return [snapshot for snapshot in told if snapshot.portfolio == portfolio]


def uncovered(snapshot):
    return [(one.symbol, one.reason) for one in snapshot.quality.uncovered]


def figures(snapshot):
    return [figure for m in snapshot.measures for figure in (m.var, m.es)]


def ticks(seconds, prices):
    """One tick a second of each symbol, ``prices(symbol, second)``, None for none; numbered in their order."""
    events = []
    for second in range(seconds):
        at = (1_000 + second) * NANOSECONDS
        for number, symbol in enumerate(prices):
            price = prices[symbol](second)
            if price is not None:
                events.append(Accepted(len(events) + 1, 0, at, number, Tick("sim", symbol, at, price)))
    return events


def told(book, events):
    return [Command(0, 1, encode_command(book)), *events]


def test_from_the_bar_after_its_end_the_figures_are_those_of_a_book_without_it(settings, market, batches) -> None:
    outputs = run(RiskActor(settings), batches(market(20, book=BOOK)))
    both, one = snapshots(outputs), snapshots(outputs, "one")
    before = [s for s in both if s.event_time <= "1970-01-01T00:16:51"]
    assert [uncovered(s) for s in both] == [[]] * len(before) + [[("B", OVER)]] * (len(both) - len(before))
    assert 0 < len(before) < len(both)
    assert figures(before[-1]) != pytest.approx(figures(one[len(before) - 1]), rel=0.01)
    for mine, other in zip(both[len(before) :], one[len(before) :], strict=True):
        assert figures(mine) == pytest.approx(figures(other), rel=1e-6)  # paths in single precision


def test_it_keeps_the_value_of_its_newest_price_and_is_not_stale(settings, batches) -> None:
    prices = {
        "A": lambda second: 100.0 + second % 3,
        "B": lambda second: 50.0 + second if second < 10 or second == 15 else None,
    }
    found = snapshots(run(RiskActor(settings), batches(told(BOOK, ticks(60, prices)))))
    position = [next(p for p in s.positions if p.symbol == "B") for s in found]
    assert [p.price for p in position[9:]] == [59.0] * 6 + [65.0] * (len(position) - 15)
    assert position[-1].market_value == -4.0 * 65.0
    assert (position[-1].component_var, position[-1].volatility) == (None, None)
    assert not any(p.stale for p in position)
    assert not any(s.quality.stale for s in found)
    assert found[-1].pnl_today == pytest.approx(10.0 * 1.0 - 4.0 * 15.0)


def test_its_settlement_is_a_trade_that_takes_it_off_the_book(settings, market, batches) -> None:
    events = market(20, book=BOOK)
    settled = Trades((Trade("t1", "both", "B", 4.0, 49.0),))
    events.insert(-60, Command(events[-61].offset, events[-61].stamp, encode_command(settled)))
    last = snapshots(run(RiskActor(settings), batches(events)))[-1]
    assert next(p for p in last.positions if p.symbol == "B").quantity == 0.0
    assert uncovered(last) == []


def test_why_var_moved_still_adds_up_at_its_end(settings, market, batches) -> None:
    found = snapshots(run(RiskActor(settings), batches(market(20, book=BOOK))))
    seen = 0
    for before, after in pairwise(found):
        was = {(m.method, m.confidence): m.var for m in before.measures}
        now = {(m.method, m.confidence): m.var for m in after.measures}
        for part in after.explain:
            key = part.method, part.confidence
            parts = part.trades + part.prices + part.covariance + part.scenarios
            assert parts == pytest.approx(now[key] - was[key], abs=1e-9)
            seen += uncovered(before) != uncovered(after)
    assert seen


def test_an_actor_restored_before_or_after_its_end_says_the_same(settings, market, batches) -> None:
    events = market(20, book=BOOK)
    whole = run(RiskActor(settings), batches(events))
    for cut in (150, 320):
        first = run(RiskActor(settings), batches(events[:cut], size=13, state=b"feed"))
        actor = RiskActor(settings)
        actor.restore(first[-1].risk_state)
        assert snapshots(first) + snapshots(run(actor, batches(events[cut:], size=5))) == snapshots(whole)


def test_a_position_whose_proxy_ends_ends_with_it(settings, batches) -> None:
    book = Positions(
        (Holding("both", "A", 10.0), Holding("both", "B", 1.0), Holding("both", "CLONE", 8.0)),
        (),
        (Instrument("B", ends=ENDS), Instrument("CLONE", mark=12.5, proxy="B")),
    )
    prices = {"A": lambda second: 100.0 + second % 3, "B": lambda second: 50.0 + second % 2}
    found = snapshots(run(RiskActor(settings), batches(told(book, ticks(20, prices)))))
    assert uncovered(found[9]) == []
    assert uncovered(found[-1]) == [("B", OVER), ("CLONE", OVER)]
    assert next(p for p in found[-1].positions if p.symbol == "CLONE").market_value == 100.0
    assert figures(found[-1])[0] > 0.0


def test_a_rate_that_ends_gives_way_to_another_or_leaves_its_currency_uncovered(settings, batches) -> None:
    book = Positions(
        (Holding("both", "A", 10.0), Holding("both", "B", 1.0, currency="EUR")),
        ("EURUSD", "EUR-USD"),
        (Instrument("EURUSD", ends=ENDS),),
    )
    prices = {
        "A": lambda second: 100.0 + second % 3,
        "B": lambda second: 50.0 + second % 2,
        "EURUSD": lambda second: 1.2,
        "EUR-USD": lambda second: 1.1 if second >= 15 else None,
    }
    found = snapshots(run(RiskActor(settings), batches(told(book, ticks(20, prices)))))
    rates = [[row.rate for row in s.currencies] for s in found]
    assert rates == [[1.2]] * 10 + [[]] * 5 + [[1.1]] * 4
    assert uncovered(found[12]) == [("B", "no rate EUR/USD")]


def test_one_whose_end_is_put_off_after_the_fact_warms_up_anew(settings, market, batches) -> None:
    events = market(30, book=BOOK)
    at = events[340]
    later = Positions(BOOK.positions, BOOK.symbols, (Instrument("B", ends=2 * ENDS),))
    events.insert(341, Command(at.offset, at.stamp, encode_command(later)))
    found = snapshots(run(RiskActor(settings), batches(events)))
    assert uncovered(found[12]) == [("B", OVER)]
    restated = found[17:]
    assert all(uncovered(s) == [] for s in restated)
    assert figures(restated[0])[0] is None
    assert figures(restated[-1])[0] > 0.0
