"""A journal, a database, and parts that are started and killed on them: what the fault tests share with the soak."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import psycopg

from flows.checkpoint import read_checkpoint
from flows.commands import Holding, Limits, Positions, encode_command
from flows.journal import JournalWriter
from flows.messages import Kind
from riskcore.limits import Limit
from riskcore.settings import NANOSECONDS
from storage.archive import archived
from tests.faults.part import OFTEN, SETTINGS, SHARDS
from tests.ledger import account_of, l1_sent, l2_fates, l3_rows, l4_figures, l6_alerts, read_journal

BOOK = Positions((Holding("one", "A", 3.0), Holding("two", "A", -1.0), Holding("two", "B", 2.0)))
START = 1_700_000_000 * NANOSECONDS
PATIENCE_S = 120.0
Told = tuple[int, int, str]
"""An event: its id, its place in the journal, its bytes."""


class Written(NamedTuple):
    """How many distinct ticks a journal has, and the record of the last one."""

    ticks: int
    last: int


def write_journal(directory: Path, ticks: int, limits: tuple[Limit, ...] = ()) -> Written:
    """Twenty ticks a second of two instruments, some repeated, some skipped."""
    now = START
    writer = JournalWriter(directory / "journal", silence_s=3600.0, clock=lambda: now)
    writer.append(Kind.COMMAND, encode_command(BOOK), stamp=START)
    if limits:
        writer.append(Kind.COMMAND, encode_command(Limits(limits=limits)), stamp=START)
    sent = [step + 1 for step in range(ticks) if step % 53 != 52]
    for step in (step for number in sent for step in ([number - 1] * (2 if number % 41 == 0 else 1))):
        now = START + step * NANOSECONDS // 20
        tick = {"ts": now, "symbol": "AB"[step % 2], "price": 100 + step * 7919 % 31 / 50, "seq": step + 1}
        last = writer.append(Kind.FRAME, json.dumps(tick).encode(), adapter="tailwatch", origin="test", stamp=now)
    assert writer.flush(60.0)
    end_journal(writer, now)
    writer.close()
    return Written(len(sent), last)


def end_journal(writer: JournalWriter, now: int) -> None:
    """Make a transaction and a checkpoint due behind the last tick.

    What comes in another batch also proves to another process that the ticks are on the disk.
    """
    for records in (2 * OFTEN.records, 1):
        for _ in range(records):
            writer.append(Kind.CONNECTED, b"{}", adapter="tailwatch", origin="test", stamp=now)
        assert writer.flush(60.0)


class Bench:
    """One directory and one database, and the part that works on them just now."""

    def __init__(self, directory: Path, url: str, journal: Written, run: str = "live") -> None:
        self.directory, self.url, self.journal, self.run = directory, url, journal, run
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, part: str, crash_at: str = "") -> "subprocess.Popen[bytes]":
        """Start a part anew; ``crash_at`` as in :mod:`tests.faults.part`."""
        command = [sys.executable, "-m", "tests.faults.part", part, str(self.directory), self.url, self.run]
        environment = {**os.environ, "CRASH_AT": crash_at}
        self._ready(part).unlink(missing_ok=True)
        log = (self.directory / f"{part}.log").open("ab")
        with log:
            self._running[part] = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        return self._running[part]

    def kill(self, part: str) -> None:
        """SIGKILL; nothing is said or flushed."""
        process = self._running.pop(part)
        process.kill()
        process.wait()

    def stop(self, part: str) -> int:
        """SIGTERM, and the exit status."""
        return self.signal(part, signal.SIGTERM)

    def signal(self, part: str, *signals: signal.Signals) -> int:
        """These signals, one at once behind the other, and the exit status."""
        self.wait_for(self._ready(part).exists)
        process = self._running.pop(part)
        for one in signals:
            process.send_signal(one)
        return process.wait(PATIENCE_S)

    def run_to_the_end(self) -> None:
        """Let the engine work until nothing of the journal is left."""
        self.start("engine")
        while (before := self.resumed_at()) <= self.journal.last:
            self.wait_for(lambda before=before: self.resumed_at() > before)
        assert self.stop("engine") == 0, self.log("engine")

    def archive_to_the_end(self) -> None:
        """Let the archive work until it has every tick."""
        self.start("archive")
        self.wait_for(lambda: archived(self.url, self.run) >= self.journal.last)
        assert self.stop("archive") == 0, self.log("archive")

    def undisturbed(self) -> list[Told]:
        """What is told where nothing happens: of a run of another name on the same journal, from its beginning."""
        checkpoint = self.directory / "checkpoint"
        checkpoint.unlink(missing_ok=True)
        quiet = Bench(self.directory, self.url, self.journal, "undisturbed")
        quiet.run_to_the_end()
        checkpoint.unlink()
        return quiet.told()

    def end(self) -> None:
        for part in list(self._running):
            self.kill(part)

    def wait_killed(self, part: str) -> None:
        """Wait until the part has come to its point."""
        assert self._running[part].wait(PATIENCE_S) == -signal.SIGKILL, self.log(part)
        del self._running[part]

    def fallen(self) -> list[str]:
        """The parts that have come to their points since this was asked last; one that ended otherwise has failed."""
        found = [part for part, process in self._running.items() if process.poll() is not None]
        for part in found:
            self.wait_killed(part)
        return found

    def is_ready(self, part: str) -> bool:
        """Whether a part that was started has begun to work."""
        return self._ready(part).exists()

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """Wait for what the parts bring about; one that ends by itself meanwhile has failed."""
        give_up = time.monotonic() + PATIENCE_S
        while not condition():
            for part, process in self._running.items():
                assert process.poll() is None, self.log(part)
            assert time.monotonic() < give_up, "\n".join(("it never came true", *map(self.log, self._running)))
            time.sleep(0.01)

    def _ready(self, part: str) -> Path:
        return self.directory / f"{part}.ready"

    def log(self, part: str) -> str:
        return (self.directory / f"{part}.log").read_text()[-2000:]

    def told(self) -> list[Told]:
        """Every event of the run as a client would get it: id, place, bytes."""
        figures = self._rows("select id, journal_offset, payload::text from risk_snapshots where run = %s")
        return sorted([*figures, *self.alerts()])

    def alerts(self) -> list[Told]:
        """Every alert of the run as a client would get it."""
        query = "select id, journal_offset, payload::text from outbox where run = %s and kind = 'alert' order by id"
        return self._rows(query)

    def wrong(self) -> list[str]:
        """What the ledger finds (:mod:`tests.ledger`), once engine and archive have come to the journal's end."""
        account = account_of(
            read_journal(self.directory / "journal"), SETTINGS, settings_hash="hash", publish=NANOSECONDS // 4
        )
        seen = {identifier for (identifier,) in self._rows("select identifier from ticks where run = %s")}
        feed = ("tailwatch", "")
        return [
            *l1_sent(account, {feed: range(1, max(seen) + 1)}, {feed: seen}),
            *l2_fates(account),
            *l3_rows(account, self.url, self.run),
            *l4_figures(account, self.url, self.run),
            *l6_alerts([], self.url, self.run),
        ]

    def last_place(self) -> int:
        """The journal's record that the newest event is of."""
        query = "select coalesce(max(journal_offset), -1) from outbox where run = %s"
        return int(self._rows(query)[0][0])

    def resumed_at(self) -> int:
        """The record that an engine would go on from."""
        resumed = read_checkpoint(self.directory / "checkpoint", "hash", SHARDS, 10**9)
        return 0 if resumed is None else resumed.offset

    def newest(self) -> int:
        return int(self._rows("select coalesce(max(id), 0) from outbox where run = %s")[0][0])

    def archived(self) -> int:
        """How many ticks are stored."""
        return int(self._rows("select count(*) from ticks where run = %s")[0][0])

    def _rows(self, query: str) -> list[tuple[object, ...]]:
        while True:
            try:
                with psycopg.connect(self.url) as connection:
                    return connection.execute(query.encode(), [self.run]).fetchall()
            except psycopg.OperationalError:
                time.sleep(0.05)
