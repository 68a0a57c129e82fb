"""A pager, what an engine stores for it, and a sender between them."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
from tests.pager import SECRET, Receiver


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
