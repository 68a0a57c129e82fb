"""The FeedActor: every tick of the journal gets exactly one fate."""

import json
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.actors.feed import FeedActor
from flows.commands import Holding, Instrument, Positions, encode_command
from flows.feeds.adapter import DUPLICATE, MAX_FRAME, REJECTED
from flows.messages import Accepted, Command, End, Gap, Instant, Kind, Record, Refused
from flows.universe import Universe
from riskcore.errors import InputError
from riskcore.state import StateError

NOW = 1_700_000_000_000_000_000
SECOND = 1_000_000_000


class Journal:
    """Writes records with offsets and stamps of their own."""

    def __init__(self) -> None:
        self._offsets = count()

    def record(self, kind: Kind, payload: object = b"", **fields: object) -> Record:
        raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        offset = next(self._offsets)
        defaults = {"stamp": NOW + offset, "adapter": "tailwatch", "origin": "ws://feed", "line": 0}
        return Record(offset=offset, kind=kind, payload=raw, **(defaults | fields))

    def ticks(self, *changes: dict[str, object], **fields: object) -> Record:
        ticks = [{"ts": NOW, "symbol": "A", "price": 10.0} | change for change in changes]
        return self.record(Kind.FRAME, ticks if len(ticks) > 1 else ticks[0], **fields)

    def trade(self, identifier: int, **fields: object) -> Record:
        frame = {"e": "trade", "s": "BTCUSDT", "t": identifier, "p": "5", "q": "1", "T": NOW // 10**6, "M": True}
        return self.record(Kind.FRAME, frame | fields, adapter="binance")

    def quote(self, update: int, b: str = "9", a: str = "11", **fields: object) -> Record:
        frame = {"u": update, "s": "BTCUSDT", "b": b, "a": a}
        return self.record(Kind.FRAME, frame, adapter="binance", **fields)


BTC = {"product_id": "BTC-USD", "time": "2023-11-14T22:13:20Z"}


@pytest.fixture
def journal():
    return Journal()


@pytest.fixture
def actor():
    """An actor that knows A, B and Binance's BTCUSDT."""
    return FeedActor(Universe(["A", "B", "BTCUSDT"]))


def _fates(actor: FeedActor, *records: Record) -> list[str]:
    events = actor.on_batch(records).events
    return [event.reason if isinstance(event, Refused) else type(event).__name__ for event in events]


def _is_balanced(actor: FeedActor, events: list[object]) -> bool:
    total = actor.ledger.total()
    accepted = sum(isinstance(event, Accepted) for event in events)
    refused = sum(isinstance(event, Refused) for event in events)
    return actor.ledger.is_balanced and (total.received, total.accepted) == (accepted + refused, accepted)


def test_a_tick_is_accepted_with_its_place_in_the_journal_and_its_instrument(actor, journal):
    batch = actor.on_batch([journal.ticks({"symbol": "B", "price": 3.5})])
    (event,) = batch.events
    assert (event.offset, event.ordinal, event.stamp, event.instrument) == (0, 0, NOW, 1)
    assert (event.tick.key, event.tick.price, event.tick.received) == ("tailwatch:B", 3.5, NOW)
    assert (batch.offset, batch.stamp) == (0, NOW)


def test_a_connection_says_what_its_adapter_reads_and_a_restored_actor_knows_it(journal):
    actor = FeedActor(Universe(["BTCUSDT"]))
    quotes = journal.record(Kind.CONNECTED, {"url": "ws://x", "symbols": [], "price": "mid"}, adapter="binance")
    assert _fates(actor, journal.trade(1), journal.quote(5)) == ["Accepted", "Instant"]
    assert _fates(actor, quotes, journal.trade(2), journal.quote(6)) == ["Instant", "Instant", "Accepted"]
    restored = FeedActor(Universe())
    restored.restore(actor.snapshot())
    assert _fates(restored, journal.trade(3), journal.quote(7)) == ["Instant", "Accepted"]


def test_the_ticks_of_a_frame_are_counted_through(actor, journal):
    events = actor.on_batch([journal.ticks({}, {"symbol": "?"}, {"symbol": "B"})]).events
    assert [event.ordinal for event in events] == [0, 1, 2]


def test_every_record_moves_the_time(actor, journal):
    records = [
        journal.record(Kind.CLOCK),
        journal.record(Kind.FRAME, {"type": "heartbeat"}),
        journal.record(Kind.FRAME, {"type": "hello", "session": "s"}),
        journal.record(Kind.CONNECTED, {"url": "ws://feed"}),
        journal.record(Kind.DISCONNECTED, {"reason": "closed"}),
    ]
    assert actor.on_batch(records).events == [Instant(record.offset, record.stamp) for record in records]


def test_a_depth_message_only_moves_the_time(actor, journal):
    depth = {"stream": "btcusdt@depth", "data": {"e": "depthUpdate", "b": [], "a": []}}
    assert _fates(actor, journal.record(Kind.FRAME, depth, adapter="binance")) == ["Instant"]
    assert actor.ledger.rows() == []


def test_the_end_of_a_recording_is_passed_on(actor, journal):
    assert actor.on_batch([journal.record(Kind.END)]).events == [End(0, NOW)]


def test_connections_are_followed(actor, journal):
    actor.on_batch([journal.record(Kind.CONNECTED, origin="one"), journal.record(Kind.CONNECTED, origin="two")])
    actor.on_batch([journal.record(Kind.DISCONNECTED, origin="one")])
    assert actor.connected == {"one": False, "two": True}


def test_positions_extend_the_universe_before_the_ticks_that_follow(actor, journal):
    positions = encode_command(Positions((Holding("main", "C", 5.0),), symbols=("D",)))
    command = journal.record(Kind.COMMAND, positions)
    assert _fates(actor, journal.ticks({"symbol": "C"}), command, journal.ticks({"symbol": "C"}, {"symbol": "D"})) == [
        "unknown_symbol",
        "Command",
        "Accepted",
        "Accepted",
    ]
    assert actor.on_batch([command]).events == [Command(command.offset, command.stamp, command.payload)]


def test_a_command_that_cannot_be_read_is_an_error_that_names_its_offset(actor, journal):
    with pytest.raises(InputError, match="journal offset 0 cannot be read"):
        actor.on_batch([journal.record(Kind.COMMAND, b"{")])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"price": 0}, "not_positive"),
        ({"price": -0.0}, "not_positive"),
        ({"price": -1}, "not_positive"),
        ({"price": True}, "wrong_type"),
        ({"price": 1e300}, "out_of_bounds"),
        ({"price": 1.1e15}, "out_of_bounds"),
        ({"price": 9e-13}, "out_of_bounds"),
        ({"price": 5e-324}, "out_of_bounds"),
        ({"price": -5e-324}, "not_positive"),
        ({"size": -1}, "bad_size"),
        ({"size": 1.1e15}, "bad_size"),
        ({"size": 1e300}, "bad_size"),
        ({"symbol": "C"}, "unknown_symbol"),
        ({"symbol": "'; DROP TABLE ticks"}, "bad_symbol"),
        ({"symbol": "A\x00"}, "bad_symbol"),
        ({"symbol": "A" * 10_000}, "bad_symbol"),
        ({"symbol": ""}, "bad_symbol"),
        ({"feed": "<script>"}, "bad_symbol"),
        ({"ts": 0}, "bad_time"),
        ({"ts": -5}, "bad_time"),
        ({"ts": 10**19}, "bad_time"),
        ({"ts": "9999-01-01T00:00:00Z"}, "bad_time"),
        ({"ts": NOW + 5 * SECOND + 1}, "future"),
    ],
)
def test_a_bad_tick_is_rejected_with_its_reason_and_its_neighbours_are_not(actor, journal, change, reason):
    assert _fates(actor, journal.ticks({}, change, {"symbol": "B"})) == ["Accepted", reason, "Accepted"]
    assert actor.ledger.total().rejected == {reason: 1}
    assert reason in REJECTED


@pytest.mark.parametrize(("price", "reason"), [("NaN", "not_finite"), ("inf", "not_finite"), ("-5", "not_positive")])
def test_a_price_in_text_that_is_no_price_is_rejected(actor, journal, price, reason):
    assert _fates(actor, journal.trade(1, p=price), journal.trade(2)) == [reason, "Accepted"]


def test_the_bounds_themselves_are_prices_and_a_size(actor, journal):
    ticks = journal.ticks({"price": 1e-12}, {"price": 1e15, "size": 1e15}, {"size": 0})
    assert _fates(actor, ticks) == ["Accepted"] * 3


def _spread(price="trade"):
    actor, journal = FeedActor(Universe(), price), Journal()
    book = Positions((Holding("main", "A", 1.0), Holding("main", "B", 1.0)), (), (Instrument("A", negative=True),))
    actor.on_batch([journal.record(Kind.COMMAND, encode_command(book))])
    return actor, journal


@pytest.mark.parametrize(
    ("price", "fate"), [(-37.63, "Accepted"), (0.0, "Accepted"), (-1e-13, "Accepted"), (-1e16, "out_of_bounds")]
)
def test_a_price_of_nothing_or_less_is_one_only_where_the_instrument_allows_it(price, fate):
    actor, journal = _spread()
    assert _fates(actor, journal.ticks({"price": price})) == [fate]
    assert _fates(actor, journal.ticks({"symbol": "B", "price": price})) != ["Accepted"]
    restored = FeedActor(Universe())
    restored.restore(actor.snapshot())
    assert _fates(restored, journal.ticks({"price": price})) == [fate]


@pytest.mark.parametrize(
    ("bid", "ask", "fate"), [(-2.0, -1.0, "Accepted"), (-1.0, 1.0, "Accepted"), (-1.0, -2.0, "not_positive")]
)
def test_the_middle_of_a_quote_below_nothing_is_a_price_where_the_sides_do_not_cross(bid, ask, fate):
    actor, journal = _spread("mid")
    assert _fates(actor, journal.ticks({"bid": bid, "ask": ask})) == [fate]


def test_the_bounds_hold_for_the_middle_of_a_quote_too(journal):
    actor = FeedActor(Universe(["A", "BTCUSDT"]), price="mid")
    ticks = journal.ticks({"bid": 1e300, "ask": 1e301}, {"bid": 1e-300, "ask": 1e-299})
    assert _fates(actor, ticks, journal.quote(1, b="1e16", a="2e16")) == ["out_of_bounds"] * 3


def test_the_number_of_a_quote_that_cannot_be_used_is_no_gap(journal):
    actor = FeedActor(Universe(["A"]), price="mid")
    bids = [journal.ticks({"seq": n, "bid": bid, "ask": 11.0}) for n, bid in enumerate((10.0, 12.0, 0.0, 10.0))]
    assert _fates(actor, *bids) == ["Accepted", "crossed", "not_positive", "Accepted"]


def test_a_frame_that_cannot_be_read_is_kept_with_its_reason(actor, journal):
    (event,) = actor.on_batch([journal.record(Kind.FRAME, b'{"oops', origin="file.ndjson", line=7)]).events
    assert event == Refused(0, 0, NOW, "rejected", "malformed", "file.ndjson", 7, None, b'{"oops')
    assert actor.ledger.total().rejected == {"malformed": 1}


def test_what_is_kept_of_a_bad_frame_is_bounded(actor, journal):
    (event,) = actor.on_batch([journal.record(Kind.FRAME, b"x" * MAX_FRAME)]).events
    assert len(event.payload) == 4096


def test_of_an_array_only_the_bad_tick_is_kept(actor, journal):
    events = actor.on_batch([journal.record(Kind.FRAME, b'[{"price":true},{"ts":1700000000,"symbol":"A","price":1}]')])
    assert [getattr(event, "payload", b"") for event in events.events] == [b'{"price":true}', b""]


def test_a_symbol_that_only_looks_different_is_the_same_after_normalisation(journal):
    actor = FeedActor(Universe(["K"]))
    (event,) = actor.on_batch([journal.ticks({"symbol": "\u212a"})]).events
    assert (type(event), event.tick.symbol) == (Accepted, "K")


def test_a_resent_window_is_counted_and_dropped(actor, journal):
    first = [journal.ticks({"seq": number}) for number in range(1, 6)]
    again = [journal.ticks({"seq": number}) for number in range(3, 8)]
    assert _fates(actor, *first, *again) == ["Accepted"] * 5 + ["repeated"] * 3 + ["Accepted"] * 2
    assert actor.ledger.total().duplicate == 3


def test_of_two_prices_for_one_number_the_first_wins(actor, journal):
    records = [journal.ticks({"seq": 1}), journal.ticks({"seq": 1, "price": 11.0})]
    assert _fates(actor, *records) == ["Accepted", "conflict"]
    (row,) = [row for row in actor.ledger.rows() if row.symbol == "A"]
    assert (row.duplicate, row.conflict, row.accepted) == (1, 1, 1)


def test_a_gap_of_the_feed_is_declared_before_the_tick_that_shows_it(actor, journal):
    events = actor.on_batch([journal.ticks({"seq": 1}), journal.ticks({"seq": 5, "symbol": "B"})]).events
    assert events[1] == Gap(1, NOW + 1, "tailwatch", "", 2, 4)
    assert isinstance(events[2], Accepted)
    assert actor.ledger.total().missing == 3


def test_a_gap_of_a_symbol_names_it(actor, journal):
    events = actor.on_batch([journal.trade(10), journal.trade(12)]).events
    assert events[1] == Gap(1, NOW + 1, "binance:spot", "BTCUSDT", 11, 11)


def test_a_late_arrival_out_of_a_gap_is_accepted_once(actor, journal):
    assert _fates(actor, *(journal.trade(n) for n in (1, 4, 3, 3, 2))) == [
        "Accepted",
        "Gap",
        "Accepted",
        "Accepted",
        "repeated",
        "Accepted",
    ]


def test_a_tick_that_is_rejected_or_unknown_is_no_gap(actor, journal):
    changes = [{"seq": 1}, {"seq": 2, "price": 0}, {"seq": 3, "symbol": "X"}, {"seq": 4, "ts": NOW * 2}, {"seq": 5}]
    assert "Gap" not in _fates(actor, *(journal.ticks(change) for change in changes))


def test_trade_ids_of_a_file_prove_repeats_but_no_gaps(actor, journal):
    records = [journal.ticks({"trade_id": number, "ts": NOW}) for number in (5, 900, 900, 40)]
    assert _fates(actor, *records) == ["Accepted", "Accepted", "repeated", "Accepted"]


def test_trade_ids_of_a_known_venue_prove_gaps_in_a_file_too(journal):
    actor = FeedActor(Universe(["binance:spot:A"]))
    records = [journal.ticks({"trade_id": number, "feed": "binance:spot"}) for number in (5, 8)]
    assert _fates(actor, *records) == ["Accepted", "Gap", "Accepted"]


def test_a_new_session_begins_its_numbers_anew(actor, journal):
    hello = [journal.record(Kind.FRAME, {"type": "hello", "session": name}) for name in ("one", "one", "two")]
    ticks = [journal.ticks({"seq": number}) for number in (1, 2, 3, 2, 1)]
    records = (hello[0], ticks[0], ticks[1], hello[1], ticks[2], ticks[3], hello[2], ticks[4])
    assert [fate for fate in _fates(actor, *records) if fate != "Instant"] == [
        "Accepted",
        "Accepted",
        "Accepted",
        "repeated",
        "Accepted",
    ]


def test_the_same_session_after_a_reconnection_shows_what_was_missed(actor, journal):
    hello = journal.record(Kind.FRAME, {"type": "hello", "session": "one"})
    lost = [journal.record(Kind.DISCONNECTED), journal.record(Kind.CONNECTED), hello]
    events = actor.on_batch([hello, journal.ticks({"seq": 1}), *lost, journal.ticks({"seq": 9})]).events
    assert [event[4:] for event in events if isinstance(event, Gap)] == [(2, 8)]


def test_a_venue_that_numbers_anew_after_a_reconnection_loses_nothing(actor, journal):
    before = [journal.ticks({"seq": n, "ts": NOW + n}) for n in range(50, 60)]
    after = [journal.ticks({"seq": n, "ts": NOW + SECOND + n}) for n in range(1, 70)]
    fates = _fates(actor, *before, journal.record(Kind.DISCONNECTED), journal.record(Kind.CONNECTED), *after)
    assert fates.count("Accepted") == 79


@pytest.mark.parametrize("number", ["seq", "trade_id"])
@pytest.mark.parametrize("first", [1, 2])
def test_a_numbering_that_begins_again_without_a_word_loses_nothing(actor, journal, number, first):
    before = [journal.ticks({number: n, "ts": NOW + n * SECOND}, line=1) for n in range(1, 201)]
    after = [journal.ticks({number: n, "ts": NOW + (n + 200) * SECOND}, line=1) for n in range(first, 201)]
    assert _fates(actor, *before, *after) == ["Accepted"] * (401 - first)
    assert _fates(actor, *after) == ["repeated"] * (201 - first)


def test_an_alias_on_two_feeds_stops_the_actor_with_both_names(actor, journal):
    actor.on_batch([journal.trade(1)])
    with pytest.raises(InputError, match=r"binance:spot:BTCUSDT or tailwatch:BTCUSDT"):
        actor.on_batch([journal.ticks({"symbol": "BTCUSDT"})])


def test_a_million_unknown_symbols_make_one_account(actor, journal):
    for number in range(0, 5_000, 50):
        changes = [{"symbol": f"U{n}", "feed": f"f{n}", "seq": n} for n in range(number, number + 50)]
        actor.on_batch([journal.ticks(*changes)])
    rows = actor.ledger.rows()
    assert len(rows) == 1
    assert rows[0].rejected == {"unknown_symbol": 5_000}
    assert len(actor.snapshot()) < 5_000


def test_without_a_receive_time_nothing_is_the_future(actor, journal):
    record = journal.ticks({"ts": NOW + 3600 * SECOND}, line=3)
    (event,) = actor.on_batch([record]).events
    assert isinstance(event, Accepted)
    assert event.tick.received is None


def test_the_line_of_a_raw_recording_has_its_stamp_for_receive_time(actor, journal):
    record = journal.trade(1)._replace(line=3)
    (event,) = actor.on_batch([record]).events
    assert event.tick.received == record.stamp


def test_a_venue_whose_clock_runs_ahead_is_not_in_the_future(actor, journal):
    ahead = 4 * SECOND
    good = [journal.ticks({"ts": NOW + n * SECOND + ahead}, stamp=NOW + n * SECOND) for n in range(5)]
    assert set(_fates(actor, *good)) == {"Accepted"}
    assert actor.clock_offset("tailwatch") == ahead
    at_the_edge = journal.ticks({"ts": NOW + 5 * SECOND + ahead + 5 * SECOND}, stamp=NOW + 5 * SECOND)
    beyond = journal.ticks({"ts": NOW + 5 * SECOND + ahead + 5 * SECOND + 1}, stamp=NOW + 5 * SECOND)
    assert _fates(actor, beyond, at_the_edge) == ["future", "Accepted"]


def test_quotes_without_a_stamp_get_receive_time_on_the_venues_clock(journal):
    actor = FeedActor(Universe(["BTCUSDT"]), price="mid")
    trade = journal.trade(1, T=(NOW + 2 * SECOND) // 10**6)
    (_, quote) = actor.on_batch([trade, journal.quote(7, stamp=NOW + SECOND)]).events
    assert quote.tick.event_time == NOW + SECOND + actor.clock_offset("binance:spot")
    assert actor.clock_offset("binance:spot") == 2 * SECOND
    assert quote.tick.price == 10.0
    assert _fates(actor, journal.quote(7), journal.quote(9)) == ["repeated", "Accepted"]


def test_a_damaged_snapshot_is_refused(actor):
    state = actor.snapshot()
    with pytest.raises(StateError):
        actor.restore(state[:-1] + bytes([state[-1] ^ 1]))


def test_a_snapshot_of_the_other_price_source_is_refused(actor):
    with pytest.raises(InputError, match="start with --price trade"):
        FeedActor(Universe(), price="mid").restore(actor.snapshot())


_TICKS = st.fixed_dictionaries(
    {},
    optional={
        "symbol": st.sampled_from(["A", "B", "C", "\u212a", "<>"]),
        "price": st.sampled_from([10.0, 11.0, 0, -1, None, "x", 1e300]),
        "ts": st.integers(-2, 8).map(lambda seconds: NOW + seconds * SECOND),
        "seq": st.integers(0, 12),
        "trade_id": st.integers(-1, 9),
        "size": st.sampled_from([1, -1, 0]),
        "feed": st.sampled_from(["tailwatch", "binance:spot", "elsewhere"]),
    },
)
_FRAMES = (
    st.lists(_TICKS, min_size=1, max_size=4).map(lambda ticks: (Kind.FRAME, ticks))
    | st.binary(max_size=8).map(lambda raw: (Kind.FRAME, raw))
    | st.sampled_from(["one", "two"]).map(lambda name: (Kind.FRAME, {"type": "hello", "session": name}))
    | st.sampled_from([Kind.CLOCK, Kind.CONNECTED, Kind.DISCONNECTED]).map(lambda kind: (kind, b""))
)


def _records(frames: list[tuple[Kind, object]]) -> list[Record]:
    journal = Journal()
    return [
        journal.ticks(*content) if isinstance(content, list) else journal.record(kind, content)
        for kind, content in frames
    ]


@given(st.lists(_FRAMES, max_size=40))
def test_every_tick_has_exactly_one_fate_and_the_ledger_balances(frames):
    records = _records(frames)
    actor = FeedActor(Universe(["tailwatch:A", "tailwatch:B", "binance:spot:A"]))
    events = actor.on_batch(records).events
    assert _is_balanced(actor, events)
    assert {event.offset for event in events} == {record.offset for record in records}
    assert [event.offset for event in events] == sorted(event.offset for event in events)
    for event in events:
        if isinstance(event, Refused):
            assert event.reason in (DUPLICATE if event.fate == "duplicate" else REJECTED)


@given(st.lists(_FRAMES, max_size=40), st.integers(0, 40), st.integers(1, 7))
def test_a_restored_actor_goes_on_as_if_nothing_had_happened(frames, cut, size):
    records = _records(frames)
    universe = ["tailwatch:A", "tailwatch:B", "binance:spot:A"]
    whole, first, second = FeedActor(Universe(universe)), FeedActor(Universe(universe)), FeedActor(Universe())
    expected = whole.on_batch(records).events
    events = list(first.on_batch(records[:cut]).events)
    second.restore(first.snapshot())
    for at in range(cut, len(records), size):
        events += second.on_batch(records[at : at + size]).events
    assert events == expected
    assert second.snapshot() == whole.snapshot()


def test_a_venue_that_falls_silent_behind_lost_trades_declares_them_by_its_heartbeats(journal: Journal) -> None:
    def frame(**content: object) -> Record:
        return journal.record(Kind.FRAME, BTC | content, adapter="coinbase")

    actor = FeedActor(Universe(["BTC-USD"]))
    match = {"type": "match", "price": "5", "size": "1", "side": "buy"}
    told = [frame(**match, trade_id=10), frame(type="heartbeat", last_trade_id=10)]
    assert _fates(actor, *told, frame(type="heartbeat", last_trade_id=13)) == ["Accepted", "Instant", "Instant"]
    (gap,) = actor.on_batch([last := frame(type="heartbeat", last_trade_id=13)]).events
    assert gap == Gap(last.offset, last.stamp, "coinbase:spot", "BTC-USD", 11, 13)
    assert actor.ledger.total().missing == 3
    assert _fates(actor, frame(type="heartbeat", last_trade_id=13)) == ["Instant"]
    assert _fates(actor, frame(**match, trade_id=14)) == ["Accepted"]
