"""The same recording through a real WebSocket and the live path gives the same bar figures as the replay."""

import gzip
import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager

import numpy as np
import psycopg
import pytest

SECOND = 1_000_000_000
BOOK = "portfolio,symbol,quantity\nmain,BTCUSDT,2\nmain,ETHUSDT,-25\nhedge,ETHUSDT,4\n"
SETTINGS = ("--bar", "1s", "--paths", "1000")


@pytest.fixture(scope="session")
def generated(tmp_path_factory):
    """A recording of our own in Binance's form: two symbols, seventy seconds, clocks that disagree."""
    draw = np.random.default_rng(3)
    start, lines, numbers = 1_700_000_000 * SECOND, [], {"BTCUSDT": 100, "ETHUSDT": 900}
    prices = {"BTCUSDT": 60_000.0, "ETHUSDT": 3_000.0}
    for at in np.sort(draw.integers(0, 70 * SECOND, 1_500)).tolist():
        symbol = ("BTCUSDT", "ETHUSDT")[int(draw.integers(2))]
        prices[symbol] *= 1 + draw.normal(0, 1e-4)
        numbers[symbol] += 1
        traded = (start + at + 1_270_000_000) // 1_000_000
        data = {"e": "trade", "E": traded + 1, "s": symbol, "t": numbers[symbol], "p": f"{prices[symbol]:.2f}"}
        data |= {"q": "0.01", "T": traded, "m": False, "M": True}
        frame = json.dumps({"stream": f"{symbol.lower()}@trade", "data": data}, separators=(",", ":"))
        lines.append(f"{start + at} {frame}")
    path = tmp_path_factory.mktemp("recording") / "generated.gz"
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    return [path]


@pytest.fixture
def recording(request):
    if request.param == "generated":
        return request.getfixturevalue("generated"), "10x"
    folder = request.getfixturevalue("recordings") / "binance"
    return [folder / "spot_btcusdt_20240808.gz", folder / "spot_ethusdt_20240808.gz"], "30x"


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@contextmanager
def running(*arguments, env=None):
    """A tailwatch process for the length of a block; it must then stop by itself on SIGINT, with status 0."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tailwatch", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **(env or {})},
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=20)
    assert process.returncode == 0, output


def bar_figures(database_url):
    with psycopg.connect(database_url) as connection:
        rows = connection.execute(
            "select payload::text from risk_snapshots where run like 'live-%' order by id"
        ).fetchall()
    snapshots = (json.loads(text) for (text,) in rows)
    return {(s["portfolio"], s["event_time"]): s for s in snapshots if s["moment"] == "bar"}


@pytest.mark.recordings
@pytest.mark.parametrize("recording", ["generated", "recordings"], indirect=True)
def test_a_recording_played_over_a_websocket_gives_the_bar_figures_of_its_replay(
    recording, tailwatch, tmp_path, database_url
):
    files, speed = recording
    (tmp_path / "book.csv").write_text(BOOK)
    out = tmp_path / "out.ndjson"
    tailwatch("replay", *files, "--positions", tmp_path / "book.csv", *SETTINGS, "--out", out)
    replayed = {(s["portfolio"], s["event_time"]): s for s in map(json.loads, out.read_text().splitlines())}
    # The bars that lateness still holds open when the last frame has come stay open in a live run.
    ends = sorted({event_time for _, event_time in replayed})
    expected = {place: s for place, s in replayed.items() if place[1] < ends[-2]}

    exchange, api = free_port(), free_port()
    live = ("up", "--feed", "binance", "--url", f"ws://127.0.0.1:{exchange}", "--symbols", "BTCUSDT,ETHUSDT")
    live += ("--positions", tmp_path / "book.csv", *SETTINGS, "--data-dir", tmp_path / "data", "--port", api)
    with ExitStack() as stack:
        venue = stack.enter_context(running("exchange", *files, "--speed", speed, "--port", exchange))
        assert "exchange at ws://" in venue.stdout.readline()
        tailwatch_up = stack.enter_context(running(*live, env={"DATABASE_URL": database_url}))
        deadline = time.monotonic() + 90
        while not expected.keys() <= (found := bar_figures(database_url)).keys():
            assert time.monotonic() < deadline, f"{len(found)} of {len(expected)} figures came"
            assert tailwatch_up.poll() is None
            time.sleep(0.2)

    assert len(expected) > 100
    for place, snapshot in expected.items():
        same(found[place], snapshot)
    journal = tmp_path / "data" / "journal"
    tailwatch("replay", journal, *SETTINGS, "--out", out)
    again = {(s["portfolio"], s["event_time"]): s for s in map(json.loads, out.read_text().splitlines())}
    assert found.keys() <= again.keys()
    for place, snapshot in found.items():
        same(snapshot, again[place])
        assert snapshot["quality"]["journal_offset"] == again[place]["quality"]["journal_offset"]
    with psycopg.connect(database_url) as connection:
        archived = connection.execute("select count(*) from ticks where run like 'live-%'").fetchone()[0]
    assert archived > 1_000


def same(live, replayed):
    """Equal in everything that the market decides; figures to what the order of additions leaves open."""
    for name in ("market_value", "gross", "net"):
        assert live[name] == pytest.approx(replayed[name], rel=1e-12)
    assert live["pnl_today"] == pytest.approx(replayed["pnl_today"], abs=1e-6)
    assert live["quality"]["observations"] == replayed["quality"]["observations"]
    for one, other in zip(live["measures"], replayed["measures"], strict=True):
        assert (one["method"], one["confidence"], one["scenarios"]) == (
            other["method"],
            other["confidence"],
            other["scenarios"],
        )
        near = 1e-6 if one["method"] == "monte_carlo" else 1e-9  # paths are kept in single precision
        for figure in ("var", "es"):
            assert one[figure] == (None if other[figure] is None else pytest.approx(other[figure], rel=near))
