"""The same recording gives the same bytes, whatever surrounds the process and however often it is killed."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import psycopg
import pytest

from storage.outbox import OutboxStore
from storage.rows import OutboxRow
from storage.runs import RunStore

SECOND = 1_000_000_000
SETTINGS = ("--bar", "1s", "--min-observations", "10", "--paths", "500", "--publish", "500ms")
SURROUNDINGS = {
    "hash seed": {"PYTHONHASHSEED": "1"},
    "another hash seed": {"PYTHONHASHSEED": "4242"},
    "BLAS threads": {"OPENBLAS_NUM_THREADS": "2", "OMP_NUM_THREADS": "2", "MKL_NUM_THREADS": "2"},
    "time zone": {"TZ": "Pacific/Chatham"},
    "locale": {"LC_ALL": "C", "LANG": "tr_TR.UTF-8", "PYTHONUTF8": "0"},
    "optimised": {"PYTHONOPTIMIZE": "2"},
}


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """Ninety seconds of three instruments, with late ticks, repeats, a spike and bad lines, and a book of two."""
    folder = tmp_path_factory.mktemp("inputs")
    draw, lines, start = np.random.default_rng(8), [], 1_711_846_700
    for step in range(1_800):
        symbol = ("AAA", "BBB", "CCC")[int(draw.integers(3))]
        at = start * SECOND + step * SECOND // 20
        received, ts = at + int(draw.integers(0, 2_000_000)), at - (3 * SECOND if step % 211 == 60 else 0)
        price = 500.0 if step == 900 else 100.0 * (1 + 0.01 * np.sin(step / 90)) + float(draw.normal(0, 0.02))
        lines.append(json.dumps({"ts": ts, "received": received, "symbol": symbol, "price": price, "trade_id": step}))
        if step % 101 == 50:
            lines += [lines[-1], "{", '{"ts":1,"symbol":"AAA","price":-1}']
    (folder / "ticks.ndjson").write_text("\n".join(lines) + "\n")
    (folder / "book.csv").write_text("portfolio,symbol,quantity\none,AAA,5\none,BBB,-3\ntwo,CCC,1\n")
    return folder


def command(inputs, *rest):
    place = ("replay", inputs / "ticks.ndjson", "--positions", inputs / "book.csv", *SETTINGS, *rest)
    return [sys.executable, "-m", "tailwatch", *map(str, place)]


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def expected(inputs):
    out = inputs / "expected.ndjson"
    subprocess.run(command(inputs, "--out", out), check=True, capture_output=True)
    assert len(out.read_text().splitlines()) > 300
    return out


@pytest.mark.parametrize("name", SURROUNDINGS)
def test_nothing_around_the_process_changes_a_byte(inputs, expected, tmp_path, name):
    out = tmp_path / "out.ndjson"
    (tmp_path / "elsewhere").mkdir()
    environment = {**os.environ, **SURROUNDINGS[name]}
    finished = subprocess.run(
        command(inputs, "--out", out),
        env=environment,
        cwd=tmp_path / "elsewhere",
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    assert digest(out) == digest(expected)


@pytest.mark.parametrize("speed", ["max", "100x"])
def test_at_any_speed_every_byte_is_the_same(inputs, expected, tmp_path, speed):
    out = tmp_path / "out.ndjson"
    subprocess.run(command(inputs, "--speed", speed, "--out", out), check=True, capture_output=True)
    assert digest(out) == digest(expected)


def test_at_the_speed_of_the_recording_every_byte_is_that_of_full_speed(inputs, tmp_path):
    told = [tmp_path / "slow.ndjson", tmp_path / "fast.ndjson"]
    for speed, out in zip(("1x", "max"), told, strict=True):
        first = ("--to", "2024-03-31T00:58:25Z", "--speed", speed, "--out", out)
        subprocess.run(command(inputs, *first), check=True, capture_output=True)
    assert len(told[0].read_text().splitlines()) > 5
    assert digest(told[0]) == digest(told[1])


def test_a_killed_replay_leaves_nothing_under_the_final_name_and_the_next_one_is_whole(inputs, expected, tmp_path):
    out, partial = tmp_path / "out.ndjson", tmp_path / "out.ndjson.partial"
    for _ in range(3):
        with subprocess.Popen(command(inputs, "--speed", "20x", "--out", out), stderr=subprocess.DEVNULL) as process:
            deadline = time.monotonic() + 60
            while not (partial.exists() and partial.stat().st_size > 0):
                assert time.monotonic() < deadline
                assert process.poll() is None
                time.sleep(0.01)
            process.send_signal(signal.SIGKILL)
        assert not out.exists()
        assert not out.with_name("out.ndjson.manifest.json").exists()
    subprocess.run(command(inputs, "--out", out), check=True, capture_output=True)
    assert digest(out) == digest(expected)
    assert not partial.exists()


def stored(url):
    """Everything that a run has in the tables, but for what the database itself adds."""
    queries = (
        "select id, kind, portfolio, journal_offset, ordinal, event_ns from outbox order by id",
        "select id, payload::text from risk_snapshots order by id",
        "select feed, symbol, event_ns, price, journal_offset, ordinal from ticks order by journal_offset, ordinal",
        "select * from verdicts order by journal_offset, ordinal",
        "select journal_offset, ordinal, fate, reason, line from quarantine order by journal_offset, ordinal",
        "select portfolio, symbol, quantity from positions order by 1, 2",
    )
    with psycopg.connect(url) as connection:
        return [connection.execute(query).fetchall() for query in queries]


def events_in(url):
    with psycopg.connect(url) as connection:
        return connection.execute("select count(*) from outbox").fetchone()[0]


def replay_killed(inputs, url, kills):
    """Replay into a database, killed whenever it has come a bit further, then to its end."""
    environment = {**os.environ, "DATABASE_URL": url}
    for kill in range(kills):
        reached = events_in(url)
        with subprocess.Popen(
            command(inputs, "--speed", "15x"), env=environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        ) as process:
            deadline = time.monotonic() + 90
            while events_in(url) < reached + 20 and process.poll() is None:
                assert time.monotonic() < deadline
                time.sleep(0.01)
            process.send_signal(signal.SIGKILL)
        assert events_in(url) >= reached, kill
    subprocess.run(command(inputs), env=environment, check=True, capture_output=True)


def test_a_replay_killed_on_its_way_into_the_database_ends_as_an_undisturbed_one(
    inputs, database_url, other_database_url
):
    replay_killed(inputs, database_url, 3)
    replay_killed(inputs, other_database_url, 0)
    disturbed, whole = stored(database_url), stored(other_database_url)
    assert len(whole[0]) > 300
    assert len(whole[2]) > 1_700
    assert disturbed == whole


def test_a_replay_into_the_database_of_a_live_engine_is_refused_and_writes_nothing(inputs, database_url, live_engine):
    before = stored(database_url)
    environment = {**os.environ, "DATABASE_URL": database_url}
    refused = subprocess.run(command(inputs), env=environment, capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert refused.stderr.startswith(f"tailwatch: an engine writes {live_engine} into this database")
    assert stored(database_url) == before
    with psycopg.connect(database_url) as connection:
        assert connection.execute("select run from runs").fetchall() == [(live_engine,)]


@pytest.fixture
def live_engine(database_url):
    """The run of an engine that has the right to write, and figures of its own."""
    runs, store = RunStore(database_url), OutboxStore(database_url, "live-1")
    runs.register("live-1", "live", b"{}", "hash")
    store.write([OutboxRow("main", 7, "risk", 0, SECOND, b"{}")])
    yield "live-1"
    runs.close()
    store.close()
