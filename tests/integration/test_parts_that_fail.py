"""The whole product while a part is away: the database at the start (row B1), then the engine, frozen (row E8).

``/readyz`` says so within five seconds (row O12), ``/healthz`` does not, nothing is lost, and nobody is alarmed.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager

import httpx
import psycopg
import pytest

from flows.exchange import list_instruments
from riskcore.settings import NANOSECONDS, RiskSettings
from storage.archive import archived
from storage.embedded import EmbeddedPostgres
from storage.migrate import migrate
from tests.ledger import account_of, l2_fates, l3_rows, read_journal

PATIENCE_S = 90
STALE_S = 5 + 1
"""Five seconds, and one between two heartbeats."""
SETTINGS = RiskSettings(bar=NANOSECONDS, paths=100, min_observations=3)
MODEL = ("--bar", "1s", "--paths", "100", "--min-observations", "3")
LIMITS = "portfolio,rule,warning\nmain,silence,3\nmain,gaps,0.5\nmain,stale,0.5\n"


def eventually(condition, patience_s=PATIENCE_S):
    deadline = time.monotonic() + patience_s
    while not (found := condition()):
        assert time.monotonic() < deadline, "the condition never came true"
        time.sleep(0.05)
    return found


@pytest.fixture
def run(tmp_path):
    """Start a part of the product; its log is beside."""
    with ExitStack() as stack:

        @contextmanager
        def running(part, *arguments, **environment):
            command = [sys.executable, "-m", "tailwatch", part, *map(str, arguments)]
            with (tmp_path / f"{part}.log").open("w") as log:
                process = subprocess.Popen(command, stderr=log, env={**os.environ, **environment})
            try:
                yield process
            finally:
                process.kill()
                process.wait()

        yield lambda *given, **environment: stack.enter_context(running(*given, **environment))


@pytest.fixture
def server(tmp_path):
    """A server that has the schema and is not running."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = EmbeddedPostgres(tmp_path / "database", port, durable=False)
    migrate(server.start())
    server.stop()
    yield server
    server.stop()


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def test_a_database_that_comes_late_and_an_engine_that_is_frozen_lose_nothing(tmp_path, run, server):
    url, data, port = server.url, tmp_path / "data", free_port()
    symbols = [instrument.symbol for instrument in list_instruments(10, seed=7)]
    (tmp_path / "book.csv").write_text(f"portfolio,symbol,quantity\nmain,{symbols[0]},5\n")
    (tmp_path / "limits.csv").write_text(LIMITS)
    run("exchange", "--instruments", 10, "--rate", 200, "--port", 0)
    told = eventually(lambda: [w for w in (tmp_path / "exchange.log").read_text().split() if w.startswith("ws://")])
    feed = ("--feed", "tailwatch", "--url", told[0], "--symbols", ",".join(symbols), "--data-dir", data)
    book = ("--positions", tmp_path / "book.csv", "--limits", tmp_path / "limits.csv")
    engine = run("engine", *feed, *book, *MODEL, DATABASE_URL=url)
    archive = run("archive", "--data-dir", data, DATABASE_URL=url)
    run("api", "--port", port, "--bar", "1s", "--data-dir", data, DATABASE_URL=url)

    def asked(path):
        try:
            return httpx.get(f"http://127.0.0.1:{port}{path}", timeout=10)
        except httpx.TransportError:
            return None

    def reasons():
        return {part["name"]: part["reason"] for part in asked("/readyz").json()["parts"] if part["state"] != "ok"}

    eventually(lambda: asked("/healthz"))
    eventually(lambda: (data / "journal").exists() and len(read_journal(data / "journal")) > 300)
    assert (asked("/healthz").status_code, asked("/readyz").status_code) == (200, 503)
    assert "database" in reasons()

    server.start()
    began = time.monotonic()
    eventually(lambda: asked("/readyz").status_code == 200)
    caught_up_s = time.monotonic() - began
    assert caught_up_s < 30, reasons()
    caught_up = len(read_journal(data / "journal"))

    os.kill(engine.pid, signal.SIGSTOP)
    eventually(lambda: reasons().get("engine", "").startswith("no heartbeat for"), STALE_S)
    assert asked("/readyz").status_code == 503
    assert asked("/healthz").status_code == 200
    os.kill(engine.pid, signal.SIGCONT)
    eventually(lambda: asked("/readyz").status_code == 200)

    run_name = asked("/api/v1/health").json()["run"]
    for part in (engine, archive):
        part.send_signal(signal.SIGTERM)
        assert part.wait(PATIENCE_S) == 0
    upto = archived(url, run_name)
    assert upto > caught_up
    account = account_of(read_journal(data / "journal")[: upto + 1], SETTINGS)
    assert l2_fates(account) == []
    assert l3_rows(account, url, run_name) == []
    with psycopg.connect(url) as connection:
        alerts = connection.execute("select payload::text from outbox where kind = 'alert'").fetchall()
    assert alerts == []
