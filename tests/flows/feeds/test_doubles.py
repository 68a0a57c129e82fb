"""A field that a message says twice, in two ways, is taken in neither: decoders keep the last one and tell nobody."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.feeds import FrameError, get_adapter
from flows.feeds.adapter import Unusable
from flows.feeds.doubles import says_twice
from riskcore.messages import Tick

TIME = "2026-11-22T12:00:00.208123Z"
FRAMES = {
    "tailwatch": {"ts": 1_795_348_800_000_000_000, "symbol": "A", "price": 100.5, "size": 2.0, "seq": 7},
    "binance": {
        "stream": "btcusdt@trade",
        "data": {"e": "trade", "s": "BTCUSDT", "t": 12, "p": "0.5", "q": "100", "T": 1_795_348_800_000, "m": True},
    },
    "coinbase": {
        "type": "match",
        "trade_id": 10,
        "product_id": "BTC-USD",
        "price": "400.23",
        "size": "5.2",
        "side": "sell",
        "time": TIME,
    },
    "kraken": {
        "channel": "trade",
        "type": "update",
        "data": [{"symbol": "A/USD", "price": 0.5, "qty": 4.0, "trade_id": 4, "timestamp": TIME, "side": "buy"}],
    },
    "coinbase:advanced": {
        "channel": "market_trades",
        "timestamp": TIME,
        "sequence_num": 7,
        "events": [
            {"type": "update", "trades": [{"trade_id": 1, "product_id": "A", "price": 2, "time": TIME, "size": 3}]}
        ],
    },
}
OTHERS = {str: '"another"', int: "12345", float: "12345.5", bool: "false"}


def _read(name: str, frame: str) -> list[object]:
    return list(get_adapter(name).decode(frame.encode(), 5))


def _ticks(name: str, frame: str) -> list[object]:
    try:
        return [one for one in _read(name, frame) if isinstance(one, Tick)]
    except FrameError as error:
        return [] if error.reason in ("doubled_field", "wrong_type", "unrecognised") else [error]


def _is_leaf(value: object) -> bool:
    return isinstance(value, str | int | float)


def _fields(content: object) -> list[tuple[str, object]]:
    """Every field that is neither object nor list, as deep as it stands."""
    parts = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    found = [(str(key), value) for key, value in parts if isinstance(content, dict) and _is_leaf(value)]
    return [*found, *(field for _, value in parts for field in _fields(value))]


CASES = [(name, key, value) for name, frame in FRAMES.items() for key, value in _fields(frame)]


@pytest.mark.parametrize("spacing", [(",", ":"), (", ", ": "), (" , ", " : ")], ids=["tight", "usual", "wide"])
@pytest.mark.parametrize(("name", "key", "value"), CASES, ids=[f"{name} {key}" for name, key, _ in CASES])
def test_a_frame_that_says_a_field_twice_is_refused_whichever_comes_first(
    name: str, key: str, value: object, spacing: tuple[str, str]
) -> None:
    frame = json.dumps(FRAMES[name], separators=spacing)
    assert _ticks(name, frame)
    comma, colon = spacing
    field = f'"{key}"{colon}{json.dumps(value)}'
    other = f'"{key}"{colon}{OTHERS[type(value)]}'
    escaped = f'"\\u{ord(key[0]):04x}{key[1:]}"{colon}{OTHERS[type(value)]}'
    for pair in ((field, other), (other, field), (field, escaped), (escaped, field)):
        twice = frame.replace(field, comma.join(pair), 1)
        assert twice != frame
        assert not _ticks(name, twice)


@pytest.mark.parametrize(("name", "key", "value"), CASES, ids=[f"{name} {key}" for name, key, _ in CASES])
def test_a_field_that_is_said_twice_in_the_same_way_is_said_once(name: str, key: str, value: object) -> None:
    frame = json.dumps(FRAMES[name])
    field = f'"{key}": {json.dumps(value)}'
    assert _read(name, frame.replace(field, f"{field}, {field}", 1)) == _read(name, frame)


def test_a_tick_that_says_its_price_twice_costs_only_itself_in_an_array() -> None:
    good = json.dumps(FRAMES["tailwatch"])
    bad = good.replace('"price": 100.5', '"price": 100.5, "price": 1.0')
    first, refused, last = _read("tailwatch", f"[{good}, {bad}, {good}]")
    assert isinstance(first, Tick)
    assert isinstance(last, Tick)
    assert refused == Unusable("doubled_field", None, bad.encode())


def test_a_trade_that_says_its_price_twice_costs_only_itself_in_a_frame_of_alpaca() -> None:
    good = json.dumps({"T": "t", "i": 96921, "S": "AAPL", "p": 126.55, "s": 1, "t": TIME})
    bad = good.replace('"p": 126.55', '"p": 126.55, "p": 1.0')
    first, refused, last = _read("alpaca", f"[{good}, {bad}, {good}]")
    assert isinstance(first, Tick)
    assert isinstance(last, Tick)
    assert refused == Unusable("doubled_field", None, bad.encode())


def test_numbers_that_one_double_cannot_tell_apart_are_two() -> None:
    assert says_twice(b'{"seq":9007199254740992,"seq":9007199254740993}')
    assert says_twice(b'{"price":1,"price":2,"other":' + b"7" * 5000 + b"}")


_KEYS = st.sampled_from(["a", "b", ":", "a:", '"', "\\", " ", "price", ""])
_LEAVES = st.integers(0, 2) | st.sampled_from([":", '":', 'a":1,"a', "\\", " :"])


@st.composite
def _texts(draw: st.DrawFn, depth: int = 2) -> tuple[str, bool]:
    """An object as text, with keys at will, and whether some object in it says one twice in two ways."""
    space = st.sampled_from(["", "", " ", "\n"])
    values: dict[str, object] = {}
    fields, is_twice = [], False
    for key in draw(st.lists(_KEYS, max_size=4)):
        if depth and draw(st.integers(0, 3)) == 0:
            text, inside = draw(_texts(depth - 1))
            text = f"[{text}]" if draw(st.booleans()) else text
            is_twice |= inside
        else:
            text = json.dumps(draw(_LEAVES))
        read = json.loads(text)
        is_twice |= key in values and values[key] != read
        values[key] = read
        fields.append(f"{draw(space)}{json.dumps(key)}{draw(space)}:{draw(space)}{text}{draw(space)}")
    return f"{{{','.join(fields)}}}", is_twice


@given(_texts())
def test_whatever_the_spelling_it_is_found_if_and_only_if_it_is_there(case: tuple[str, bool]) -> None:
    text, is_twice = case
    assert says_twice(text.encode()) is is_twice
