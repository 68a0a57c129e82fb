"""Kraken, both versions of its API: frames as the venue's documentation shows them."""

import json

import pytest

from flows.feeds import FrameError, get_adapter
from flows.feeds.adapter import UNSTAMPED, Backfill, Unusable, VenueError
from riskcore.messages import Tick

NOON = 1_795_348_800_000_000_000
TIME = "2026-11-22T12:00:00.708706Z"
AT = NOON + 708_706_000
TRADE = {
    "symbol": "MATIC/USD",
    "side": "sell",
    "price": 0.5117,
    "qty": 40.0,
    "ord_type": "market",
    "trade_id": 4665906,
    "timestamp": TIME,
}
QUOTE = {"symbol": "ALGO/USD", "bid": 10, "bid_qty": 740.0, "ask": 12.0, "ask_qty": 1361.4, "last": 0.1}


def _read(content: object, name: str = "kraken", price: str = "trade") -> list[object]:
    return list(get_adapter(name, price).decode(json.dumps(content).encode(), 5))


def _trades(kind: str, *trades: object) -> dict[str, object]:
    return {"channel": "trade", "type": kind, "data": list(trades)}


def test_trades_are_numbered_within_their_symbol():
    tick = Tick("kraken:spot", "MATIC/USD", AT, 0.5117, 40.0, "sell", 4665906, 5)
    assert _read(_trades("update", TRADE, TRADE | {"trade_id": 4665907})) == [tick, tick._replace(identifier=4665907)]


def test_the_snapshot_after_a_subscription_is_history():
    (item,) = _read(_trades("snapshot", TRADE))
    assert type(item) is Backfill


@pytest.mark.parametrize(("stamp", "expected"), [({}, UNSTAMPED), ({"timestamp": TIME}, AT)])
def test_a_quote_is_the_middle_of_its_sides(stamp, expected):
    frame = {"channel": "ticker", "type": "update", "data": [QUOTE | stamp]}
    assert _read(frame, price="mid") == [
        Tick("kraken:spot", "ALGO/USD", expected, 11.0, received=5, bid=10.0, ask=12.0)
    ]
    assert _read(frame) == []


def test_a_refusal_is_told_in_the_venues_words():
    refusal = {"error": "Currency pair not supported XBT/USD", "method": "subscribe", "success": False}
    assert _read(refusal) == [VenueError("Currency pair not supported XBT/USD")]


@pytest.mark.parametrize(
    "frame",
    [
        {"channel": "heartbeat"},
        {"channel": "status", "type": "update", "data": [{"system": "online"}]},
        {"channel": "book", "type": "update", "data": [{"symbol": "X", "bids": []}]},
        {"method": "subscribe", "result": {"channel": "trade", "symbol": "BTC/USD"}, "success": True},
        {"method": "pong"},
    ],
)
def test_what_is_no_tick_is_no_error_either(frame):
    assert _read(frame) == []


@pytest.mark.parametrize("missing", ["symbol", "price", "trade_id", "timestamp"])
def test_a_trade_without_a_needed_field_is_unreadable(missing):
    with pytest.raises(FrameError, match="missing_field"):
        _read(_trades("update", {key: value for key, value in TRADE.items() if key != missing}))


def test_it_asks_for_trades_with_their_snapshot_or_for_quotes():
    (asked,) = get_adapter("kraken").subscribe(["BTC/USD", "kraken:spot:ETH/USD"])
    assert json.loads(asked) == {
        "method": "subscribe",
        "params": {"channel": "trade", "symbol": ["BTC/USD", "ETH/USD"], "snapshot": True},
    }
    (asked,) = get_adapter("kraken", "mid").subscribe(["BTC/USD"])
    assert json.loads(asked)["params"]["channel"] == "ticker"


def test_trades_of_the_first_version_are_read_to_the_microsecond():
    trades = [["354.11000000", "0.89594024", "1795348800.557535", "s", "l", ""]]
    assert _read([993, trades, "trade", "XMR/USD"], "kraken:v1") == [
        Tick("kraken:spot", "XMR/USD", NOON + 557_535_000, 354.11, 0.89594024, "sell", None, 5)
    ]


def test_quotes_of_the_first_version_have_no_stamp():
    quote = {"a": ["12.0", 35, "35.7"], "b": ["10.0", 185, "185.1"], "c": ["11", "3"]}
    (tick,) = _read([1668, quote, "ticker", "WAVES/EUR"], "kraken:v1", "mid")
    assert (tick.event_time, tick.price) == (UNSTAMPED, 11.0)
    (locked,) = _read([1668, quote | {"b": ["12.0", 1, "1"]}, "ticker", "WAVES/EUR"], "kraken:v1", "mid")
    assert isinstance(locked, Unusable)


@pytest.mark.parametrize(
    "frame",
    [
        {"event": "heartbeat"},
        {"event": "systemStatus", "status": "online"},
        [992, {"as": [], "bs": []}, "book-1000", "XMR/USD"],
        [992, {"a": []}, {"b": [], "c": "974947235"}, "book-1000", "XMR/USD"],
    ],
)
def test_what_is_no_tick_of_the_first_version_is_no_error_either(frame):
    assert _read(frame, "kraken:v1") == []


def test_a_refusal_of_the_first_version_is_told():
    refusal = {"event": "subscriptionStatus", "status": "error", "errorMessage": "Currency pair not supported"}
    assert _read(refusal, "kraken:v1") == [VenueError("Currency pair not supported")]
