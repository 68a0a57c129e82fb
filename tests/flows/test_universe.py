import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.universe import Universe, is_symbol
from riskcore.errors import InputError


def test_instruments_are_numbered_in_the_order_in_which_they_were_added():
    universe = Universe(["binance:spot:BTCUSDT", "tailwatch:AAPL"])
    assert universe.add(["AAPL", "MSFT", "binance:spot:BTCUSDT"]) == [1, 2, 0]
    assert len(universe) == 3


def test_a_tick_finds_its_instrument_by_the_full_key():
    universe = Universe(["binance:spot:BTCUSDT", "binance:usdm:BTCUSDT"])
    assert universe.number("binance:usdm", "BTCUSDT") == 1
    assert universe.number("binance:usdm", "ETHUSDT") is None


def test_an_alias_belongs_to_the_first_feed_that_has_it():
    universe = Universe(["BTCUSDT"])
    assert universe.keys == ("BTCUSDT",)
    assert universe.number("binance:spot", "BTCUSDT") == 0
    assert universe.keys == ("binance:spot:BTCUSDT",)
    assert universe.find("BTCUSDT") == universe.find("binance:spot:BTCUSDT") == 0


def test_an_alias_on_two_feeds_is_an_error_that_names_both():
    universe = Universe(["BTCUSDT"])
    universe.number("binance:spot", "BTCUSDT")
    with pytest.raises(InputError, match=r"binance:spot:BTCUSDT or binance:usdm:BTCUSDT.*full key"):
        universe.number("binance:usdm", "BTCUSDT")


def test_full_keys_on_two_feeds_are_no_error():
    universe = Universe(["binance:spot:BTCUSDT"])
    assert universe.number("binance:spot", "BTCUSDT") == 0
    assert universe.number("binance:usdm", "BTCUSDT") is None


def test_an_alias_means_the_only_connected_feed_at_once_and_no_other_can_claim_it():
    universe = Universe(["BTCUSDT"], feeds=["binance:spot"])
    assert universe.keys == ("binance:spot:BTCUSDT",)
    assert universe.number("binance:usdm", "BTCUSDT") is None
    assert universe.number("binance:spot", "BTCUSDT") == 0


@pytest.mark.parametrize("names", [("BTCUSDT", "binance:spot:BTCUSDT"), ("binance:spot:BTCUSDT", "BTCUSDT")])
def test_an_alias_and_its_full_key_are_one_instrument_in_either_order(names: tuple[str, str]):
    universe = Universe(names)
    assert len(universe) == 1
    assert universe.find(names[0]) == universe.find(names[1]) == 0
    assert universe.keys == ("binance:spot:BTCUSDT",)


@pytest.mark.parametrize(
    "names",
    [
        ("binance:spot:BTCUSDT", "binance:usdm:BTCUSDT", "BTCUSDT"),
        ("BTCUSDT", "binance:spot:BTCUSDT", "binance:usdm:BTCUSDT"),
    ],
)
def test_an_alias_beside_two_full_keys_is_an_error_that_names_both(names: tuple[str, ...]):
    with pytest.raises(InputError, match=r"binance:spot:BTCUSDT or binance:usdm:BTCUSDT"):
        Universe(names)


def test_after_a_refused_addition_nothing_of_it_remains():
    universe = Universe(["AAPL"])
    with pytest.raises(InputError):
        universe.add(["MSFT", "not a symbol"])
    assert len(universe) == 1
    assert universe.find("MSFT") is None


@pytest.mark.parametrize(
    "name", ["", "a b", "'; DROP TABLE ticks", "<script>", "=cmd()", "\x00", "\u202eXYZ", "BTC\n", "é"]
)
def test_what_is_no_symbol_is_refused_by_name(name: str):
    assert not is_symbol(name)
    with pytest.raises(InputError, match=re.escape(repr(name))):
        Universe([name])


def test_a_restored_universe_numbers_as_before():
    universe = Universe(["BTCUSDT", "binance:usdm:ETHUSDT", "AAPL"])
    universe.number("binance:spot", "BTCUSDT")
    restored = Universe()
    restored.restore(universe.state())
    assert restored.keys == universe.keys
    assert restored.number("binance:spot", "BTCUSDT") == 0
    with pytest.raises(InputError):
        restored.number("binance:usdm", "BTCUSDT")


_NAMES = st.lists(
    st.sampled_from(["A", "B", "x:A", "x:B", "C"]) | st.from_regex(r"[A-Z]{1,3}", fullmatch=True), max_size=12
)


@given(names=_NAMES, seen=st.lists(st.sampled_from(["A", "B", "C"])), cut=st.integers(0, 12))
def test_numbers_depend_on_the_names_alone_never_on_the_ticks(names: list[str], seen: list[str], cut: int):
    quiet, busy = Universe(names), Universe(names[:cut])
    for symbol in seen:
        busy.number("x", symbol)
    busy.add(names[cut:])
    assert [quiet.find(name) for name in names] == [busy.find(name) for name in names]
    assert len(quiet) == len(busy)
