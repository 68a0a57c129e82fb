"""A receiver of webhooks on a real socket, and what it was told."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from threading import Event
from typing import Any

import pytest

from flows.webhook.destination import Destination
from flows.webhook.poster import Poster
from flows.webhook.sender import Sender
from flows.webhook.signature import read_secret
from storage.deliveries import DeliveryStore
from storage.outbox import OutboxStore
from storage.rows import OutboxRow
from storage.runs import RunStore

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class Receiver:
    """Answers each POST with the next of the statuses that it was told, and then with 204."""

    def __init__(self) -> None:
        self.answers: list[int | tuple[int, dict[str, str]]] = []
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.paths: list[str] = []
        self.hold = Event()
        self.hold.set()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:  # the name that http.server asks for
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append(({key.lower(): value for key, value in self.headers.items()}, body))
                receiver.paths.append(self.path)
                receiver.hold.wait(20)
                answer = receiver.answers.pop(0) if receiver.answers else 204
                status, headers = answer if isinstance(answer, tuple) else (answer, {})
                self.send_response(status)
                for key, value in headers.items():
                    self.send_header(key, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_port
        self.url = f"http://127.0.0.1:{self.port}/hook"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    @property
    def ids(self) -> list[str]:
        return [headers["webhook-id"] for headers, _ in self.got]

    def close(self) -> None:
        self.hold.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


class Engine:
    """What an engine stores: runs, and alerts in them."""

    def __init__(self, url: str) -> None:
        self._url, self._runs, self._offset = url, RunStore(url), count()
        self._stores: dict[str, OutboxStore] = {}

    def begin(self, run: str, kind: Any = "live") -> None:
        self._runs.register(run, kind, b"{}", "hash")

    def alert(self, *names: str, run: str = "live-1", more: str = "") -> None:
        store = self._stores.setdefault(run, OutboxStore(self._url, run))
        for name in names:
            payload = f'{{"schema":1,  "id":"{name}"{more and ","}{more}}}'.encode()
            store.write([OutboxRow("main", next(self._offset), "alert", 0, 1_800_000_000 * 10**9, payload)])

    def close(self) -> None:
        self._runs.close()
        for store in self._stores.values():
            store.close()


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = Engine(database_url)
    yield engine
    engine.close()


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts follow each other at once."""
    monkeypatch.setattr("flows.webhook.sender._FIRST_WAIT_S", 0.001)
    monkeypatch.setattr("flows.webhook.sender._LONGEST_WAIT_S", 0.001)
    monkeypatch.setattr("flows.webhook.sender._LOOK_S", 0.05)


@pytest.fixture
def sending(database_url: str, receiver: Receiver, fast: None) -> Callable[..., Any]:
    """Run a webhook on the test's database for the length of a block."""

    @contextmanager
    def run(url: str = "", **given: Any) -> Iterator[Sender]:
        stopping, store = Event(), DeliveryStore(database_url)
        destination = Destination(url or receiver.url, ("127.0.0.1",))
        store.waiting()
        with Poster(destination, read_secret(SECRET), stopping, **given) as poster:
            sender = Sender(store, poster, stopping, str(destination))
            thread = threading.Thread(target=sender.run)
            thread.start()
            try:
                yield sender
            finally:
                stopping.set()
                thread.join(20)
                store.close()
                assert not thread.is_alive()

    return run


@pytest.fixture
def eventually() -> Callable[[Callable[[], bool]], None]:
    """Wait until a condition holds; fails after 20 s."""
    turn = Event()

    def wait(condition: Callable[[], bool]) -> None:
        for _ in range(2_000):
            if condition():
                return
            turn.wait(0.01)
        raise AssertionError("the condition never came true")

    return wait
