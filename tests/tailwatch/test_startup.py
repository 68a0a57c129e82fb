"""Settings become what the flows take, and a model that would not fit is refused."""

import socket
from pathlib import Path

import pytest

from flows.commands import History, Positions
from riskcore.errors import InputError, TailwatchError
from tailwatch.configuration import load, spell
from tailwatch.feeds import Plan, credentials_of
from tailwatch.memory import check_memory
from tailwatch.network import check_feed, check_port
from tailwatch.startup import publish_ns, read_commands
from tailwatch.values import parse_duration, parse_size


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "book.csv"
    path.write_text("portfolio,symbol,quantity,currency\nmain,binance:spot:BTCUSDT,1,\nmain,ETHUSDT,2,USDT\n")
    return path


def test_the_book_comes_before_its_history(book: Path, tmp_path: Path) -> None:
    (tmp_path / "past.csv").write_text("date,ETHUSDT\n2024-01-01,1\n2024-01-02,\n")
    commands = read_commands(load({"positions": str(book), "history": "past.csv", "symbols": "XRPUSDT"}).settings)
    assert isinstance(commands[0], Positions)
    assert [(one.symbol, one.currency) for one in commands[0].positions] == [
        ("binance:spot:BTCUSDT", "USD"),
        ("ETHUSDT", "USDT"),
    ]
    assert commands[0].symbols[0] == "XRPUSDT"
    assert commands[1] == History(("ETHUSDT",), ((1.0,), (None,)))


def _asked(**given: str) -> dict[str, tuple[str, ...]]:
    settings = load(given).settings
    commands = read_commands(settings) if settings.positions else ()
    return {one.name: one.symbols for one in Plan(settings, commands).addresses}


def test_a_feed_is_asked_for_its_own_instruments_by_its_own_names(book: Path) -> None:
    (asked,) = _asked(positions=str(book), feed="binance", symbols="ETHUSDT,elsewhere:A").values()
    assert asked[:2] == ("BTCUSDT", "ETHUSDT")
    with pytest.raises(InputError, match="nothing held or named is an instrument of the feed tailwatch"):
        _asked(feed="tailwatch", symbols="binance:spot:A")


@pytest.mark.parametrize(
    ("symbols", "feed", "watched"),
    [
        ("", None, ["EURUSD", "EUR-USD", "EUR/USD", "USDEUR", "USD-EUR", "USD/EUR"]),
        ("", "tailwatch", ["EURUSD"]),
        ("BTC-USD", "tailwatch", ["BTC-USD", "EUR-USD"]),
        ("USD/EUR", "tailwatch", ["USD/EUR"]),
        ("other:EUR-USD", None, ["other:EUR-USD"]),
    ],
)
def test_the_rate_of_a_currency_is_watched_as_the_feed_spells_pairs_unless_one_is_named(
    tmp_path: Path, symbols: str, feed: str | None, watched: list[str]
) -> None:
    (tmp_path / "book.csv").write_text("portfolio,symbol,quantity,currency\nmain,SAP,1,EUR\nmain,IBM,1,USD\n")
    given = {"positions": str(tmp_path / "book.csv")} | ({"symbols": symbols} if symbols else {})
    (book,) = read_commands(load(given | ({"feed": feed} if feed else {})).settings)
    assert isinstance(book, Positions)
    assert list(book.symbols) == watched
    if feed is not None:
        assert _asked(**given, feed=feed) == {feed: ("SAP", "IBM", *watched)}


def test_a_key_and_its_secret_come_together_and_show_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    assert credentials_of(load().settings) is None
    monkeypatch.setenv("TAILWATCH_FEED_KEY", "the-key")
    with pytest.raises(InputError, match="set both TAILWATCH_FEED_KEY and TAILWATCH_FEED_SECRET"):
        credentials_of(load().settings)
    monkeypatch.setenv("TAILWATCH_FEED_SECRET", "the-secret")
    configuration = load()
    credentials = credentials_of(configuration.settings)
    assert credentials is not None
    assert (credentials.key, credentials.secret) == ("the-key", "the-secret")
    shown = f"{configuration} {credentials} {spell(configuration.settings.feed_key)}"
    assert "the-" not in shown
    assert configuration.to_environment()["TAILWATCH_FEED_SECRET"] == "the-secret"


def test_publishing_is_at_bars_in_a_replay_and_every_quarter_second_live() -> None:
    assert publish_ns(load().settings, live=False) is None
    assert publish_ns(load().settings, live=True) == 250_000_000
    assert publish_ns(load({"publish": "bar"}).settings, live=True) is None
    assert publish_ns(load({"publish": "20ms"}).settings, live=False) == 20_000_000


def test_a_model_that_would_not_fit_is_refused_with_the_sum() -> None:
    settings = load({"paths": "1000000", "memory": "3GiB"}).settings
    check_memory(settings, 100, 1)
    # Single precision: 10⁶ x 1,000 x 4 bytes are 3.73 GiB; window, covariance and the book are the rest.
    with pytest.raises(
        InputError, match=r"needs 3\.7\d GiB but --memory allows 3GiB: 1 shards x \(1,000,000 paths x 1,000 rows"
    ):
        check_memory(settings, 1000, 1)


@pytest.mark.parametrize("costly", [{"simulation": "cholesky"}, {"shrinkage": "oas"}])
def test_a_second_matrix_of_normals_counts(costly: dict[str, str]) -> None:
    plain = {"paths": "300000", "memory": "2GiB"}
    check_memory(load(plain).settings, 1000, 1)
    with pytest.raises(InputError, match="300,000 paths x 2,000 rows"):
        check_memory(load(plain | costly).settings, 1000, 1)


def test_a_taken_port_and_a_silent_feed_are_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        check_feed("x", f"ws://127.0.0.1:{port}/path")
        with pytest.raises(TailwatchError, match=f"port {port} on 127.0.0.1 is in use; .* --port"):
            check_port("127.0.0.1", port)
    assert check_port("127.0.0.1", 0) > 0
    with pytest.raises(TailwatchError, match=r"feed x at ws://127\.0\.0\.1:1 cannot be reached: connection refused"):
        check_feed("x", "ws://127.0.0.1:1")


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("60s", 60 * 10**9),
        ("250ms", 250 * 10**6),
        ("6.5h", 23_400 * 10**9),
        ("1d", 86_400 * 10**9),
        ("2 min", 120 * 10**9),
    ],
)
def test_durations_are_read_exactly(text: str, nanoseconds: int) -> None:
    assert parse_duration(text).nanoseconds == nanoseconds
    assert parse_duration(str(parse_duration(text))) == parse_duration(text)


def test_sizes_tell_binary_from_decimal() -> None:
    assert (parse_size("4GiB").count, parse_size("4GB").count) == (4 * 2**30, 4 * 10**9)
