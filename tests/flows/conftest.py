"""A journal in memory, and servers of any kind in a thread of their own: for what talks over real sockets."""

import asyncio
import threading
from collections.abc import Callable

import pytest
from websockets.asyncio.server import serve

from flows.messages import Kind, Record

PATIENCE_S = 20.0


class MemoryJournal:
    """Stands in for the journal's writer; ``wait_for`` blocks until what was appended satisfies a condition."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.error: Exception | None = None
        self._changed = threading.Condition()

    def append(self, kind: Kind, payload: bytes, adapter: str = "", origin: str = "", stamp: int | None = None) -> int:
        with self._changed:
            self._changed.notify_all()
            if self.error is not None:
                raise self.error
            offset = len(self.records)
            self.records.append(Record(offset, stamp or 0, kind, adapter, origin, 0, payload))
            return offset

    def frames(self) -> list[bytes]:
        return [record.payload for record in self.records if record.kind is Kind.FRAME]

    def kinds(self) -> list[Kind]:
        return [record.kind for record in self.records]

    def wait_for(self, condition: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(condition, PATIENCE_S), f"never came true: {self.records[-5:]}"


class ServerThread:
    """Runs one asyncio server in a thread until it is told to stop."""

    def __init__(self, serve: Callable[[Callable[[str, int], None], asyncio.Event], object]) -> None:
        self.error: BaseException | None = None
        self._serve = serve
        self._address: tuple[str, int] | None = None
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._started.wait(PATIENCE_S)

    @property
    def url(self) -> str:
        if self._address is None:
            raise self.error or AssertionError("the server never listened")
        return f"ws://{self._address[0]}:{self._address[1]}"

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def stop(self) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except Exception as error:  # noqa: BLE001  (the test thread tells it)
            self.error = error
        finally:
            self._started.set()

    async def _main(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        await self._serve(self._ready, self._stop)

    def _ready(self, host: str, port: int) -> None:
        self._address = (host, port)
        self._started.set()


@pytest.fixture
def memory_journal():
    """A journal in memory."""
    return MemoryJournal()


@pytest.fixture
def in_thread():
    """Return a function that runs ``serve(ready, stop)`` in a thread; all are stopped at the end."""
    threads: list[ServerThread] = []

    def start(serve) -> ServerThread:
        threads.append(ServerThread(serve))
        return threads[-1]

    yield start
    for thread in threads:
        thread.stop()


@pytest.fixture
def venue(in_thread):
    """Return a function that starts a server: ``attend(client, number)`` serves the client with that number."""

    def start(attend, **options):
        clients = []

        async def on_client(client):
            clients.append(client)
            await attend(client, len(clients))

        async def run(ready, stop: asyncio.Event):
            async with serve(on_client, "127.0.0.1", 0, **options) as server:
                ready(*server.sockets[0].getsockname()[:2])
                await stop.wait()

        return in_thread(run)

    return start
