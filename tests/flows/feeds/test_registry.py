from importlib.metadata import EntryPoint

import pytest

from flows.feeds import adapter_names, get_adapter, registry, venues
from flows.feeds.registry import proves_gaps
from riskcore.errors import InputError


class _TheirAdapter:
    def __init__(self, price: str) -> None:
        self.name, self.price = "theirs", price


@pytest.fixture
def installed(monkeypatch):
    """An installed package that registers the adapter ``theirs``."""
    point = EntryPoint("theirs", f"{__name__}:_TheirAdapter", registry.GROUP)
    monkeypatch.setattr(EntryPoint, "load", lambda self: _TheirAdapter)
    monkeypatch.setattr(registry, "entry_points", lambda group: [point] if group == registry.GROUP else [])
    registry._theirs.cache_clear()
    yield
    registry._theirs.cache_clear()


def test_our_adapters_are_known_by_name():
    assert {"alpaca", "binance", "binance:agg", "coinbase", "coinbase:advanced", "kraken"} <= set(adapter_names())
    assert [get_adapter(name).name for name in adapter_names()] == list(adapter_names())


def test_an_unknown_feed_is_an_error_that_lists_the_known_ones():
    with pytest.raises(InputError, match=r"'nasdaq' is not known: use one of alpaca, .*coinbase, .*tailwatch"):
        get_adapter("nasdaq")


def test_an_unknown_price_source_is_refused():
    with pytest.raises(InputError, match="trade or mid"):
        get_adapter("binance", price="bid")


def test_a_new_file_among_the_venues_is_all_that_a_new_venue_needs(monkeypatch, tmp_path):
    (tmp_path / "nowhere.py").write_text(
        "from flows.feeds.venue import Venue\n"
        "class Nowhere(Venue):\n"
        "    name = 'nowhere'\n"
        "    def __init__(self, price): self.price = price\n"
        "ADAPTERS = {'nowhere': Nowhere}\n"
    )
    monkeypatch.setattr(venues, "__path__", [*venues.__path__, str(tmp_path)])
    registry._ours.cache_clear()
    try:
        assert get_adapter("nowhere", "mid").price == "mid"
    finally:
        registry._ours.cache_clear()


@pytest.mark.usefixtures("installed")
def test_an_installed_package_brings_its_own_venue():
    assert "theirs" in adapter_names()
    assert get_adapter("theirs", price="mid").price == "mid"


def test_only_venues_that_number_trades_one_by_one_prove_gaps():
    assert proves_gaps("binance:spot")
    assert not proves_gaps("somewhere:else")
    assert not proves_gaps("tailwatch")
