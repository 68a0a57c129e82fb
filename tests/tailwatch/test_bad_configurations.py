"""A bad configuration starts nothing (row E15): exit status 2 and one line that names the setting, whichever the part.

Whoever would start a program or a thread here fails the test; so does a line in which a secret shows.
"""

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Ran = Callable[..., "subprocess.CompletedProcess[str]"]
SECRET = "canary-3f9a"
PARTS = {
    "engine": (),
    "archive": (),
    "api": (),
    "webhook": (),
    "jobs": (),
    "exchange": (),
    "database": (),
    "up": (),
    "demo": (),
    "record": ("--out", "out.ndjson"),
    "replay": ("ticks.ndjson",),
}
KEYED = {"TAILWATCH_FEED_KEY": SECRET}
HOOK = ("--webhook-url", "https://example.com/hook")
OWN = ("--feed", "tailwatch", "--url", "ws://127.0.0.1:9", "--positions", "book.csv")
ODD = ("--variance-reduction", "antithetic", "--paths", "9999")
FILES = {
    "book.csv": "portfolio,symbol,quantity\nmain,A,1\n",
    "nan.csv": "portfolio,symbol,quantity\nmain,A,NaN\n",
    "odd.csv": "name,how many\nA,1\n",
    "one.ndjson": '{"ts":1700000000000000000,"symbol":"A","price":1.5}\n',
    "prose.txt": "It was the best of times.\n",
    "past.csv": "day,A\n2024-01-01,1\n",
    "limits.csv": "portfolio,rule,warning\nmain,nonsense,1\n",
    "feeds.toml": "[coinbase]\nsymbol = ['A']\n",
    "locked.csv/inside": "",
}


@pytest.fixture(autouse=True)
def files(bare_environment: Path) -> None:
    for name, text in FILES.items():
        path = bare_environment / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)


@pytest.fixture(autouse=True)
def nothing_may_start(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No program and no thread; what a part does to its own process is undone."""

    def refuse(*_arguments: object, **_named: object) -> None:
        raise AssertionError("something was started")

    signals = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    mask = os.umask(0o077)
    monkeypatch.setattr(subprocess.Popen, "__init__", refuse)
    monkeypatch.setattr(threading.Thread, "start", refuse)
    yield
    os.umask(mask)
    for number, handler in signals.items():
        signal.signal(number, handler)


def _assert_refused(done: "subprocess.CompletedProcess[str]", *named: str) -> None:
    line = done.stderr
    assert done.returncode == 2, line
    assert line.startswith("tailwatch: ")
    assert line.count("\n") == 1, line
    assert not [name for name in named if name not in line], line
    assert SECRET not in line + done.stdout
    assert not list(Path("share").glob("**/*")), "something was made"


OF_ALL = {
    "an option that there is not": (("--halflife", "60"), {}, "", ("--halflife", "--help")),
    "a variable that there is not": ((), {"TAILWATCH_HALFLIFE": "60"}, "", ("TAILWATCH_HALFLIFE", "_HALF_LIFE")),
    "a key that there is not": ((), {}, "halflife = 60", ("tailwatch.toml", "'halflife'", "half_life")),
    "a key of a table": ((), {}, "[api]\nport = 1", ("tailwatch.toml", "'api'")),
    "a word for a number": ((), {}, 'paths = "many"', ("paths", "'many'", "tailwatch.toml")),
    "a yes for a number": ((), {}, "paths = true", ("paths", "tailwatch.toml")),
    "a duration without a unit": ((), {"TAILWATCH_BAR": "60"}, "", ("bar", "no unit", "TAILWATCH_BAR")),
    "a choice that there is not": (("--log-format", "xml"), {}, "", ("log_format", "text", "json")),
    "a database that is none": (
        *((), {"DATABASE_URL": f"mysql://me:{SECRET}@host/risk"}, ""),
        ("database_url", "postgresql://", "DATABASE_URL"),
    ),
    "a file that is not there": (("--config", "none.toml"), {}, "", ("none.toml", "no such file")),
    "a file that cannot be read": (("--config", "locked.csv"), {}, "", ("locked.csv",)),
    "a file that is not TOML": ((), {}, f"database_url = {SECRET}", ("tailwatch.toml", "not TOML")),
}


@pytest.mark.parametrize("case", OF_ALL)
@pytest.mark.parametrize("part", PARTS)
def test_every_part_refuses(part: str, case: str, in_process: Ran, monkeypatch: pytest.MonkeyPatch) -> None:
    options, variables, text, named = OF_ALL[case]
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    if text:
        Path("tailwatch.toml").write_text(text)
    _assert_refused(in_process(part, *PARTS[part], *options), *named)


ENGINE = [
    (("--positions", "book.csv"), {}, ("feed", "--feed")),
    (("--feed", "nasdaq", "--positions", "book.csv"), {}, ("nasdaq", "coinbase")),
    (("--feed", "kraken", "--feed", "kraken", "--positions", "book.csv"), {}, ("feed", "kraken", "twice")),
    (("--feed", "none.toml", "--positions", "book.csv"), {}, ("none.toml",)),
    (("--feed", "feeds.toml", "--positions", "book.csv"), {}, ("feeds.toml", "symbol")),
    (("--feed", "tailwatch", "--positions", "book.csv"), {}, ("tailwatch", "--url")),
    (("--feed", "kraken", "--url", "http://127.0.0.1", "--positions", "book.csv"), {}, ("url", "ws://")),
    (("--feed", "kraken", "--feed", "coinbase", "--url", "ws://127.0.0.1", "--positions", "book.csv"), {}, ("url",)),
    (("--feed", "alpaca", "--positions", "book.csv"), {}, ("alpaca", "TAILWATCH_FEED_KEY", "TAILWATCH_FEED_SECRET")),
    (("--feed", "alpaca", "--positions", "book.csv"), KEYED, ("TAILWATCH_FEED_SECRET",)),
    (OWN[:4], {}, ("--positions",)),
    ((*OWN[:5], "none.csv"), {}, ("none.csv", "no such file")),
    ((*OWN[:5], "locked.csv"), {}, ("locked.csv",)),
    ((*OWN[:5], "nan.csv"), {}, ("nan.csv", "quantity", "row 2")),
    ((*OWN[:5], "odd.csv"), {}, ("odd.csv", "portfolio")),
    ((*OWN, "--history", "none.csv"), {}, ("none.csv", "no such file")),
    ((*OWN, "--history", "past.csv"), {}, ("past.csv", "date")),
    ((*OWN, "--limits", "limits.csv"), {}, ("limits.csv", "nonsense")),
    ((*OWN, "--instruments", "none.csv"), {}, ("none.csv", "no such file")),
    ((*OWN, "--shards", "0"), {}, ("shards", "--shards")),
    ((*OWN, "--memory", "1MiB", "--paths", "1000000"), {}, ("--memory", "1MiB")),
    ((*OWN, "--confidence", "1.5"), {}, ("confidence", "--confidence")),
    ((*OWN, *ODD), {}, ("antithetic", "9999", "even")),
]
OF_ONE = [
    *(("engine", *case) for case in ENGINE),
    *(("up", *case) for case in ENGINE),
    ("archive", ("--keep-ticks", "0s"), {}, ("keep_ticks",)),
    ("archive", ("--journal-size", "5"), {}, ("journal_size", "unit")),
    ("api", ("--port", "99999"), {}, ("port", "65535")),
    ("api", ("--host", "everywhere"), {}, ("host", "everywhere")),
    ("api", ("--allow-hosts", "http://a/b"), {}, ("allow_hosts",)),
    ("api", ("--allow-origins", "*"), {}, ("allow_origins",)),
    ("webhook", (), {}, ("webhook_url", "--webhook-url")),
    ("webhook", HOOK, {}, ("webhook_secret",)),
    ("webhook", HOOK, {"TAILWATCH_WEBHOOK_SECRET": SECRET}, ("webhook_secret", "whsec_")),
    ("webhook", (), {"TAILWATCH_WEBHOOK_URL": f"ftp://example.com/{SECRET}"}, ("webhook_url", "https")),
    ("up", (*OWN, *HOOK), {}, ("webhook_secret",)),
    ("demo", HOOK, {}, ("webhook_secret",)),
    ("demo", ODD, {}, ("antithetic", "9999", "even")),
    ("demo", ("--instruments", "0"), {}, ("instruments",)),
    ("demo", ("--rate", "-1"), {}, ("rate",)),
    ("exchange", ("--host", "0.0.0.0"), {}, ("host", "0.0.0.0")),
    ("exchange", ("--port", "99999"), {}, ("port",)),
    ("exchange", ("--instruments", "0"), {}, ("instruments",)),
    ("exchange", ("--rate", "-1"), {}, ("rate",)),
    ("exchange", ("--liveliness", "nan"), {}, ("liveliness",)),
    ("exchange", ("--speed", "max"), {}, ("speed", "10x")),
    ("exchange", ("--faults", "explode@5"), {}, ("explode",)),
    ("exchange", ("none.ndjson",), {}, ("none.ndjson", "No such file")),
    ("record", ("--feed", "kraken"), {}, ("symbols", "--symbols")),
    ("record", ("--symbols", "A"), {}, ("feed", "--feed")),
    ("record", ("--feed", "tailwatch", "--symbols", "A"), {}, ("tailwatch", "--url")),
    ("record", ("--feed", "alpaca", "--symbols", "A"), KEYED, ("TAILWATCH_FEED_SECRET",)),
    ("record", ("--feed", "kraken", "--symbols", "A", "--out", "out.csv"), {}, ("out.csv", ".ndjson")),
    ("record", ("--feed", "kraken", "--symbols", "A", "--out", "one.ndjson"), {}, ("one.ndjson", "exists")),
    ("record", ("--feed", "kraken", "--symbols", "A", "--out", "no/out.ndjson"), {}, ("no/out.ndjson",)),
    ("replay", ("none.ndjson", "--positions", "book.csv"), {}, ("none.ndjson", "No such file")),
    ("replay", ("one.ndjson", "--positions", "book.csv", *ODD), {}, ("antithetic", "9999", "even")),
    ("replay", ("prose.txt", "--positions", "book.csv"), {}, ("prose.txt",)),
    ("replay", ("one.ndjson",), {}, ("--positions",)),
    ("replay", ("one.ndjson", "--positions", "book.csv", "--speed", "fast"), {}, ("speed", "fast")),
    ("replay", ("one.ndjson", "--positions", "book.csv", "--from", "noon"), {}, ("from", "noon")),
    ("replay", ("one.ndjson", "--positions", "book.csv", "--trades", "odd.csv", "--out", "o"), {}, ("odd.csv",)),
    ("replay", ("one.ndjson", "--positions", "book.csv", "--out", "one.ndjson"), {}, ("one.ndjson",)),
]


@pytest.mark.parametrize(
    ("part", "options", "variables", "named"), OF_ONE, ids=[f"{part} {' '.join(rest)}" for part, rest, *_ in OF_ONE]
)
def test_what_only_some_parts_take_is_refused(
    part: str,
    options: tuple[str, ...],
    variables: dict[str, str],
    named: tuple[str, ...],
    in_process: Ran,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    out = ("--out", "out.ndjson") if part == "record" and "--out" not in options else ()
    _assert_refused(in_process(part, *options, *out), *named)


@pytest.mark.parametrize("part", ["engine", "archive", "jobs", "database", "demo"])
def test_a_data_directory_that_is_a_file_is_named(part: str, in_process: Ran) -> None:
    feed = OWN if part == "engine" else ()
    _assert_refused(
        in_process(part, *feed, "--data-dir", "book.csv"), "data_dir", "book.csv", "directory", "--data-dir"
    )
