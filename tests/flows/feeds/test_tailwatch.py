import json

import pytest

from flows.feeds import FrameError, get_adapter
from flows.feeds.adapter import SequencedTick, Session, Unusable, VenueError
from riskcore.errors import InputError
from riskcore.messages import Tick

NOW = 1_700_000_000_123_456_789
TICK = {"ts": NOW, "symbol": "AAPL", "price": 187.25, "size": 100, "side": "buy", "seq": 1}
BAD_QUOTES = [
    (0.0, 101.0, "not_positive"),
    (-1.0, 101.0, "not_positive"),
    (-5.0, -4.0, "not_positive"),
    (5e-324, 101.0, "out_of_bounds"),
    (100.0, 1e300, "out_of_bounds"),
    (12.0, 11.0, "crossed"),
    (11.0, 11.0, "locked"),
]


def _decode(content: object, received: int | None = None, price: str = "trade"):
    return list(get_adapter("tailwatch", price).decode(json.dumps(content).encode(), received))


def _without(field: str) -> dict[str, object]:
    return {key: value for key, value in TICK.items() if key != field}


def test_a_tick_object_reads_field_by_field():
    (tick,) = _decode(TICK, received=5)
    assert tick == ("tailwatch", "AAPL", NOW, 187.25, 100.0, "buy", 1, 5, None, None)
    assert type(tick) is SequencedTick


def test_a_trade_id_numbers_the_symbol_and_seq_the_feed():
    (tick,) = _decode(_without("seq") | {"trade_id": 9})
    assert (type(tick), tick.identifier) == (Tick, 9)
    (tick,) = _decode(TICK | {"trade_id": 9})
    assert (type(tick), tick.identifier) == (SequencedTick, 1)


@pytest.mark.parametrize("ts", [NOW, "2023-11-14T22:13:20.123456789Z", "2023-11-14T23:13:20.123456789+01:00", str(NOW)])
def test_times_are_text_or_integers(ts):
    (tick,) = _decode(TICK | {"ts": ts})
    assert tick.event_time == NOW


@pytest.mark.parametrize(("ts", "unit"), [(1_700_000_000, 10**9), (1_700_000_000_123, 10**6)])
def test_the_unit_of_an_integer_is_told_by_its_magnitude(ts, unit):
    (tick,) = _decode(TICK | {"ts": ts})
    assert tick.event_time == ts * unit


def test_a_tick_may_name_its_feed_and_its_receive_time():
    (tick,) = _decode(TICK | {"feed": "binance:spot", "received": NOW + 7})
    assert (tick.feed, tick.received) == ("binance:spot", NOW + 7)


def test_the_receive_time_of_a_live_frame_is_ours_whatever_the_tick_says():
    (tick,) = _decode(TICK | {"received": 1_700_000_000}, received=NOW + 9)
    assert tick.received == NOW + 9


def test_a_number_may_be_written_as_text():
    as_text = {name: str(value) for name, value in TICK.items()} | {"bid": "187.20", "ask": "187.30", "size": "0.10"}
    assert _decode(as_text) == _decode(TICK | {"bid": 187.2, "ask": 187.3, "size": 0.1})


def test_an_array_holds_one_tick_after_the_other():
    assert [tick.identifier for tick in _decode([TICK, TICK | {"seq": 2}])] == [1, 2]
    assert _decode([]) == []


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (TICK | {"price": "187,25"}, "wrong_type"),
        (TICK | {"size": "a few"}, "wrong_type"),
        (TICK | {"price": True}, "wrong_type"),
        (TICK | {"price": None}, "missing_field"),
        (_without("symbol"), "missing_field"),
        (_without("ts"), "missing_field"),
        (TICK | {"ts": "yesterday"}, "bad_time"),
        (TICK | {"ts": 10**30}, "bad_time"),
        (TICK | {"ts": 1.5}, "wrong_type"),
        (5, "not_an_object"),
        ([], "not_an_object"),
        (None, "not_an_object"),
    ],
)
def test_one_bad_tick_in_an_array_costs_only_itself(bad, reason):
    first, item, last = _decode([TICK, bad, TICK | {"seq": 2}])
    assert (first.identifier, last.identifier) == (1, 2)
    assert isinstance(item, Unusable)
    assert (item.reason, json.loads(item.payload)) == (reason, bad)


def test_a_number_too_large_for_a_price_costs_only_its_tick():
    frame = b'[{"ts":1700000000,"symbol":"A","price":1e999},{"ts":1700000000,"symbol":"B","price":2}]'
    first, second = get_adapter("tailwatch").decode(frame, None)
    assert (first.reason, second.symbol) == ("not_finite", "B")


def test_prices_are_handed_on_as_they_stand():
    assert [tick.price for tick in _decode([TICK | {"price": price} for price in (0, -1, 1e300)])] == [0, -1, 1e300]


def test_an_unknown_side_is_no_side():
    (tick,) = _decode(TICK | {"side": "sideways"})
    assert tick.side is None


@pytest.mark.parametrize(("type_", "expected"), [("heartbeat", []), ("subscribed", []), ("status", [])])
def test_signs_of_life_are_no_ticks(type_, expected):
    assert _decode({"type": type_}) == expected


def test_hello_opens_a_session_and_error_is_the_venues_word():
    assert _decode({"type": "hello", "session": "abc"}) == [Session("abc")]
    assert _decode({"type": "hello", "session": 5}) == [Session("5")]
    assert _decode({"type": "error", "message": "unknown symbol X"}) == [VenueError("unknown symbol X")]


@pytest.mark.parametrize(
    ("content", "reason"), [({"type": "hello"}, "missing_field"), ({"type": "dance"}, "unrecognised")]
)
def test_other_messages_are_unreadable(content, reason):
    with pytest.raises(FrameError) as caught:
        _decode(content)
    assert caught.value.reason == reason


def test_the_mid_lies_between_bid_and_ask_where_a_tick_has_both():
    quote = TICK | {"bid": 10.0, "ask": 11.0}
    assert [tick.price for tick in _decode([quote, TICK], price="mid")] == [10.5, 187.25]
    assert [tick.price for tick in _decode([quote])] == [187.25]
    (tick,) = _decode({key: value for key, value in quote.items() if key != "price"}, price="mid")
    assert tick.price == 10.5


@pytest.mark.parametrize(("bid", "ask", "reason"), BAD_QUOTES)
def test_a_quote_with_a_side_that_is_no_price_or_without_room_between_is_unusable(bid, ask, reason):
    (item,) = _decode(TICK | {"bid": bid, "ask": ask}, price="mid")
    assert (item.reason, item.tick.identifier) == (reason, TICK["seq"])
    assert type(item.tick) is SequencedTick


def test_one_bad_quote_in_an_array_costs_only_itself():
    quotes = [TICK | {"bid": bid, "ask": 101.0} for bid in (100.0, 0.0, 100.5)]
    first, item, last = _decode(quotes, price="mid")
    assert (first.price, item.reason, last.price) == (100.5, "not_positive", 100.75)


def test_what_a_quote_says_is_no_matter_while_prices_are_trades():
    assert [tick.price for tick in _decode(TICK | {"bid": 0, "ask": -1})] == [187.25]


def test_it_connects_where_it_is_told_and_subscribes_by_message():
    adapter = get_adapter("tailwatch")
    assert adapter.url(["A"], "ws://127.0.0.1:1") == "ws://127.0.0.1:1"
    (message,) = adapter.subscribe(["A", "tailwatch:B", "A"])
    assert json.loads(message) == {"type": "subscribe", "symbols": ["A", "B"]}
    with pytest.raises(InputError, match="--url"):
        adapter.url(["A"])
