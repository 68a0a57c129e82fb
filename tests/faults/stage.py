"""Engine, API, webhook, a pager and a crowd of clients on a journal that goes on, while parts are killed."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from random import Random
from typing import NamedTuple

import httpx
import psycopg

from riskcore.limits import Limit
from storage.runs import RunStore
from tests.faults.bench import Bench, Written
from tests.faults.heard import Alert
from tests.faults.part import POINTS
from tests.faults.waves import Waves
from tests.pager import Receiver

PARTS = ("engine", "api", "webhook")
PATIENCE_S = 300.0
_FAR_BEHIND = 4_000
"""Records that the engine may have before it until more are written."""


class Progress(NamedTuple):
    """What the database has: the newest id, how many of these are alerts, and the record of the newest."""

    newest: int
    alerts: int
    place: int


class Taken(NamedTuple):
    """What the crowd has: how many clients took which alerts, and how long it took to resume."""

    clients: dict[tuple[Alert, ...], int]
    late: int
    median_s: float
    worst_s: float


class Stage:
    """Everything runs from :meth:`begin` to :meth:`end`; the row says who is killed, and when."""

    def __init__(
        self, directory: Path, url: str, seed: int, limits: tuple[Limit, ...], pager: Receiver, seconds_s: float
    ) -> None:
        self.bench, self.waves = Bench(directory, url, Written(0, 0)), Waves(directory, seed, limits)
        self.kills, self.draw = Counter[str](), Random(seed)
        self._pause_s = 1.0 / seconds_s
        self._port = quiet_port()
        self._crowd: subprocess.Popen[bytes] | None = None
        self._database = psycopg.connect(url, autocommit=True)
        os.environ |= {"API_PORT": str(self._port), "WEBHOOK_URL": pager.url}

    def begin(self, clients: int) -> None:
        """Start all, and let the clients ask from before the first event on."""
        runs = RunStore(self.bench.url)
        runs.register(self.bench.run, "live", b"{}", "hash")
        runs.close()
        for part in ("api", "webhook"):
            self.bench.start(part)
        cursor = self._cursor()
        command = [sys.executable, "-m", "tests.faults.crowd", str(self._port), str(clients)]
        command += [str(self.draw.randrange(2**32)), str(self.bench.directory), cursor]
        self._crowd = subprocess.Popen(command)
        self.bench.start("engine")

    def tick(self) -> list[str]:
        """Let a second of the journal pass; who fell by itself meanwhile runs again, and is named."""
        if self.waves.last - self.progress().place < _FAR_BEHIND:
            self.waves.roll(1)
        time.sleep(self._pause_s)
        fallen = self.bench.fallen()
        for part in fallen:
            self._begin_anew(part)
        assert self._crowd is not None
        assert self._crowd.poll() is None
        return fallen

    def kill(self, part: str) -> None:
        """SIGKILL, and start it again."""
        self.bench.kill(part)
        self._begin_anew(part)

    def progress(self) -> Progress:
        query = "select coalesce(max(id), 0), count(*) filter (where kind = 'alert'), coalesce(max(journal_offset), -1)"
        row = self._database.execute(f"{query} from outbox where run = %s".encode(), [self.bench.run]).fetchone()
        assert row is not None
        return Progress(*row)

    def broken(self) -> int:
        """How often clients have broken off."""
        file = self.bench.directory / "broken"
        return file.stat().st_size if file.exists() else 0

    def settle(self) -> list[Alert]:
        """Kill nobody any more, let the engine come to the journal's end, and give every alert of the database."""
        self.bench.journal = self.waves.end()
        for part in ("engine", "webhook"):
            self.bench.kill(part)
        self.bench.start("webhook")
        self.bench.run_to_the_end()
        return [(json.loads(text)["id"], text.encode()) for _, _, text in self.bench.alerts()]

    def taken(self, alerts: int) -> Taken:
        """What the clients have, once each has so many or has waited for long."""
        enough, answer = self.bench.directory / "enough", self.bench.directory / "taken.json"
        enough.with_suffix(".partial").write_text(str(alerts))
        enough.with_suffix(".partial").rename(enough)
        give_up = time.monotonic() + PATIENCE_S
        while not answer.exists():
            assert time.monotonic() < give_up, "the clients do not answer"
            time.sleep(0.1)
        told = json.loads(answer.read_text())
        events = [(json.loads(text)["id"] if '"id"' in text else text, text.encode()) for text in told["events"]]
        clients = Counter(tuple(events[number] for number in numbers) for numbers in told["taken"])
        return Taken(dict(clients), told["late"], *told["resumed_s"])

    def end(self) -> None:
        """Leave nothing running."""
        self._database.close()
        self.bench.end()
        if self._crowd is not None:
            self._crowd.send_signal(signal.SIGKILL)
            self._crowd.wait()

    def _begin_anew(self, part: str) -> None:
        self.kills[part] += 1
        points = list(POINTS.get(part, ()))
        armed = points and self.draw.random() < 0.5
        self.bench.start(part, f"{self.draw.choice(points)}:{self.draw.randrange(1, 4)}" if armed else "")

    def _cursor(self) -> str:
        give_up = time.monotonic() + PATIENCE_S
        while time.monotonic() < give_up:
            try:
                answer = httpx.get(f"http://127.0.0.1:{self._port}/api/v1/portfolios")
            except httpx.TransportError:
                time.sleep(0.1)
                continue
            if place := answer.headers.get("x-stream-cursor"):
                return str(place)
            time.sleep(0.1)
        raise TimeoutError("the API did not come up")


def quiet_port() -> int:
    """A port below those that the kernel gives to clients: one that asks while nobody listens would reach itself."""
    for port in range(20_000 + os.getpid() % 5_000, 32_000):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError("no port is free")
