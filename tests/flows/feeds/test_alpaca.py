"""Alpaca: frames as the venue's documentation shows them."""

import json

import pytest

from flows.feeds import get_adapter
from flows.feeds.adapter import Credentials, NamedTick, Unusable, VenueError
from riskcore.errors import InputError

NOON = 1_795_348_800_000_000_000
TIME = "2026-11-22T12:00:00.208123456Z"
AT = NOON + 208_123_456
TRADE = {"T": "t", "i": 96921, "S": "AAPL", "x": "D", "p": 126.55, "s": 1, "t": TIME, "c": ["@", "I"], "z": "C"}
QUOTE = {"T": "q", "S": "AMD", "bx": "U", "bp": 87.0, "bs": 1, "ax": "Q", "ap": 88, "as": 4, "t": TIME, "c": ["R"]}
CORRECTION = {
    "T": "c",
    "S": "EEM",
    "x": "M",
    "oi": 52983525033527,
    "op": 39.1582,
    "os": 440000,
    "oc": [" ", "7"],
    "ci": 52983525034326,
    "cp": 39.1809,
    "cs": 440000,
    "cc": [" ", "7"],
    "z": "B",
    "t": TIME,
}
CANCEL = {"T": "x", "S": "GOOGL", "i": 465, "x": "D", "p": 120.1, "s": 5, "a": "C", "z": "C", "t": TIME}


def _read(*messages: object, name: str = "alpaca", price: str = "trade") -> list[object]:
    return list(get_adapter(name, price).decode(json.dumps(messages).encode(), 5))


def test_a_trade_is_named_and_has_no_side():
    (tick,) = _read(TRADE)
    assert type(tick) is NamedTick
    assert tick == ("alpaca:iex", "AAPL", AT, 126.55, 1.0, None, 96921, 5, None, None)
    assert _read(TRADE, name="alpaca:sip")[0].feed == "alpaca:sip"


@pytest.mark.parametrize("condition", ["W", "P", "Z", "4", "7", "V", "M"])
def test_a_price_that_was_made_elsewhere_or_earlier_is_off_the_market(condition):
    (item,) = _read(TRADE | {"c": ["@", condition]})
    assert (item.reason, item.tick.identifier) == ("off_market", 96921)


def test_corrections_and_cancels_are_counted_each_for_itself():
    corrected, cancelled, tick = _read(CORRECTION, CANCEL, TRADE)
    assert (corrected.reason, corrected.tick.symbol, corrected.tick.price) == ("correction", "EEM", 39.1809)
    assert (cancelled.reason, cancelled.tick.symbol, cancelled.tick.price) == ("cancel", "GOOGL", 120.1)
    assert json.loads(cancelled.payload) == CANCEL
    assert tick.symbol == "AAPL"


def test_a_quote_is_the_middle_of_its_sides():
    (tick,) = _read(QUOTE, price="mid")
    assert (tick.symbol, tick.event_time, tick.price, tick.bid, tick.ask) == ("AMD", AT, 87.5, 87.0, 88.0)
    assert _read(QUOTE) == []
    assert _read(TRADE, CORRECTION, price="mid") == []


def test_one_bad_message_of_many_leaves_the_others_alone():
    bad, good = _read(TRADE | {"p": "dear"}, TRADE)
    assert isinstance(bad, Unusable)
    assert bad.reason == "wrong_type"
    assert good.price == 126.55
    missing, unknown = _read({key: value for key, value in TRADE.items() if key != "p"}, {"T": "?"})
    assert (missing.reason, unknown.reason) == ("missing_field", "wrong_type")


def test_answers_are_no_ticks_and_errors_are_told_in_the_venues_words():
    welcome = [{"T": "success", "msg": "connected"}, {"T": "success", "msg": "authenticated"}]
    assert _read(*welcome, {"T": "subscription", "trades": ["AAPL"], "quotes": []}) == []
    assert _read({"T": "error", "code": 402, "msg": "auth failed"}) == [VenueError("auth failed (code 402)")]


def test_it_logs_in_and_subscribes():
    adapter = get_adapter("alpaca")
    assert [json.loads(message) for message in adapter.login(Credentials("K", "S"))] == [
        {"action": "auth", "key": "K", "secret": "S"}
    ]
    assert [json.loads(message) for message in adapter.subscribe(["AAPL", "alpaca:iex:MSFT"])] == [
        {"action": "subscribe", "trades": ["AAPL", "MSFT"]}
    ]
    assert adapter.url([]) == "wss://stream.data.alpaca.markets/v2/iex"
    assert get_adapter("alpaca:test").url([], "ws://here") == "ws://here"


def test_without_a_key_it_says_where_to_put_one():
    with pytest.raises(InputError, match="alpaca:sip needs a key: set TAILWATCH_FEED_KEY and TAILWATCH_FEED_SECRET"):
        get_adapter("alpaca:sip").login(None)


def test_credentials_do_not_tell_themselves():
    assert "hidden" not in f"{Credentials('hidden', 'hidden')} {Credentials('hidden', 'hidden')!r}"
