"""A full disk under the journal stops accepting, loudly; when there is space again, everything goes on by itself.

Afterwards any snapshot that was stored is computed anew from the journal.
"""

import json
import os
import resource
import subprocess
import sys
import time
from contextlib import contextmanager

import psycopg
import pytest

from flows.exchange import list_instruments
from flows.journal.segment import segment_path
from flows.journal.verification import salvage

PATIENCE_S = 90


@contextmanager
def running(*arguments, env=None):
    process = subprocess.Popen(
        [sys.executable, "-m", "tailwatch", *map(str, arguments)],
        stderr=subprocess.PIPE,
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
def engine_state(database_url):
    def read():
        with psycopg.connect(database_url) as connection:
            row = connection.execute("select state::text from parts where part = 'engine'").fetchone()
        return {} if row is None else json.loads(row[0])

    return read


def records_in(journal):
    found = list(salvage(journal))
    assert not [part for part in found if isinstance(part, str)]
    return [record for part in found for record in part]


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
