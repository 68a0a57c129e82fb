"""A full disk under the journal stops accepting, loudly; when there is space again, everything goes on by itself.

Afterwards any snapshot that was stored is computed anew from the journal.
"""

import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager, suppress

import httpx
import psycopg
import pytest

from flows.exchange import list_instruments
from flows.journal.segment import segment_path
from flows.journal.verification import salvage

PATIENCE_S = 90


@contextmanager
def running(*arguments, env=None, log=subprocess.PIPE):
    process = subprocess.Popen(
        [sys.executable, "-m", "tailwatch", *map(str, arguments)],
        stderr=log,
        text=True,
        env={**os.environ, **(env or {})},
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def eventually(condition):
    deadline = time.monotonic() + PATIENCE_S
    while not (found := condition()):
        assert time.monotonic() < deadline, "the condition never came true"
        time.sleep(0.05)
    return found


@pytest.fixture
def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@pytest.fixture
def engine_state(database_url):
    def read():
        with psycopg.connect(database_url) as connection:
            row = connection.execute("select state::text from parts where part = 'engine'").fetchone()
        return {} if row is None else json.loads(row[0])

    return read


def platform_alerts(url):
    with psycopg.connect(url) as connection:
        rows = connection.execute("select payload::text from outbox where portfolio = '*' order by id").fetchall()
    alerts = [json.loads(text) for (text,) in rows]
    return [(alert["rule"], alert["state"], alert["reason"]) for alert in alerts]


def records_in(journal):
    found = list(salvage(journal))
    assert not [part for part in found if isinstance(part, str)]
    return [record for part in found for record in part]


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 8 MiB for all that the engine writes, its log too, as under ``tailwatch up``."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", place], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


def fill(disk):
    """Take all the room that is left."""
    ballast = disk / "ballast"
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while file.write(b"\0" * 4096):
            pass
    return ballast


def test_a_disk_that_is_full_to_the_last_byte_is_told_within_five_seconds_and_outlived(
    tmp_path, small_disk, database_url, engine_state, free_port, tailwatch
):
    symbols = [instrument.symbol for instrument in list_instruments(10, seed=7)]
    (tmp_path / "book.csv").write_text(f"portfolio,symbol,quantity\nmain,{symbols[0]},5\n")
    journal, database = small_disk / "journal", {"DATABASE_URL": database_url}
    model = ("--bar", "1s", "--paths", "100", "--min-observations", "3")
    with ExitStack() as stack:
        exchange = stack.enter_context(running("exchange", "--instruments", "10", "--rate", "400", "--port", "0"))
        url = exchange.stderr.readline().split()[-1]
        address = ("--feed", "tailwatch", "--url", url, "--symbols", ",".join(symbols), "--data-dir", small_disk)
        log = stack.enter_context((small_disk / "engine.log").open("w"))
        book = ("--positions", tmp_path / "book.csv")
        engine = stack.enter_context(running("engine", *address, *book, *model, env=database, log=log))
        stack.enter_context(running("archive", "--data-dir", small_disk, env=database))
        api = ("--port", free_port, "--bar", "1s", "--data-dir", small_disk)
        stack.enter_context(running("api", *api, env=database))

        def readiness():
            with suppress(httpx.TransportError):
                return httpx.get(f"http://127.0.0.1:{free_port}/readyz", timeout=10)

        eventually(lambda: (answer := readiness()) is not None and answer.status_code == 200)
        ballast, began = fill(small_disk), time.monotonic()
        eventually(lambda: "cannot be written: No space left on device" in readiness().text)
        [(rule, state, reason)] = eventually(lambda: platform_alerts(database_url))
        assert (rule, state) == ("journal", "firing")
        assert "cannot be written: No space left on device" in reason
        assert time.monotonic() - began < 5 + 1
        assert readiness().status_code == 503
        durable, full = engine_state()["journal"], records_in(journal)
        assert len(full) >= durable

        ballast.unlink()
        eventually(lambda: readiness().status_code == 200)
        eventually(lambda: engine_state()["offset"] > durable + 100)
        assert engine.poll() is None
        assert len(platform_alerts(database_url)) == 1
        engine.send_signal(signal.SIGTERM)
        assert engine.wait(PATIENCE_S) == 0
    records = records_in(journal)
    assert records[: len(full)] == full
    assert [record.offset for record in records] == list(range(len(records)))
    assert (small_disk / "checkpoint").stat().st_size > 1000
    assert_snapshots_are_computed_anew(journal, database_url, tailwatch)


def test_it_stops_accepting_says_so_and_goes_on_by_itself(tmp_path, database_url, engine_state, tailwatch):
    symbols = [instrument.symbol for instrument in list_instruments(10, seed=7)]
    (tmp_path / "book.csv").write_text(f"portfolio,symbol,quantity\nmain,{symbols[0]},5\n")
    journal = tmp_path / "data" / "journal"
    with running("exchange", "--instruments", "10", "--rate", "400", "--port", "0") as exchange:
        url = exchange.stderr.readline().split()[-1]
        address = ("--feed", "tailwatch", "--url", url, "--symbols", ",".join(symbols), "--data-dir", tmp_path / "data")
        book = ("--positions", tmp_path / "book.csv", "--bar", "1s", "--paths", "100", "--min-observations", "3")
        with running("engine", *address, *book, env={"DATABASE_URL": database_url}) as engine:
            eventually(lambda: engine_state().get("state") == "ok" and engine_state()["offset"] > 0)
            segment = segment_path(journal, 0)
            limit = segment.stat().st_size + 50_000
            _, hard = resource.prlimit(engine.pid, resource.RLIMIT_FSIZE)
            resource.prlimit(engine.pid, resource.RLIMIT_FSIZE, (limit, hard))

            told = eventually(lambda: engine_state() if engine_state()["state"] == "down" else None)
            assert "cannot be written: File too large" in told["reason"]
            durable = told["journal"]
            full = records_in(journal)
            assert len(full) >= durable
            assert segment.stat().st_size <= limit
            eventually(lambda: engine_state()["feeds"][0]["state"] == "waiting")
            assert engine_state()["journal"] == durable

            resource.prlimit(engine.pid, resource.RLIMIT_FSIZE, (hard, hard))
            eventually(lambda: engine_state()["state"] == "ok" and engine_state()["journal"] > durable + 100)
            eventually(lambda: engine_state()["offset"] > durable)
            assert engine.poll() is None
    records = records_in(journal)
    assert records[: len(full)] == full
    assert [record.offset for record in records] == list(range(len(records)))
    assert_snapshots_are_computed_anew(journal, database_url, tailwatch)


def assert_snapshots_are_computed_anew(journal, database_url, tailwatch):
    with psycopg.connect(database_url) as connection:
        rows = connection.execute("select journal_offset, payload::text from risk_snapshots order by id").fetchall()
    assert len(rows) > 5
    for offset, text in (rows[3], rows[len(rows) // 2], rows[-1]):
        stored = json.loads(text)
        told = ("--bar", "1s", "--paths", "100", "--min-observations", "3", "--settings", stored["quality"]["settings"])
        again = map(json.loads, tailwatch("journal", "recompute", offset, journal, *told).stdout.splitlines())
        del stored["published_at"], stored["quality"]["lag_ms"]
        assert {"type": "risk"} | stored in list(again)
