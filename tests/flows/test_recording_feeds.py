"""``tailwatch record`` with several feeds: one file, every tick under its own feed, a dead one in nobody's way."""

import json
import os
import signal
import socket
import subprocess
import sys

import pytest

from flows.actors.feed import FeedActor
from flows.messages import Accepted
from flows.readers import read_files
from flows.universe import Universe

TIME = "2026-11-22T12:00:00.208123Z"
MATCH = {"type": "match", "product_id": "BTC-USD", "price": "400.23", "size": "5", "side": "sell", "time": TIME}
TICKER = {"symbol": "BTC/USD", "bid": 400.0, "ask": 402.0, "timestamp": TIME}


async def _coinbase(client, _number):
    await client.recv()
    for number in range(1, 4):
        await client.send(json.dumps(MATCH | {"trade_id": number}))
    await client.wait_closed()


async def _kraken(client, _number):
    await client.recv()
    await client.send(json.dumps({"channel": "ticker", "type": "update", "data": [TICKER]}))
    await client.wait_closed()


@pytest.fixture
def dead_url():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"ws://127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture
def record(tmp_path):
    """Start ``tailwatch record`` on feeds and return its lines on standard error; it is killed at the end."""
    processes = []

    def start(*arguments):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TAILWATCH_")}
        command = [sys.executable, "-m", "tailwatch", "record", "--out", tmp_path / "out.ndjson", *arguments]
        process = subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True)
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def _wait_for_ticks(process, count):
    for line in process.stderr:
        if line.split()[:2] == [str(count), "ticks"]:
            return line
    raise AssertionError("it ended before it had them")


def test_a_recording_of_several_feeds_is_replayed_as_them(venue, record, dead_url, tmp_path):
    (tmp_path / "feeds.toml").write_text(
        f'[coinbase]\nsymbols = ["BTC-USD"]\nurl = "{venue(_coinbase).url}"\n'
        f'[kraken]\nsymbols = ["BTC/USD"]\nprice = "mid"\nurl = "{venue(_kraken).url}"\n'
        f'[binance]\nsymbols = ["BTCUSDT"]\nurl = "{dead_url}"\n'
    )
    process = record("--feed", "feeds.toml")
    line = _wait_for_ticks(process, 4)
    assert "coinbase connected, kraken connected, binance" in line
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0
    events = FeedActor(Universe(["coinbase:spot:BTC-USD", "kraken:spot:BTC/USD"])).on_batch(
        list(read_files([tmp_path / "out.ndjson"]))
    )
    ticks = [event.tick for event in events.events if isinstance(event, Accepted)]
    assert sorted((tick.feed, tick.symbol, tick.price) for tick in ticks) == [
        *[("coinbase:spot", "BTC-USD", 400.23)] * 3,
        ("kraken:spot", "BTC/USD", 401.0),
    ]


def test_a_recording_without_any_feed_leaves_no_file(record, dead_url, tmp_path):
    (tmp_path / "feeds.toml").write_text(f'[kraken]\nurl = "{dead_url}"\n[coinbase]\nurl = "{dead_url}"\n')
    process = record("--feed", "feeds.toml", "--symbols", "kraken:spot:A,coinbase:spot:A")
    _, told = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "cannot reach feed kraken" in told
    assert not (tmp_path / "out.ndjson").exists()
