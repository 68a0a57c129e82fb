"""Several feeds: who has what, by names, by a file, by aliases."""

from pathlib import Path

import pytest

from flows.commands import Positions
from flows.universe import Universe
from riskcore.errors import InputError
from tailwatch.configuration import load
from tailwatch.feeds import Plan
from tailwatch.startup import read_commands

FILE = """
[coinbase]
symbols = ["BTC-USD", "ETH-USD"]
aliases = { ETH = "ETH-USD" }

[kraken]
symbols = ["BTC/EUR"]
price = "mid"
url = "ws://127.0.0.1:9999"
"""


@pytest.fixture
def plan(tmp_path: Path):
    """Make a plan for a book of these symbols."""

    def make(*held: str, file: str = FILE, **given: str) -> Plan:
        (tmp_path / "feeds.toml").write_text(file)
        (tmp_path / "book.csv").write_text("portfolio,symbol,quantity\n" + "".join(f"main,{name},1\n" for name in held))
        settings = load({"positions": "book.csv", "feed": "feeds.toml"} | given).settings
        return Plan(settings, read_commands(settings))

    return make


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_each_name_goes_to_the_feed_that_has_it(plan) -> None:
    made = plan("BTC-USD", "kraken:spot:ETH/EUR", "ETH", "elsewhere:X")
    coinbase, kraken = made.addresses
    assert (coinbase.name, coinbase.symbols, coinbase.price, coinbase.url) == (
        *("coinbase", ("BTC-USD", "ETH-USD"), "trade", None),
    )
    assert (kraken.name, kraken.symbols, kraken.price, kraken.url) == (
        *("kraken", ("ETH/EUR", "BTC/EUR"), "mid", "ws://127.0.0.1:9999"),
    )


def test_the_journal_is_told_what_is_watched_and_what_aliases_stand_for(plan) -> None:
    (book,) = (command for command in plan("BTC-USD", "ETH").commands if isinstance(command, Positions))
    assert book.aliases == {"BTC-USD": "coinbase:spot:BTC-USD", "ETH": "coinbase:spot:ETH-USD"}
    assert book.symbols == ("kraken:spot:BTC/EUR",)
    assert [held.symbol for held in book.positions] == ["BTC-USD", "ETH"]


@pytest.mark.parametrize(
    ("held", "file", "message"),
    [
        (
            "XRP-USD",
            FILE,
            r"symbol XRP-USD: which feed has it \(no feed's table names it\)\? write coinbase:spot:XRP-USD",
        ),
        ("BTC-USD", FILE + '\n["coinbase:advanced"]\nsymbols = ["BTC-USD"]', r"\(coinbase and coinbase:advanced\)"),
        ("BTC-USD", FILE + "\n[binance]", "nothing held or named is an instrument of the feed binance"),
        ("BTC-USD", FILE + "\n[nasdaq]", "feed 'nasdaq' is not known"),
        ("BTC-USD", "[coinbase]\nsymbol = []", r"feed file feeds.toml: .*unknown field `symbol`"),
        ("BTC-USD", "[coinbase", "feed file feeds.toml: "),
        ("BTC-USD", '[coinbase]\nprice = "last"', r"feed file feeds.toml: Invalid enum value 'last'"),
    ],
)
def test_what_cannot_be_told_is_one_line_that_says_what_to_do(plan, held: str, file: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        plan(held, file=file)


def test_names_and_files_may_be_mixed_but_no_feed_twice(plan) -> None:
    made = plan("BTC-USD", "binance:spot:BTCUSDT", feed="feeds.toml,binance")
    assert [one.name for one in made.addresses] == ["coinbase", "kraken", "binance"]
    with pytest.raises(InputError, match="feed: kraken is named twice"):
        plan("BTC-USD", feed="feeds.toml,kraken")
    with pytest.raises(InputError, match=r"feed file absent\.toml: cannot be read"):
        plan("BTC-USD", feed="absent.toml")


def test_one_address_cannot_stand_for_several_feeds(plan) -> None:
    with pytest.raises(InputError, match="url: it stands for one feed"):
        plan("BTC-USD", url="ws://127.0.0.1:1")


def test_with_one_feed_a_bare_name_is_that_feeds_and_no_alias(plan) -> None:
    made = plan("BTC-USD", feed="coinbase")
    assert made.aliases == {}
    assert made.addresses[0].symbols == ("BTC-USD",)


def test_an_alias_is_claimed_by_no_other_feed_that_has_the_like() -> None:
    universe = Universe()
    names = ["BTC-USD", "coinbase:advanced:BTC-USD", "ETH"]
    numbers = universe.add(names, {"BTC-USD": "coinbase:spot:BTC-USD", "ETH": "coinbase:spot:ETH-USD"})
    restored = Universe()
    restored.restore(universe.state())
    for one in (universe, restored):
        assert numbers == [one.find(name) for name in names]
        assert one.number("coinbase:advanced", "BTC-USD") == numbers[1]
        assert one.number("coinbase:spot", "BTC-USD") == numbers[0]
        assert one.number("coinbase:spot", "ETH-USD") == numbers[2]
        assert one.number("coinbase:spot", "ETH") is None
        assert one.number("kraken:spot", "BTC-USD") is None
    with pytest.raises(InputError, match="could mean"):
        universe.add(["ETH"], {"ETH": "kraken:spot:ETH/USD"})
