"""State as bytes."""

import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskcore.state import StateError, pack, unpack

ARRAYS = {
    "prices": np.array([1.5, np.nan]),
    "counts": np.arange(6).reshape(2, 3),
    "held": np.array([True, False]),
    "none": np.empty((0, 3)),
}


def test_what_is_packed_comes_back() -> None:
    state = unpack("book", pack("book", ARRAYS, {"name": "main", "at": 2**62}))
    assert state.meta == {"name": "main", "at": 2**62}
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(state.arrays[name], array)
        assert state.arrays[name].dtype == array.dtype


def test_a_snapshot_is_a_copy() -> None:
    array = np.zeros(3)
    packed = pack("book", {"x": array}, {})
    array[0] = 1.0
    restored = unpack("book", packed).arrays["x"]
    assert restored[0] == 0.0
    restored[0] = 2.0  # and can be written to
    assert unpack("book", packed).arrays["x"][0] == 0.0


@given(st.data())
def test_any_flipped_byte_is_noticed(data: st.DataObject) -> None:
    packed = bytearray(pack("book", ARRAYS, {"name": "main"}))
    at = data.draw(st.integers(0, len(packed) - 1))
    packed[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(StateError):
        unpack("book", bytes(packed))


@pytest.mark.parametrize("length", [0, 3, 20, -1])
def test_a_state_cut_short_is_noticed(length: int) -> None:
    with pytest.raises(StateError):
        unpack("book", pack("book", ARRAYS, {})[:length])


def test_the_state_of_something_else_is_named() -> None:
    with pytest.raises(StateError, match="market model"):
        unpack("book", pack("market model", ARRAYS, {}))


def rechecked(packed: bytes) -> bytes:
    return packed[:-4] + zlib.crc32(packed[:-4]).to_bytes(4, "little")


def test_a_newer_format_is_refused_with_its_number() -> None:
    packed = bytearray(pack("book", ARRAYS, {}))
    packed[4] = 9
    with pytest.raises(StateError, match="format 9"):
        unpack("book", rechecked(bytes(packed)))


def test_an_array_of_a_type_that_we_do_not_write_is_refused() -> None:
    packed = pack("book", {"x": np.zeros(1, dtype=np.complex128)}, {})
    with pytest.raises(StateError, match="c16"):
        unpack("book", packed)
