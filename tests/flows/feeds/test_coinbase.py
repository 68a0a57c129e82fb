"""Coinbase Exchange and Advanced Trade: frames as the venue's documentation shows them."""

import json

import pytest

from flows.feeds import FrameError, get_adapter
from flows.feeds.adapter import Backfill, FrameNumber, LastTrade, RisingTick, Unusable, VenueError, VenueTime
from riskcore.messages import Tick

NOON = 1_795_348_800_000_000_000
TIME = "2026-11-22T12:00:00.028459Z"
AT = NOON + 28_459_000
MATCH = {
    "type": "match",
    "trade_id": 10,
    "sequence": 50,
    "maker_order_id": "ac928c66",
    "taker_order_id": "132fb6ae",
    "time": TIME,
    "product_id": "BTC-USD",
    "size": "5.23512",
    "price": "400.23",
    "side": "sell",
}
TICKER = {
    "type": "ticker",
    "sequence": 51,
    "product_id": "BTC-USD",
    "price": "400.23",
    "best_bid": "400.00",
    "best_ask": "401.00",
    "time": TIME,
    "trade_id": 10,
}
TRADES = {
    "channel": "market_trades",
    "client_id": "",
    "timestamp": TIME,
    "sequence_num": 7,
    "events": [
        {
            "type": "update",
            "trades": [
                {
                    "trade_id": "12",
                    "product_id": "ETH-USD",
                    "price": "1260.01",
                    "size": "0.3",
                    "side": "BUY",
                    "time": TIME,
                }
            ],
        }
    ],
}


def _read(content: object, name: str = "coinbase", price: str = "trade") -> list[object]:
    return list(get_adapter(name, price).decode(json.dumps(content).encode(), 5))


def test_a_match_has_the_side_of_the_taker_and_the_number_of_its_product():
    assert _read(MATCH) == [Tick("coinbase:spot", "BTC-USD", AT, 400.23, 5.23512, "buy", 10, 5)]


def test_the_last_match_before_the_subscription_is_history():
    (item,) = _read(MATCH | {"type": "last_match"})
    assert type(item) is Backfill
    assert item.tick == _read(MATCH)[0]


def test_a_quote_is_numbered_upward_and_has_the_middle_of_its_sides():
    (tick,) = _read(TICKER, price="mid")
    assert type(tick) is RisingTick
    assert tick == ("coinbase:spot", "BTC-USD", AT, 400.5, None, None, 51, 5, 400.0, 401.0)
    assert _read(TICKER) == []
    (crossed,) = _read(TICKER | {"best_bid": "402"}, price="mid")
    assert isinstance(crossed, Unusable)
    assert crossed.reason == "crossed"


def test_heartbeats_tell_the_venues_time():
    beat = {"type": "heartbeat", "sequence": 90, "last_trade_id": 20, "product_id": "BTC-USD", "time": TIME}
    assert _read(beat, price="mid") == [VenueTime("coinbase:spot", AT)]
    assert _read(beat) == [VenueTime("coinbase:spot", AT), LastTrade("coinbase:spot", "BTC-USD", 20)]


def test_a_refusal_is_told_in_the_venues_words():
    refusal = {"type": "error", "message": "Failed to subscribe", "reason": "XYZ-USD is not a valid product"}
    assert _read(refusal) == [VenueError("Failed to subscribe: XYZ-USD is not a valid product")]


@pytest.mark.parametrize("kind", ["subscriptions", "l2update", "snapshot", "status"])
def test_what_is_no_tick_is_no_error_either(kind):
    assert _read({"type": kind, "product_id": "BTC-USD", "changes": [["buy", "1", "2"]], "time": "whenever"}) == []


@pytest.mark.parametrize("missing", ["price", "trade_id", "product_id", "time"])
def test_a_match_without_a_needed_field_is_unreadable(missing):
    with pytest.raises(FrameError, match="missing_field"):
        _read({key: value for key, value in MATCH.items() if key != missing})


def test_it_subscribes_to_matches_or_quotes_and_to_heartbeats():
    (asked,) = get_adapter("coinbase").subscribe(["BTC-USD", "coinbase:spot:ETH-USD", "BTC-USD"])
    assert json.loads(asked) == {
        "type": "subscribe",
        "product_ids": ["BTC-USD", "ETH-USD"],
        "channels": ["matches", "heartbeat"],
    }
    (asked,) = get_adapter("coinbase", "mid").subscribe(["BTC-USD"])
    assert json.loads(asked)["channels"] == ["ticker", "heartbeat"]
    assert len(get_adapter("coinbase").subscribe([f"S{number}-USD" for number in range(250)])) == 3


def test_frames_of_advanced_trade_are_numbered_and_trades_named():
    number, time, tick = _read(TRADES, "coinbase:advanced")
    assert number == FrameNumber("coinbase:advanced", 7, AT)
    assert time == VenueTime("coinbase:advanced", AT)
    assert tick == Tick("coinbase:advanced", "ETH-USD", AT, 1260.01, 0.3, "sell", 12, 5)


def test_a_snapshot_of_advanced_trade_is_history_from_the_oldest_on():
    trade = TRADES["events"][0]["trades"][0]
    old = [trade | {"trade_id": str(number)} for number in (11, 10, 9)]
    _, _, *found = _read(TRADES | {"events": [{"type": "snapshot", "trades": old}]}, "coinbase:advanced")
    assert [type(item) for item in found] == [Backfill] * 3
    assert [item.tick.identifier for item in found] == [9, 10, 11]


def test_quotes_and_heartbeats_of_advanced_trade_are_numbered_too():
    ticker = {"type": "ticker", "product_id": "BTC-USD", "price": "1", "best_bid": "10", "best_ask": "12"}
    frame = TRADES | {"channel": "ticker", "events": [{"type": "update", "tickers": [ticker]}]}
    assert _read(frame, "coinbase:advanced", "mid")[2:] == [
        Tick("coinbase:advanced", "BTC-USD", AT, 11.0, received=5, bid=10.0, ask=12.0)
    ]
    assert len(_read(frame, "coinbase:advanced")) == 2
    beat = TRADES | {"channel": "heartbeats", "events": [{"current_time": "2026", "heartbeat_counter": "3049"}]}
    assert [type(item) for item in _read(beat, "coinbase:advanced")] == [FrameNumber, VenueTime]


def test_advanced_trade_takes_one_channel_a_message():
    asked = [json.loads(message) for message in get_adapter("coinbase:advanced").subscribe(["BTC-USD"])]
    assert asked == [
        {"type": "subscribe", "product_ids": ["BTC-USD"], "channel": "market_trades"},
        {"type": "subscribe", "channel": "heartbeats"},
    ]
    assert _read({"type": "error", "message": "no such product"}, "coinbase:advanced") == [
        VenueError("no such product")
    ]
