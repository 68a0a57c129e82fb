"""Runs the product as its user would: the command line, real recordings, a real database."""

import json
import os
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import httpx
import numpy as np
import pytest

from api.server import ApiServer
from api.settings import ApiSettings
from flows.commands import encode_command
from flows.crew import new_crew, resumed_crew, run_of
from flows.dataflow import risk_dataflow
from flows.intake import Intake
from flows.journal import JournalWriter
from flows.messages import Kind
from flows.questions import Inbox
from flows.running import run_dataflow
from flows.sinks import OutboxSink
from flows.sources import JournalSource
from riskcore.settings import NANOSECONDS, RiskSettings
from storage.commands import CommandStore
from storage.outbox import OutboxStore
from storage.runs import RunStore

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def tailwatch():
    """Run ``tailwatch`` to its end and return what it printed; it must succeed unless ``status`` says otherwise."""

    def run(*arguments, status=0, env=None, cwd=None):
        done = subprocess.run(
            [sys.executable, "-m", "tailwatch", *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=100,
            cwd=cwd or ROOT,
            env={**os.environ, **(env or {})},
            check=False,
        )
        assert done.returncode == status, done.stderr or done.stdout
        return done

    return run


class LiveEngine:
    """The engine's own parts around a journal of the test: intake, source, flow, outbox; ticks are appended by hand."""

    def __init__(self, directory, url, settings, commands, shards=2, publish=NANOSECONDS // 4):
        self.url, self.settings, self.shards = url, settings, shards
        self.directory, self.commands, self.publish = directory, commands, publish
        self.now = 1_700_000_000 * NANOSECONDS
        self._threads, self._stack = [], ExitStack()

    def start(self, *, intake=True):
        self._stopping = threading.Event()
        self.journal = JournalWriter(self.directory / "journal", fsync_interval_s=0.0, silence_s=0.02)
        self._stack.callback(self.journal.close)
        make = partial(new_crew, self.settings, "hash", self.publish, self.shards)
        crew = resumed_crew(make, self.directory / "checkpoint", "hash", self.journal.durable)
        for command in self.commands:
            self.journal.append(Kind.COMMAND, encode_command(command))
        self.run = run_of(self.directory / "journal", self._stopping)
        runs = RunStore(self.url)
        runs.register(self.run, "live", b"{}", "hash")
        runs.close()
        store = OutboxStore(self.url, self.run)
        crew = crew.held_against(store.last().journal_offset, make)
        self._stack.callback(store.close)
        inbox = Inbox(lambda: self.journal.durable)
        if intake:
            self._stack.enter_context(Intake(CommandStore(self.url, self.run), self.journal, inbox))
        source = JournalSource(self.directory / "journal", crew.offset, self.journal, self._stopping, inbox=inbox)
        sink = OutboxSink(store, self._stopping)
        flow = risk_dataflow(source, crew.feed, crew.risk.__getitem__, self.shards, crew.alerts, sink)
        thread = threading.Thread(target=run_dataflow, args=(flow,), daemon=True)
        thread.start()
        self._stack.callback(thread.join, 20.0)
        self._stack.callback(self._stopping.set)
        return self

    def stop(self):
        self._stack.close()

    def ticks(self, **prices):
        self.now += NANOSECONDS // 10
        for symbol, price in prices.items():
            tick = {"ts": self.now, "symbol": symbol, "price": price}
            self.journal.append(Kind.FRAME, json.dumps(tick).encode(), adapter="tailwatch", origin="test")

    def trade_for(self, seconds, seed=1, **prices):
        """Ticks of a market for so many seconds of event time, from these prices on."""
        draw = np.random.default_rng(seed)
        for _ in range(seconds * 10):
            prices = {symbol: price * (1 + draw.normal(0, 1e-3)) for symbol, price in prices.items()}
            self.ticks(**prices)
        return prices


@pytest.fixture
def new_live_engine(tmp_path, database_url):
    """Make live engines on one directory and database; they are stopped at the end."""
    with ExitStack() as stack:

        def make(commands, **options):
            settings = RiskSettings(bar=NANOSECONDS, paths=500, window=50, half_life=10, min_observations=5, lateness=0)
            engine = LiveEngine(tmp_path, database_url, settings, commands, **options)
            stack.callback(engine.stop)
            return engine

        yield make


@pytest.fixture
def api(database_url):
    """A real API server on the test's database, and a client of it."""
    settings = ApiSettings(database_url=database_url, port=0, status_interval_s=0.2, answer_timeout_s=20.0)
    server = ApiServer(settings)
    thread = threading.Thread(target=server.work, daemon=True)
    thread.start()
    with httpx.Client(base_url=server.url, timeout=60.0) as client:
        yield client
    server.stop()
    thread.join(20.0)
    assert not thread.is_alive()


@pytest.fixture
def until():
    """Wait for a condition, not for a time."""

    def wait(condition, patience_s=60.0):
        end = time.monotonic() + patience_s
        while not (found := condition()):
            assert time.monotonic() < end, "the condition never held"
            time.sleep(0.02)
        return found

    return wait
