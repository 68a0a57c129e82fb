import json

import pytest

from flows.feeds import FrameError, get_adapter
from flows.feeds.adapter import UNSTAMPED, RisingTick, Unusable, VenueError, VenueTime
from riskcore.errors import InputError
from riskcore.messages import Tick

SPOT_TRADE = {
    "e": "trade",
    "E": 1700000000125,
    "s": "BTCUSDT",
    "t": 42,
    "p": "61837.63000000",
    "q": "0.02000000",
    "T": 1700000000123,
    "m": True,
    "M": True,
}
FUTURES_TRADE = {
    "e": "trade",
    "E": 1700000000125,
    "T": 1700000000123,
    "s": "BTCUSDT",
    "t": 43,
    "p": "61800.30",
    "q": "0.006",
    "X": "MARKET",
    "m": False,
}
SPOT_QUOTE = {"u": 77, "s": "BTCUSDT", "b": "100.00", "B": "3", "a": "102.00", "A": "1"}
FUTURES_QUOTE = SPOT_QUOTE | {"e": "bookTicker", "T": 1700000000123, "E": 1700000000125}


def _combined(stream: str, data: object) -> bytes:
    return json.dumps({"stream": stream, "data": data}).encode()


def _bare(data: object) -> bytes:
    return json.dumps(data).encode()


@pytest.fixture
def trades():
    return get_adapter("binance")


@pytest.fixture
def quotes():
    return get_adapter("binance", price="mid")


def test_a_spot_trade_has_the_time_of_the_trade_and_the_side_of_the_taker(trades):
    tick = Tick("binance:spot", "BTCUSDT", 1_700_000_000_123_000_000, 61837.63, 0.02, "sell", 42, received=5)
    assert list(trades.decode(_combined("btcusdt@trade", SPOT_TRADE), 5)) == [tick]


def test_a_bare_frame_reads_as_one_of_a_combined_stream(trades):
    assert trades.decode(_bare(SPOT_TRADE), 5) == trades.decode(_combined("btcusdt@trade", SPOT_TRADE), 5)


def test_a_futures_trade_is_told_by_its_content(trades):
    (tick,) = trades.decode(_combined("btcusdt@trade", FUTURES_TRADE), None)
    assert (tick.feed, tick.side, tick.identifier) == ("binance:usdm", "buy", 43)


def test_a_settlement_of_the_insurance_fund_is_no_market_price(trades):
    (item,) = trades.decode(_bare(FUTURES_TRADE | {"X": "INSURANCE_FUND"}), None)
    assert isinstance(item, Unusable)
    assert (item.reason, item.tick.identifier) == ("off_market", 43)


@pytest.mark.parametrize(("extra", "feed"), [({"M": True}, "binance:spot"), ({}, "binance:usdm")])
def test_an_aggregate_trade_is_identified_by_its_own_number(trades, extra, feed):
    frame = {"e": "aggTrade", "s": "ETHUSDT", "a": 9, "p": "1", "q": "2", "f": 3, "l": 4, "T": 5, "m": False}
    (tick,) = trades.decode(_bare(frame | extra), None)
    assert (tick.feed, tick.identifier, tick.event_time) == (feed, 9, 5_000_000)


@pytest.mark.parametrize(
    "frame",
    [
        {"stream": "btcusdt@depth@100ms", "data": {"e": "depthUpdate", "s": "BTCUSDT", "b": [["1", "2"]], "a": []}},
        {"lastUpdateId": 5, "bids": [["1", "2"]], "asks": []},
        {"lastUpdateId": 5, "E": 1, "T": 2, "bids": [], "asks": []},
        {"result": None, "id": 1},
        {"stream": "!ticker@arr", "data": [{"e": "24hrTicker", "p": "1"}]},
        {"e": "kline", "s": "BTCUSDT", "k": {"t": 1, "o": "5"}},
        {"e": "24hrTicker", "s": "BTCUSDT", "p": "-5.1", "q": "1", "a": "5", "b": "4"},
        {"e": "serverShutdown", "E": 1},
    ],
)
@pytest.mark.parametrize("price", ["trade", "mid"])
def test_what_is_no_tick_is_no_error_either(frame, price):
    assert list(get_adapter("binance", price).decode(_bare(frame), 5)) == []


def test_quotes_are_no_ticks_while_prices_are_trades(trades):
    assert list(trades.decode(_bare(SPOT_QUOTE), 5)) == []
    assert list(trades.decode(_bare(FUTURES_QUOTE), 5)) == []


def test_the_mid_of_a_spot_quote_has_no_stamp_of_its_own(quotes):
    (tick,) = quotes.decode(_combined("btcusdt@bookTicker", SPOT_QUOTE), 5)
    assert tick == ("binance:spot", "BTCUSDT", UNSTAMPED, 101.0, None, None, 77, 5, 100.0, 102.0)
    assert type(tick) is RisingTick


def test_the_mid_of_a_futures_quote_is_stamped_by_the_venue(quotes):
    (tick,) = quotes.decode(_bare(FUTURES_QUOTE), 5)
    assert (tick.feed, tick.event_time) == ("binance:usdm", 1_700_000_000_123_000_000)


@pytest.mark.parametrize(
    ("bid", "reason"),
    [
        ("0.00000000", "not_positive"),
        ("-1", "not_positive"),
        ("NaN", "not_finite"),
        ("-inf", "not_finite"),
        ("103.00", "crossed"),
        ("102.00", "locked"),
    ],
)
def test_a_quote_with_a_side_that_is_no_price_or_without_room_between_is_unusable(quotes, bid, reason):
    (item,) = quotes.decode(_bare(SPOT_QUOTE | {"b": bid}), 5)
    assert (item.reason, item.tick.identifier, item.tick.ask) == (reason, 77, 102.0)


def test_trades_only_tell_the_venues_time_while_prices_are_mids(quotes):
    assert list(quotes.decode(_bare(SPOT_TRADE), 5)) == [VenueTime("binance:spot", 1_700_000_000_123_000_000)]


@pytest.mark.parametrize(
    "frame",
    [
        {"error": {"code": 2, "msg": "Invalid request: unknown stream"}, "id": 1},
        {"code": 2, "msg": "Invalid request: unknown stream"},
    ],
)
def test_a_refusal_is_told_in_the_venues_words(trades, frame):
    assert list(trades.decode(_bare(frame), 5)) == [VenueError("Invalid request: unknown stream (code 2)")]


@pytest.mark.parametrize("missing", ["s", "t", "p", "T"])
def test_a_trade_without_a_needed_field_is_unreadable(trades, missing):
    with pytest.raises(FrameError) as caught:
        trades.decode(_bare({key: value for key, value in SPOT_TRADE.items() if key != missing}), 5)
    assert caught.value.reason == "missing_field"


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("p", True, "wrong_type"),
        ("p", "12,5", "wrong_type"),
        ("p", "1e999", "not_finite"),
        ("p", ["1"], "wrong_type"),
        ("p", "1_0", "wrong_type"),
        ("t", "x", "wrong_type"),
        ("s", 5, "wrong_type"),
    ],
)
def test_a_field_of_the_wrong_kind_makes_a_trade_unreadable(trades, field, value, reason):
    with pytest.raises(FrameError) as caught:
        trades.decode(_bare(SPOT_TRADE | {field: value}), 5)
    assert caught.value.reason == reason


def test_fields_that_nobody_knows_are_ignored(trades):
    assert trades.decode(_bare(SPOT_TRADE | {"new": {"deep": [1]}}), 5) == trades.decode(_bare(SPOT_TRADE), 5)


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        (None, "wss://stream.binance.com:9443/stream?streams=btcusdt@trade/ethusdt@trade"),
        ("ws://127.0.0.1:9000", "ws://127.0.0.1:9000/stream?streams=btcusdt@trade/ethusdt@trade"),
        ("ws://127.0.0.1:9000/", "ws://127.0.0.1:9000/stream?streams=btcusdt@trade/ethusdt@trade"),
        ("ws://proxy/binance/stream", "ws://proxy/binance/stream?streams=btcusdt@trade/ethusdt@trade"),
        ("ws://proxy/stream?streams=x@trade", "ws://proxy/stream?streams=x@trade"),
    ],
)
def test_the_address_names_the_streams(trades, override, expected):
    assert trades.url(["BTCUSDT", "binance:spot:ETHUSDT", "BTCUSDT"], override) == expected
    assert trades.subscribe(["BTCUSDT"]) == []


def test_futures_and_quotes_have_their_own_addresses(quotes):
    assert get_adapter("binance:usdm").url(["BTCUSDT"]).startswith("wss://fstream.binance.com/stream?")
    assert quotes.url(["BTCUSDT"]).endswith("?streams=btcusdt@bookTicker")


def test_aggregate_trades_are_a_feed_of_the_same_instruments():
    adapter = get_adapter("binance:agg")
    assert adapter.url(["BTCUSDT"]).endswith("?streams=btcusdt@aggTrade")
    assert (adapter.name, adapter.feeds) == ("binance:agg", ("binance:spot",))


def test_many_symbols_are_asked_for_by_message_in_parts(trades):
    symbols = [f"S{number}USDT" for number in range(450)]
    assert trades.url(symbols) == "wss://stream.binance.com:9443/stream"
    requests = [json.loads(message) for message in trades.subscribe(symbols)]
    assert [stream for request in requests for stream in request["params"]] == [
        f"s{number}usdt@trade" for number in range(450)
    ]
    assert {request["method"] for request in requests} == {"SUBSCRIBE"}
    assert len({request["id"] for request in requests}) == len(requests)


def test_more_symbols_than_the_venue_takes_are_refused(trades):
    with pytest.raises(InputError, match="takes 1024 symbols a connection, not 1025"):
        trades.url([f"S{number}" for number in range(1025)])
