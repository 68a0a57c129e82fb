"""The whole product as its user starts it, ``tailwatch up``, beside a simulated exchange: for rows of the soak."""

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx
import psycopg

from flows.exchange import list_instruments
from riskcore.settings import NANOSECONDS, RiskSettings
from storage.archive import archived
from storage.cluster import Cluster
from tests.faults.stage import quiet_port
from tests.ledger import account_of, l2_fates, l3_rows, l4_figures, read_journal

MODEL = ("--bar", "1s", "--paths", "100", "--min-observations", "3")


class Product:
    """Runs for as long as the stack is open, in ``directory/data``, with its own database or the one that is named."""

    def __init__(
        self, directory: Path, stack: ExitStack, seed: int, database_url: str | None = None, *, faults: str = ""
    ) -> None:
        self.data, self.seed, self._stack, self._port = directory / "data", seed % 1_000, stack, quiet_port()
        self._log = stack.enter_context((directory / "log").open("w+"))
        self._environment = os.environ | ({} if database_url is None else {"DATABASE_URL": database_url})
        symbols = [instrument.symbol for instrument in list_instruments(10, seed=self.seed)]
        (directory / "book.csv").write_text(f"portfolio,symbol,quantity\nmain,{symbols[0]},5\n")
        told = ("--seed", str(self.seed))
        market = ("--instruments", "10", "--rate", "200", "--port", "0", "--faults", faults)
        self._start("exchange", *market, *told)
        until(lambda: "ws://" in self.said())
        url = next(word for word in self.said().split() if word.startswith("ws://"))
        feed = ("--feed", "tailwatch", "--url", url, "--symbols", ",".join(symbols))
        book = ("--positions", str(directory / "book.csv"), "--data-dir", str(self.data))
        self.up = self._start("up", *feed, *book, *MODEL, *told, "--port", str(self._port))

    def address(self, path: str) -> str:
        return f"http://127.0.0.1:{self._port}{path}"

    def status(self) -> int:
        """The status of ``/readyz``; 0 where nobody answers."""
        with suppress(httpx.TransportError):
            return httpx.get(self.address("/readyz"), timeout=10.0).status_code
        return 0

    def ready(self) -> bool:
        return self.status() == 200

    def reasons(self) -> dict[str, str]:
        """What is not well, and why."""
        parts = httpx.get(self.address("/readyz"), timeout=10.0).json()["parts"]
        return {part["name"]: part["reason"] for part in parts if part["state"] != "ok"}

    def records(self) -> int:
        """How many records the journal has."""
        return read_journal(self.data / "journal")[-1].offset + 1

    def pid(self, part: str) -> int | None:
        """The process of a part, None while there is none."""
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                words = (process / "cmdline").read_bytes().split(b"\0")
                if words[1:4] == [b"-m", b"tailwatch", part.encode()] and _parent(process) == self.up.pid:
                    return int(process.name)
        return None

    def resident_mib(self, part: str) -> int:
        """How much memory a part has."""
        pages = int(Path(f"/proc/{self.pid(part)}/statm").read_text().split()[1])
        return pages * resource.getpagesize() // 2**20

    def own_database(self) -> str:
        """The address of the embedded database."""
        home = self.data / "database"
        port, password = Cluster(home / "cluster").port(), (home / "password").read_text()
        return f"postgresql://tailwatch:{password}@127.0.0.1:{port}/tailwatch"

    def said(self) -> str:
        return Path(self._log.name).read_text()

    def stop(self) -> None:
        self.up.terminate()
        assert self.up.wait(60.0) == 0, self.said()

    def wrong(self, url: str) -> list[str]:
        """What the ledger finds, once all has been stopped: fates, rows and figures are those of the journal."""
        settings = RiskSettings(bar=NANOSECONDS, paths=100, min_observations=3, seed=self.seed)
        records = read_journal(self.data / "journal")
        with psycopg.connect(url) as connection:
            [(run,)] = connection.execute("select run from runs where kind = 'live'").fetchall()
            [(last,)] = connection.execute("select max(journal_offset) from outbox").fetchall()
        account = account_of(records[: archived(url, run) + 1], settings)
        told = account_of(records[: last + 1], settings, publish=NANOSECONDS // 4)
        return [*l2_fates(account), *l3_rows(account, url, run), *l4_figures(told, url, run)]

    def _start(self, *arguments: str) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "tailwatch", *arguments]
        process = subprocess.Popen(command, stderr=self._log, stdout=self._log, env=self._environment)
        self._stack.callback(process.wait)
        self._stack.callback(process.terminate)
        return process


def until(condition: Callable[[], object], patience_s: float = 120.0) -> float:
    """Wait for it, and return how long it took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < patience_s, "it never came true"
        time.sleep(0.1)
    return time.monotonic() - began


def _parent(process: Path) -> int:
    return int((process / "stat").read_text().rpartition(")")[2].split()[1])
