"""B4: the disk under the database is full, first for its tables, then for its log too, which ends the server."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import httpx
import psycopg

from flows.exchange import list_instruments
from riskcore.settings import NANOSECONDS, RiskSettings
from storage.archive import archived
from storage.cluster import Cluster
from storage.embedded import EmbeddedPostgres
from tests.faults.stage import quiet_port
from tests.ledger import account_of, l2_fates, l3_rows, l4_figures, read_journal
from tests.soak.registry import Figures, Soak, row

MODEL = ("--bar", "1s", "--paths", "100", "--min-observations", "3")
TOLD_S, BACK_S = 5.0, 30.0
_FULL_S = 20.0


class Product:
    """``tailwatch up`` with its own database, whose directory is a disk of its own."""

    def __init__(self, directory: Path, stack: ExitStack, seed: int) -> None:
        self.data, self._stack, self._port = directory / "data", stack, quiet_port()
        self._log = stack.enter_context((directory / "log").open("w+"))
        symbols = [instrument.symbol for instrument in list_instruments(10, seed=seed)]
        (directory / "book.csv").write_text(f"portfolio,symbol,quantity\nmain,{symbols[0]},5\n")
        exchange = self._start("exchange", "--instruments", "10", "--rate", "200", "--port", "0", "--seed", str(seed))
        feed = ("--feed", "tailwatch", "--url", self._address(), "--symbols", ",".join(symbols))
        book = ("--positions", str(directory / "book.csv"), "--seed", str(seed))
        self.up = self._start("up", *feed, *book, *MODEL, "--port", str(self._port), "--data-dir", str(self.data))
        assert exchange.poll() is None

    def ready(self) -> bool:
        return self.status() == 200

    def status(self) -> int:
        with suppress(httpx.TransportError):
            return httpx.get(f"http://127.0.0.1:{self._port}/readyz", timeout=10.0).status_code
        return 0

    def reasons(self) -> dict[str, str]:
        answer = httpx.get(f"http://127.0.0.1:{self._port}/readyz", timeout=10.0).json()
        return {part["name"]: part["reason"] for part in answer["parts"] if part["state"] != "ok"}

    def records(self) -> int:
        """How many records the journal has, or a few less."""
        return read_journal(self.data / "journal")[-1].offset + 1

    def url(self) -> str:
        cluster = self.data / "database"
        password, port = (cluster / "password").read_text(), Cluster(cluster / "cluster").port()
        return f"postgresql://tailwatch:{password}@127.0.0.1:{port}/tailwatch"

    def _start(self, *arguments: str) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "tailwatch", *arguments]
        process = subprocess.Popen(command, stderr=self._log, stdout=self._log)
        self._stack.callback(process.wait)
        self._stack.callback(process.terminate)
        return process

    def _address(self) -> str:
        until(lambda: "ws://" in self.said())
        return next(word for word in self.said().split() if word.startswith("ws://"))

    def said(self) -> str:
        return Path(self._log.name).read_text()


def until(condition: Callable[[], object], patience_s: float = 120.0) -> float:
    """Wait for it, and return how long it took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < patience_s, "it never came true"
        time.sleep(0.1)
    return time.monotonic() - began


@contextmanager
def small_disk(place: Path, size: str) -> Iterator[None]:
    assert os.geteuid() == 0, "NOT RUN: only root may mount a small disk"
    place.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", place], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


def fill(disk: Path) -> Path:
    """Take all the room that is left."""
    ballast = disk / "ballast"
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while file.write(b"\0" * 4096):
            pass
    return ballast


def end_the_log(url: str) -> None:
    """Ask for new segments of the log of writes until there is no room for one: the server ends in a panic."""
    with suppress(psycopg.OperationalError), psycopg.connect(url, autocommit=True) as connection:
        while True:
            connection.execute("create temp table filling as select 1")
            connection.execute("drop table filling")
            connection.execute("select pg_switch_wal()")


@row("B4", budget_s=420)
def a_full_disk_under_the_database(soak: Soak) -> Figures:
    """A full disk under the database, then a server that ends by it: told in 5 s, and well within 30 s of room."""
    disk, figures = soak.directory / "data" / "database", Figures()
    with ExitStack() as stack:
        stack.enter_context(small_disk(disk, "200m"))
        stack.callback(Cluster(disk / "cluster").kill)
        product = Product(soak.directory, stack, soak.seed % 1_000)
        until(product.ready)
        for kind, break_it in (("tables", lambda _: None), ("log", end_the_log)):
            url, before = product.url(), product.records()
            ballast, began = fill(disk), time.monotonic()
            break_it(url)
            until(lambda: product.status() == 503)
            told_s = time.monotonic() - began
            reasons = " ".join(product.reasons().values())
            assert "No space left on device" in reasons or "is the server well?" in reasons, reasons
            time.sleep(_FULL_S)
            accepted = product.records() - before
            ballast.unlink()
            back_s = until(product.ready)
            assert (told_s <= TOLD_S + 1.0, back_s <= BACK_S) == (True, True), (kind, told_s, back_s)
            assert accepted > 20 * _FULL_S, f"the journal took {accepted} records in {_FULL_S} s"
            figures |= {
                f"{kind} told s": round(told_s, 1),
                f"{kind} back s": round(back_s, 1),
                f"{kind} records meanwhile": accepted,
            }
        product.up.send_signal(signal.SIGTERM)
        assert product.up.wait(60.0) == 0, product.said()
        return figures | _held_against_the_journal(soak.directory / "data", soak.seed % 1_000)


def _held_against_the_journal(data: Path, seed: int) -> Figures:
    settings = RiskSettings(bar=NANOSECONDS, paths=100, min_observations=3, seed=seed)
    records = read_journal(data / "journal")
    with EmbeddedPostgres(data / "database") as server:
        with psycopg.connect(server.url) as connection:
            [(run,)] = connection.execute("select run from runs where kind = 'live'").fetchall()
            [(last,)] = connection.execute("select max(journal_offset) from outbox").fetchall()
        account = account_of(records[: archived(server.url, run) + 1], settings)
        figures = l4_figures(account_of(records[: last + 1], settings), server.url, run)
        wrong = [*l2_fates(account), *l3_rows(account, server.url, run), *figures]
        assert wrong == [], wrong
    return {"ticks": len(account.ticks), "lost": 0, "doubled": 0}
