"""Whatever comes over the wire: an adapter gives ticks, or a FrameError with a reason, and nothing else."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.feeds import FrameError, adapter_names, get_adapter
from flows.feeds.adapter import DUPLICATE, MAX_FRAME, REJECTED
from riskcore.messages import Tick

GARBAGE = {
    b"": "malformed",
    b"{": "malformed",
    b"{} x": "malformed",
    b'{"e":"trade"': "malformed",
    b"not json": "malformed",
    b"\xef\xbb\xbf{}": "malformed",
    b'{"symbol":"\\ud800","s":"\\ud800"}': "malformed",
    b'{"x":"\xff"}': "not_utf8",
    b"\xff\xfe\x00": "not_utf8",
    b"null": "not_an_object",
    b"5": "not_an_object",
    b'"trade"': "not_an_object",
    b'{"price":NaN,"p":NaN}': "not_finite",
    b'{"price":Infinity,"p":-Infinity}': "not_finite",
    b'{"price": -Infinity}': "not_finite",
    b'{"x":' + b"[" * 100_000: "too_deep",
    b'{"type":"dance","foo":1}': "unrecognised",
    b" " * (MAX_FRAME + 1): "too_large",
}
CASES = [(name, frame, reason) for name in adapter_names() for frame, reason in GARBAGE.items()]


@pytest.mark.parametrize(("name", "frame", "reason"), CASES, ids=[f"{name} {frame[:16]!r}" for name, frame, _ in CASES])
def test_garbage_is_refused_with_its_reason(name, frame, reason):
    with pytest.raises(FrameError) as caught:
        get_adapter(name).decode(frame, 5)
    assert caught.value.reason == reason


def test_a_long_nesting_of_arrays_is_refused_too():
    with pytest.raises(FrameError):
        get_adapter("binance").decode(b"[" * 100_000, 5)
    with pytest.raises(FrameError):
        get_adapter("tailwatch").decode(b"[" * 100_000, 5)


def test_reasons_are_a_closed_list_without_repeats():
    assert len(set(REJECTED)) == len(REJECTED)
    assert not set(REJECTED) & set(DUPLICATE)


_THEIRS = "e s t p q T m M X u a b data stream result error id msg"
_OURS = "symbol price ts size side seq trade_id bid ask feed type session"
_KEYS = st.sampled_from(f"{_THEIRS} {_OURS}".split())
_LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from(["trade", "aggTrade", "bookTicker", "hello", "error", "1.5", "nan", "1e999", "-0", ""])
)
_JSON = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=8),
    max_leaves=24,
)


def _read(name: str, price: str, frame: bytes):
    try:
        return get_adapter(name, price).decode(frame, 5)
    except FrameError as error:
        return [error]


def _assert_ticks_or_frame_error(frame: bytes) -> None:
    for name in adapter_names():
        for item in (*_read(name, "trade", frame), *_read(name, "mid", frame)):
            if isinstance(item, FrameError):
                assert item.reason in REJECTED
            if isinstance(item, Tick):
                assert isinstance(item.price, float)
                assert isinstance(item.symbol, str)
                assert isinstance(item.event_time, int)


@given(_JSON)
def test_any_json_gives_ticks_or_a_frame_error(content):
    _assert_ticks_or_frame_error(json.dumps(content).encode())


@given(st.binary(max_size=200))
def test_any_bytes_give_ticks_or_a_frame_error(frame):
    _assert_ticks_or_frame_error(frame)


_TRADE = b'{"stream":"btcusdt@trade","data":{"e":"trade","s":"BTCUSDT","t":1,"p":"5.5","T":1700000000123,"M":true}}'
_TICK = b'[{"ts":1700000000,"symbol":"A","price":5.5,"seq":1},{"ts":1700000000,"symbol":"B","price":5.5,"seq":2}]'


@given(st.sampled_from([_TRADE, _TICK]), st.integers(0, 120), st.binary(max_size=3), st.integers(0, 5))
def test_a_damaged_frame_gives_ticks_or_a_frame_error(frame, at, inserted, removed):
    _assert_ticks_or_frame_error(frame[:at] + inserted + frame[at + removed :])
