"""An engine that writes what a test tells it, and servers and streams to see it with."""

import re
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from time import monotonic
from typing import Any

import httpx
import msgspec
import pytest
from httpx_sse import ServerSentEvent, connect_sse
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from api.app import create_app
from api.reading import Reader
from api.server import ApiServer
from api.settings import ApiSettings
from riskcore.messages import Distribution, Measure, PositionRisk, Quality, RiskSnapshot
from storage.outbox import OutboxStore
from storage.rows import OutboxRow, PositionRow
from storage.runs import PartStore, RunStore

PATIENCE_S = 20.0
NOON = 1_795_348_800_000_000_000


def snapshot_of(portfolio: str, seq: int, *, var: float | None = 100.0, size: int = 0) -> RiskSnapshot:
    reason = None if var is not None else "warming up: 3 of 30 observations"
    es = None if var is None else 1.2 * var
    minute, second = divmod(seq, 60)
    return RiskSnapshot(
        portfolio=portfolio,
        seq=seq,
        event_time=f"2026-11-22T{12 + minute // 60:02d}:{minute % 60:02d}:{second:02d}.123456789Z",
        base_currency="USD",
        horizon="1d",
        market_value=1e6,
        gross=2e6,
        net=1e6,
        pnl_today=-5.5,
        measures=(Measure("parametric", 0.99, var, es, reason=reason),),
        positions=(PositionRisk("BTCUSDT" + "x" * size, 2.0, 5e5, 1e6, 0.01, 0.1, 100.0, 120.0, stale=False),),
        distribution=Distribution("monte_carlo", (-1.0, 0.0, 1.0), (3, 4)),
        quality=Quality(40, (), (), 0, 0, 0, "60s", seq, "abc", 1.5),
        published_at="2026-11-22T12:00:00.5Z",
    )


class Engine:
    """Writes events as the engine does: stored under dense ids, then notified."""

    def __init__(self, url: str, run: str = "live", kind: str = "live") -> None:
        self.run = run
        self._runs = RunStore(url)
        self._runs.register(run, kind, b"{}", "abc")
        self._outbox = OutboxStore(url, run)
        self._parts = PartStore(url)
        self._offset = self._outbox.last().journal_offset

    def settle(self, settings: dict[str, str]) -> None:
        """Run with other settings from now on."""
        self._runs.register(self.run, "live", msgspec.json.encode(settings), "abc")

    def risk(self, portfolio: str = "main", *, var: float | None = 100.0, size: int = 0, **changes: Any) -> bytes:
        self._offset += 1
        now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
        told = replace(snapshot_of(portfolio, self._offset, var=var, size=size), published_at=now, **changes)
        return self._write(portfolio, "risk", msgspec.json.encode(told))

    def alert(self, name: str, portfolio: str = "main") -> bytes:
        self._offset += 1
        alert = {"schema": 1, "id": name, "portfolio": portfolio, "state": "firing"}
        return self._write(portfolio, "alert", msgspec.json.encode(alert))

    def raw(self, payload: bytes, kind: str = "alert") -> bytes:
        self._offset += 1
        return self._write("main", kind, payload)

    def burst(self, rows: list[tuple[str, str, bytes]]) -> None:
        """Write many (portfolio, kind, payload) at once."""
        first = self._offset + 1
        self._offset += len(rows)
        self._outbox.write(
            [
                OutboxRow(p, first + i, kind, 0, NOON + (first + i) * 10**9, data)
                for i, (p, kind, data) in enumerate(rows)
            ]
        )

    def book(self, portfolio: str, symbol: str, quantity: float) -> None:
        row = PositionRow(portfolio, symbol, quantity, 10.5, 1.0, "USD", "crypto", 0)
        self._outbox.write_positions([row])

    def limits(self, rows: list[Any]) -> None:
        self._outbox.write([], limits=rows)

    def silences(self, rows: list[Any]) -> None:
        self._outbox.write([], silences=rows)

    def beat(self, part: str, **state: Any) -> None:
        self._parts.beat(part, self.run, msgspec.json.encode(state))

    def close(self) -> None:
        for store in (self._runs, self._outbox, self._parts):
            store.close()

    def _write(self, portfolio: str, kind: str, payload: bytes) -> bytes:
        self._outbox.write([OutboxRow(portfolio, self._offset, kind, 0, NOON + self._offset * 10**9, payload)])
        return payload


class Stream:
    """An open stream, read event by event by a parser that is not ours."""

    def __init__(self, response: httpx.Response, events: Iterator[ServerSentEvent]) -> None:
        self.response = response
        self._events = events

    def next(self, *, status: bool = False) -> ServerSentEvent:
        """The next event; status events, which come at any time, are left out unless asked for."""
        return next(event for event in self._events if status or event.event != "status")

    def rest(self) -> Iterator[ServerSentEvent]:
        """All that comes until the server ends the stream."""
        return self._events

    def read_to_the_end(self) -> None:
        for _ in self._events:
            pass

    def take(self, count: int) -> list[ServerSentEvent]:
        return [self.next() for _ in range(count)]

    def status(self, matches: Callable[[Any], bool] = lambda told: True) -> Any:
        return next(e.json() for e in self._events if e.event == "status" and matches(e.json()))


@contextmanager
def opened_stream(
    url: str,
    cursor: str | None = None,
    *,
    query_cursor: str | None = None,
    headers: dict[str, str] | None = None,
    **params: str,
) -> Iterator[Stream]:
    headers = (headers or {}) | ({} if cursor is None else {"Last-Event-ID": cursor})
    if query_cursor is not None:
        params["cursor"] = query_cursor
    with (
        httpx.Client(timeout=PATIENCE_S) as client,
        connect_sse(client, "GET", f"{url}/api/v1/stream", params=params, headers=headers) as source,
    ):
        source.response.raise_for_status()
        yield Stream(source.response, source.iter_sse())


@contextmanager
def running(server: ApiServer) -> Iterator[ApiServer]:
    thread = threading.Thread(target=server.work, daemon=True)
    thread.start()
    wait_until(lambda: server.started)
    try:
        yield server
    finally:
        server.stop()
        thread.join(PATIENCE_S)
        assert not thread.is_alive()


def wait_until(condition: Callable[[], object], patience_s: float = PATIENCE_S) -> None:
    end = monotonic() + patience_s
    pause = threading.Event()
    while not condition():
        assert monotonic() < end, "the condition never held"
        pause.wait(0.01)


@pytest.fixture
def until() -> Callable[..., None]:
    """Wait for a condition, not for a time."""
    return wait_until


@pytest.fixture
def snapshot() -> Callable[..., RiskSnapshot]:
    return snapshot_of


@pytest.fixture
def open_stream() -> Callable[..., Any]:
    return opened_stream


@pytest.fixture
def new_engine(database_url: str) -> Iterator[Callable[..., Engine]]:
    """Make engines that write to the test's database."""
    with ExitStack() as stack:

        def make(run: str = "live", kind: str = "live") -> Engine:
            engine = Engine(database_url, run, kind)
            stack.callback(engine.close)
            return engine

        yield make


@pytest.fixture
def engine(new_engine: Callable[..., Engine]) -> Engine:
    return new_engine()


@pytest.fixture
def settings(database_url: str) -> ApiSettings:
    return ApiSettings(database_url=database_url, port=0, status_interval_s=0.2, database_timeout_s=2.0)


@pytest.fixture
def start(settings: ApiSettings) -> Callable[..., Any]:
    """Start a real server in a thread: a context manager, so that a test can end it and start another."""

    @contextmanager
    def make(**changes: Any) -> Iterator[ApiServer]:
        with running(ApiServer(replace(settings, **changes))) as server:
            yield server

    return make


@pytest.fixture
def server(start: Callable[..., Any]) -> Iterator[ApiServer]:
    with start() as server:
        yield server


@pytest.fixture
def asked(settings: ApiSettings) -> Callable[..., Any]:
    """A client of an application in this process; waits until the run, where there is one, is loaded."""

    @asynccontextmanager
    async def make(
        reader: Reader | None = None, *, loaded: bool = True, **changes: Any
    ) -> AsyncIterator[httpx.AsyncClient]:
        app = create_app(replace(settings, **changes), reader)
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client,
        ):
            hub = app.state.services.hub
            while loaded and hub.run is None:
                await hub.change(PATIENCE_S)
            yield client

    return make


@pytest.fixture
def routes() -> Callable[[httpx.AsyncClient], list[tuple[str, str]]]:
    """Every route of an application, those of included routers too, with something in place of each parameter."""

    def walk(given: Any) -> Iterator[tuple[str, str]]:
        for route in given:
            if hasattr(route, "original_router"):
                yield from walk(route.original_router.routes)
            else:
                path = re.sub(r"\{\w+\}", "main", route.path)
                yield from ((method, path) for method in sorted(route.methods - {"HEAD"}))

    def listed(client: httpx.AsyncClient) -> list[tuple[str, str]]:
        found = list(walk(client._transport.app.routes))  # type: ignore[attr-defined]
        assert len(found) >= 10
        return found

    return listed


class Gate:
    """A way to the database that can be shut: connections through it break, and no new ones are made."""

    def __init__(self, url: str) -> None:
        parts = conninfo_to_dict(url)
        self._target = (str(parts["host"]), int(parts["port"]))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = make_conninfo(**parts | {"host": "127.0.0.1", "port": self._listener.getsockname()[1]})
        self._is_open = True
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._run(self._accept)

    def open(self) -> None:
        self._is_open = True

    def shut(self) -> None:
        self._is_open = False
        for connection in self._sockets:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.shut()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for connection in [self._listener, *self._sockets]:
            connection.close()

    def _run(self, work: Callable[..., None], *given: socket.socket) -> None:
        self._threads.append(threading.Thread(target=work, args=given, daemon=True))
        self._threads[-1].start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if not self._is_open:
                    client.close()
                    continue
                server = socket.create_connection(self._target)
                self._sockets += [client, server]
                for one, other in ((client, server), (server, client)):
                    self._run(self._pass, one, other)

    def _pass(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(1 << 16):
                other.sendall(data)
        for end in (one, other):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def gate(database_url: str) -> Iterator[Gate]:
    gate = Gate(database_url)
    yield gate
    gate.close()
