"""The instrument master through the actor: marks, proxies, futures, and trades in what is described."""

import pytest

from flows.actors.risk import RiskActor
from flows.commands import Holding, Instrument, Instruments, Positions, Sessions, Trade, Trades, encode_command
from flows.messages import Accepted, Checkpoint, Command
from riskcore.errors import InputError
from riskcore.messages import Tick
from riskcore.settings import NANOSECONDS

BOOK = Positions(
    (Holding("p", "A", 10.0), Holding("p", "B", 1.0), Holding("p", "SHED", 4.0), Holding("p", "CLONE", 8.0)),
    ("C",),
    (
        Instrument("SHED", mark=25.0),
        Instrument("CLONE", mark=12.5, proxy="A"),
        Instrument("C", multiplier=50.0, product="future"),
    ),
)


def run(actor, parts):
    return [out for part in parts for out in actor.on_batch(part)]


def snapshots(outputs):
    return [snapshot for moment in outputs if not isinstance(moment, Checkpoint) for snapshot in moment.snapshots]


@pytest.fixture
def events(market):
    """Twenty seconds of trading in A, B and C, which the book numbers otherwise."""
    numbers = {"A": 0, "B": 1, "C": 4}
    made = market(20, book=BOOK)
    return [e._replace(instrument=numbers[e.tick.symbol]) if hasattr(e, "tick") else e for e in made]


def test_a_mark_is_a_price_and_a_proxy_moves_it(settings, events, batches) -> None:
    last = snapshots(run(RiskActor(settings), batches(events)))[-1]
    by_symbol = {p.symbol: p for p in last.positions}
    assert (by_symbol["SHED"].price, by_symbol["SHED"].market_value) == (25.0, 100.0)
    assert by_symbol["SHED"].component_var is None
    assert by_symbol["CLONE"].market_value == 100.0
    assert by_symbol["CLONE"].volatility == by_symbol["A"].volatility > 0
    assert by_symbol["CLONE"].component_var > 0
    assert [(u.symbol, u.reason) for u in last.quality.uncovered] == [
        ("SHED", "manual mark without a proxy: valued, but in no figure of risk")
    ]
    at_risk = next(m.var for m in last.measures if m.method == "parametric" and m.confidence == 0.99)
    assert sum(p.component_var or 0.0 for p in last.positions) == pytest.approx(at_risk)


def test_a_mark_restated_moves_the_value_and_an_actor_restored_keeps_it(settings, events, batches) -> None:
    higher = Positions(BOOK.positions, BOOK.symbols, (Instrument("SHED", mark=30.0), *BOOK.instruments[1:]))
    at = events[200]
    restated = [*events[:200], Command(at.offset, at.stamp, encode_command(higher)), *events[200:]]
    whole = snapshots(run(RiskActor(settings), batches(restated, size=7)))
    assert {p.price for s in whole for p in s.positions if p.symbol == "SHED"} == {25.0, 30.0}
    first = run(RiskActor(settings), batches(restated[:150], state=b"feed"))
    actor = RiskActor(settings)
    actor.restore(first[-1].risk_state)
    assert snapshots(first) + snapshots(run(actor, batches(restated[150:], size=7))) == whole


def test_a_trade_in_what_nobody_holds_has_the_terms_of_the_master(settings, events, batches) -> None:
    bought = Trades((Trade("t1", "p", "C", 2.0, 20.0),))
    told = [*events[:-1], Command(len(events) - 1, events[-1].stamp, encode_command(bought)), events[-1]]
    actor = RiskActor(settings)
    rows = [row for moment in run(actor, batches(told)) for row in moment.said.holdings + moment.said.changed]
    assert [(row.symbol, row.multiplier) for row in rows if row.symbol == "C"] == [("C", 50.0)]


def test_two_rows_that_mean_one_instrument_must_agree(settings, events, batches) -> None:
    twins = Positions(
        (Holding("p", "A", 1.0), Holding("q", "sim:A", 1.0)),
        (),
        (Instrument("A", mark=1.0), Instrument("sim:A", mark=2.0)),
    )
    with pytest.raises(InputError, match="are one instrument, and the instruments file says two"):
        run(RiskActor(settings), batches([Command(0, 1, encode_command(twins))]))


def test_a_spread_goes_through_nothing_with_its_pnl_and_its_risk_in_every_figure(settings, batches) -> None:
    book = Positions((Holding("p", "SPREAD", 10.0), Holding("p", "A", 1.0)), (), (Instrument("SPREAD", negative=True),))
    events = [Command(0, 1, encode_command(book))]
    prices = [1.5, 0.5, 0.0, -1.0, -2.0, 0.0, 1.0, -0.5, -1.5, 0.5, 1.0, 0.25]
    for second, price in enumerate(prices):
        for number, (symbol, told) in enumerate((("SPREAD", price), ("A", 100.0 + second))):
            at = (1_000 + second) * NANOSECONDS
            events.append(Accepted(len(events), 0, at, number, Tick("sim", symbol, at, told)))
    actor = RiskActor(settings)
    told = snapshots(run(actor, batches(events)))
    spreads = [next(p for p in s.positions if p.symbol == "SPREAD") for s in told]
    assert [p.market_value for p in spreads] == [10 * price for price in prices[:-1]]
    assert [s.pnl_today for s in told] == pytest.approx([10 * (p - 1.5) + n for n, p in enumerate(prices[:-1])])
    assert spreads[-1].volatility > 0.5
    assert spreads[-1].component_var > 0.0
    first = run(RiskActor(settings), batches(events[:12], state=b"feed"))
    restored = RiskActor(settings)
    restored.restore(first[-1].risk_state)
    assert snapshots(first) + snapshots(run(restored, batches(events[12:]))) == told


def test_a_share_out_of_session_keeps_its_volatility_beside_a_coin_that_trades_on(settings, batches) -> None:
    book = Positions(
        (Holding("p", "SHARE", 1.0), Holding("p", "COIN", 1.0)), (), (Instrument("SHARE", session="XTST"),)
    )
    opens, closes = 1_000 * NANOSECONDS, 1_020 * NANOSECONDS
    later = (1_100 * NANOSECONDS, 1_200 * NANOSECONDS)
    told = [encode_command(book), encode_command(Sessions({"XTST": ((opens, closes), later)}))]
    events = [Command(number, 1, payload) for number, payload in enumerate(told)]
    for second in range(60):
        at = (1_000 + second) * NANOSECONDS
        prices = [(1, "COIN", 50.0 + second % 3)] + ([(0, "SHARE", 100.0 + second % 2)] if second < 20 else [])
        for number, symbol, price in prices:
            events.append(Accepted(len(events), 0, at, number, Tick("sim", symbol, at, price)))
    found = snapshots(run(RiskActor(settings), batches(events)))
    volatility = [s.positions[0].volatility for s in found]
    assert len(found) == 59
    assert volatility[20:] == pytest.approx([volatility[19]] * 39, rel=1e-12)
    assert not any(s.quality.stale or s.positions[0].stale for s in found)
    without = snapshots(run(RiskActor(settings), batches([e for e in events if e.offset != 1])))
    assert without[-1].positions[0].stale
    first = run(RiskActor(settings), batches(events[:50], state=b"feed"))
    restored = RiskActor(settings)
    restored.restore(first[-1].risk_state)
    assert snapshots(first) + snapshots(run(restored, batches(events[50:]))) == found


def stated(events, at, *instruments, asked="q"):
    """The same events with instruments that are stated on the way."""
    place = events[at]
    told = Instruments(instruments=instruments, asked=asked)
    return [*events[:at], Command(place.offset, place.stamp, encode_command(told)), *events[at:]]


def answered(outputs):
    return [one for moment in outputs if not isinstance(moment, Checkpoint) for one in moment.said.answers]


def test_a_mark_stated_on_the_way_is_a_price_from_then_on_and_never_a_live_one(settings, events, batches) -> None:
    told = stated(events, 200, Instrument("SHED", mark=30.0), Instrument("CLONE", mark=20.0, proxy="B"))
    outputs = run(RiskActor(settings), batches(told, size=7))
    made = snapshots(outputs)
    shed = [p for s in made for p in s.positions if p.symbol == "SHED"]
    assert [p.price for p in shed] == sorted(p.price for p in shed)
    assert {p.price for p in shed} == {25.0, 30.0}
    assert all(p.stale for p in shed)
    assert {symbol for s in made for symbol in s.quality.stale} == {"SHED", "CLONE"}
    last = {p.symbol: p for p in made[-1].positions}
    assert last["CLONE"].volatility == last["B"].volatility != last["A"].volatility
    assert [one.status for one in answered(outputs)] == [200]
    rows = {row.symbol: row for moment in outputs for row in moment.said.instruments}
    assert sorted(rows) == ["C", "CLONE", "SHED"]
    assert rows["SHED"].stated == rows["CLONE"].stated == events[200].stamp != rows["C"].stated


def test_what_was_stated_is_the_same_in_a_replay_and_in_an_actor_restored(settings, events, batches) -> None:
    told = stated(events, 200, Instrument("SHED", mark=30.0))
    whole = snapshots(run(RiskActor(settings), batches(told, size=7)))
    first = run(RiskActor(settings), batches(told[:220], state=b"feed"))
    actor = RiskActor(settings)
    actor.restore(first[-1].risk_state)
    assert snapshots(first) + snapshots(run(actor, batches(told[220:], size=7))) == whole
    again = Command(10**6, told[-1].stamp, encode_command(BOOK))
    rows = {row.symbol: row.stated for moment in run(actor, batches([again])) for row in moment.said.instruments}
    assert rows["SHED"] == events[200].stamp


@pytest.mark.parametrize(
    ("instrument", "status", "words"),
    [
        (Instrument("NOTHING", mark=1.0), 422, "instruments.1.symbol: 'NOTHING' is neither held nor watched"),
        (Instrument("SHED", mark=2.0), 422, "instruments.1.symbol: 'SHED' is there twice"),
        (Instrument("B", proxy="NOTHING"), 422, "instruments.1.proxy: 'NOTHING'"),
        (Instrument("B", session="XTST"), 422, "instruments.1.session: the engine does not know the calendar 'XTST'"),
        (Instrument("A", currency="EUR"), 409, "instruments.1.currency: 'A' is held in USD"),
        (Instrument("A", multiplier=2.0), 409, "instruments.1.multiplier: 'A' is held with 1"),
        (Instrument("A", mark=7.0), 409, "instruments.1.mark: 'A' has prices of its own"),
        (Instrument("A", negative=True), 409, "instruments.1.negative: 'A' has returns of the other kind"),
    ],
)
def test_of_a_faulty_statement_nothing_is_known(settings, events, batches, instrument, status, words) -> None:
    told = stated(events, 200, Instrument("SHED", mark=99.0), instrument)
    outputs = run(RiskActor(settings), batches(told))
    (answer,) = answered(outputs)
    assert answer.status == status
    assert words in answer.payload.decode()
    assert {p.price for s in snapshots(outputs) for p in s.positions if p.symbol == "SHED"} == {25.0}


def test_what_was_traded_keeps_currency_and_multiplier(settings, events, batches) -> None:
    bought = Command(events[100].offset, events[100].stamp, encode_command(Trades((Trade("t1", "p", "C", 2.0, 20.0),))))
    told = [*events[:100], bought, *events[100:]]
    (answer,) = answered(run(RiskActor(settings), batches(stated(told, 200, Instrument("C", multiplier=10.0)))))
    assert (answer.status, b"is held with 50" in answer.payload) == (409, True)
    (answer,) = answered(run(RiskActor(settings), batches(stated(events, 200, Instrument("C", multiplier=10.0)))))
    assert answer.status == 200


def test_a_book_that_is_stated_again_leaves_alone_what_was_stated_since_and_another_one_does_not(
    settings, events, batches
) -> None:
    told = stated(events, 200, Instrument("SHED", mark=30.0))
    again = Command(told[300].offset, told[300].stamp, encode_command(BOOK))
    other = again._replace(payload=encode_command(Positions(BOOK.positions, BOOK.symbols, BOOK.instruments[1:])))
    kept = snapshots(run(RiskActor(settings), batches([*told[:300], again, *told[300:]])))
    assert next(p for p in kept[-1].positions if p.symbol == "SHED").price == 30.0
    outputs = run(RiskActor(settings), batches([*told[:300], other, *told[300:]]))
    rows = {row.symbol: row.definition for moment in outputs for row in moment.said.instruments}
    assert rows["SHED"] is None
