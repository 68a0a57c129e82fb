"""S8, S11, S14: what strangers do to the API, and that a healthy client of it notices nothing."""

import os
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from random import Random
from threading import Thread
from typing import NamedTuple

import httpx
import numpy as np
from prometheus_client.parser import text_string_to_metric_families

from storage.embedded import EmbeddedPostgres
from storage.migrate import migrate
from tests.api.conftest import Engine, opened_stream
from tests.api.test_slow_readers import LARGE, unread
from tests.faults.bench import Bench, Written
from tests.faults.stage import quiet_port
from tests.soak.registry import Figures, Soak, row

READERS, GONE_S, MOST_MIB = 200, 30.0, 64.0
STORM_S, STORM_RATE = 60.0, 200
HOSTILE, HEAD_S, SIEGE_S = 200, 10.0, 45.0
POOL = 4
"""Connections to the database, made as they are wanted."""
PATIENCE_S = 120.0
ASKED = b"GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Healthy(Thread):
    """A client that reads all, and notes every alert and how late it came."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self._url = url
        self.alerts: list[str] = []
        self.arrived: list[float] = []
        self.is_open = False

    def run(self) -> None:
        with suppress(httpx.TransportError), opened_stream(self._url) as stream:
            self.is_open = True
            for event in stream.rest():
                if event.event == "alert":
                    self.alerts.append(event.json()["id"])
                    self.arrived.append(time.monotonic())


class Scene(NamedTuple):
    """An engine that writes as it is told, an API in a process, and a healthy client."""

    engine: Engine
    url: str
    pid: int
    healthy: Healthy
    told: list[float]
    """When each alert was stored; its id is its place here."""

    def tell(self, size: int = 0) -> None:
        """A snapshot and an alert; and a question that has to be answered."""
        self.engine.risk(size=size)
        self.engine.alert(str(len(self.told)))
        self.told.append(time.monotonic())

    def metric(self, name: str, **labels: str) -> float:
        families = text_string_to_metric_families(httpx.get(f"{self.url}/metrics", timeout=PATIENCE_S).text)
        samples = (sample for family in families for sample in family.samples)
        return next((one.value for one in samples if one.name == name and labels.items() <= one.labels.items()), 0.0)

    def resident_mib(self) -> float:
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    def descriptors(self) -> int:
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))

    def heard_all(self) -> float:
        """Hold the healthy client's alerts against those told; the 99th percentile of their delay."""
        _until(lambda: len(self.healthy.alerts) >= len(self.told))
        assert self.healthy.alerts == [str(number) for number in range(len(self.told))]
        delays = np.subtract(self.healthy.arrived, self.told)
        return round(float(np.quantile(delays, 0.99)), 4)


@row("S8", budget_s=300)
def readers_that_never_read_are_gone_in_half_a_minute(soak: Soak) -> Figures:
    """Two hundred clients that take nothing are disconnected within 30 s, and cost little memory and nobody else."""
    with _scene(soak) as scene, ExitStack() as stack:
        before, most = scene.resident_mib(), 0.0
        for _ in range(READERS):
            stack.enter_context(unread(scene.url))
        began = time.monotonic()
        while (gone := scene.metric("tailwatch_streams_evicted_total")) < READERS:
            scene.tell(LARGE)
            most = max(most, scene.resident_mib())
            assert time.monotonic() - began < PATIENCE_S, gone
            time.sleep(0.05)
        seconds, p99_s = time.monotonic() - began, scene.heard_all()
    assert seconds <= GONE_S, seconds
    assert most - before <= MOST_MIB, (before, most)
    return {
        "readers": READERS,
        "gone s": round(seconds, 1),
        "grown MiB": round(most - before, 1),
        "healthy p99 s": p99_s,
        "healthy alerts": len(scene.told),
    }


@row("S11", budget_s=300)
def a_storm_of_clients_leaves_nothing_behind(soak: Soak) -> Figures:
    """A minute of 200 connections a second, some cut amid the head, leaves no descriptor and no stream."""
    with _scene(soak) as scene:
        draw, place = Random(soak.seed), ("127.0.0.1", httpx.URL(scene.url).port or 0)
        for _ in range(STORM_RATE):
            _come_and_go(place, draw)
        _until(lambda: scene.metric("tailwatch_streams") == 1)
        before, resident = scene.descriptors() + POOL, scene.resident_mib()
        began, count = time.monotonic(), 0
        while (passed := time.monotonic() - began) < STORM_S:
            _come_and_go(place, draw)
            count += 1
            if count % STORM_RATE == 0:
                scene.tell()
            time.sleep(max(0.0, count / STORM_RATE - passed))
        _until(lambda: scene.metric("tailwatch_streams") == 1)
        _until(lambda: scene.descriptors() <= before)
        grown, p99_s = scene.resident_mib() - resident, scene.heard_all()
    assert grown <= MOST_MIB, grown
    return {"connections": count, "grown MiB": round(grown, 1), "healthy p99 s": p99_s}


@row("S14", budget_s=300)
def a_siege_is_outlasted(soak: Soak) -> Figures:
    """Heads that come drop by drop, endless heads and huge bodies, all at once, cost no other client an event."""
    with _scene(soak) as scene:
        place = ("127.0.0.1", httpx.URL(scene.url).port or 0)
        calm = _asked(scene, 10.0)
        resident, ended = scene.resident_mib(), list[float]()
        end = time.monotonic() + SIEGE_S
        hostile = [Thread(target=_besiege, args=(place, number, end, ended)) for number in range(HOSTILE)]
        for thread in hostile:
            thread.start()
        besieged = _asked(scene, SIEGE_S)
        grown = scene.resident_mib() - resident
        for thread in hostile:
            thread.join()
        p99_s = scene.heard_all()
        refused = {
            reason: int(scene.metric("tailwatch_http_refused_total", reason=reason))
            for reason in ("head", "slow_head", "body")
        }
    assert all(refused.values()), refused
    assert max(ended) <= HEAD_S + 5.0, max(ended)
    assert grown <= MOST_MIB, grown
    return {
        "hostile": HOSTILE,
        **{f"refused {reason}": count for reason, count in refused.items()},
        "longest s": round(max(ended), 1),
        "grown MiB": round(grown, 1),
        "answer p99 calm s": calm,
        "answer p99 besieged s": besieged,
        "healthy p99 s": p99_s,
    }


@contextmanager
def _scene(soak: Soak) -> Iterator[Scene]:
    port = quiet_port()
    os.environ["API_PORT"] = str(port)
    with EmbeddedPostgres(soak.directory / "database") as server:
        migrate(server.url)
        engine, bench = Engine(server.url), Bench(soak.directory, server.url, Written(0, 0))
        engine.risk()
        api, url = bench.start("api"), f"http://127.0.0.1:{port}"
        try:
            _until(lambda: _answers(url))
            healthy = Healthy(url)
            healthy.start()
            _until(lambda: healthy.is_open)
            yield Scene(engine, url, api.pid, healthy, [])
            assert bench.stop("api") == 0, bench.log("api")
            healthy.join(PATIENCE_S)
        finally:
            bench.end()
            engine.close()


def _asked(scene: Scene, seconds: float) -> float:
    """Tell, and ask for figures, ten times a second; the 99th percentile of the answers' time."""
    end, waits = time.monotonic() + seconds, list[float]()
    with httpx.Client(timeout=PATIENCE_S) as client:
        while (now := time.monotonic()) < end:
            scene.tell()
            client.get(f"{scene.url}/api/v1/portfolios/main/risk").raise_for_status()
            waits.append(time.monotonic() - now)
            time.sleep(0.1)
    return round(float(np.quantile(waits, 0.99)), 4)


def _besiege(place: tuple[str, int], number: int, end: float, ended: list[float]) -> None:
    """Come again and again with the same nuisance; how long each connection was suffered is noted."""
    nuisance = (_drip, _drip, _endless_head, _huge_body)[number % 4]
    while time.monotonic() < end:
        with socket.create_connection(place, timeout=PATIENCE_S) as connection:
            began = time.monotonic()
            with suppress(OSError):
                nuisance(connection)
            ended.append(time.monotonic() - began)


def _drip(connection: socket.socket) -> None:
    connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: ")
    connection.settimeout(0.5)
    while True:
        connection.sendall(b"a")
        try:
            if not connection.recv(1 << 16):
                return
        except TimeoutError:
            continue


def _endless_head(connection: socket.socket) -> None:
    connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: ")
    while True:
        connection.sendall(b"a" * 4_096)
        time.sleep(0.005)


def _huge_body(connection: socket.socket) -> None:
    head = b"POST /api/v1/trades HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    connection.sendall(head + b"Content-Length: 100000000\r\n\r\n")
    while True:
        connection.sendall(b"[" * 4_096)
        time.sleep(0.005)


def _come_and_go(place: tuple[str, int], draw: Random) -> None:
    with socket.create_connection(place, timeout=PATIENCE_S) as client:
        client.sendall(ASKED[: draw.choice((0, 20, len(ASKED), len(ASKED)))])
        if draw.random() < 0.5:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _answers(url: str) -> bool:
    with suppress(httpx.TransportError):
        return httpx.get(f"{url}/api/v1/portfolios/main/risk", timeout=PATIENCE_S).status_code == 200
    return False


def _until(condition: Callable[[], bool]) -> None:
    give_up = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < give_up, "it never came true"
        time.sleep(0.05)
