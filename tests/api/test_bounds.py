"""What a request may cost: every bound has a test, and is counted under its reason."""

import socket
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

pytestmark = pytest.mark.anyio


def refused(server: Any, reason: str) -> float:
    return (
        server.app.state.services.metrics.registry.get_sample_value("tailwatch_http_refused_total", {"reason": reason})
        or 0.0
    )


@pytest.fixture
def wire() -> Iterator[Any]:
    """Open raw connections to a server; each answers what it got until the server hung up."""
    sockets: list[socket.socket] = []

    def connect(server: Any) -> socket.socket:
        place = urlsplit(server.url)
        sockets.append(socket.create_connection((place.hostname or "", place.port or 0), timeout=20.0))
        return sockets[-1]

    yield connect
    for one in sockets:
        one.close()


def hung_up(connection: socket.socket) -> bytes:
    received = b""
    try:
        while data := connection.recv(1 << 16):
            received += data
    except ConnectionResetError:
        pass
    return received


def test_a_head_that_never_ends_is_cut_off_before_it_fills_the_memory(start: Any, wire: Any) -> None:
    with start() as server:
        connection = wire(server)
        connection.sendall(b"GET /healthz HTTP/1.1\r\nX: ")
        sent = 0
        try:
            while sent < 20_000_000:
                sent += connection.send(b"a" * 4_000)
        except (ConnectionResetError, BrokenPipeError):
            pass
        answer = hung_up(connection)
        assert sent < 20_000_000
        assert answer == b"" or answer.startswith(b"HTTP/1.1 431")
        assert refused(server, "head") == 1
        assert httpx.get(f"{server.url}/healthz").status_code == 200


def test_what_is_no_request_gets_a_problem_and_is_counted(start: Any, wire: Any) -> None:
    with start() as server:
        connection = wire(server)
        connection.sendall(b"this is no request\r\n\r\n")
        answer = hung_up(connection)
        assert answer.startswith(b"HTTP/1.1 400")
        assert b"application/problem+json" in answer
        assert refused(server, "malformed") == 1


@pytest.mark.parametrize("path", ["/healthz?cursor=" + "a" * 40_000, "/api/v1/stream?cursor=" + "x" * 40_000])
def test_a_long_address_is_refused(start: Any, path: str) -> None:
    with start() as server:
        assert httpx.get(server.url + path).status_code == 431
        assert refused(server, "head") == 1


def test_an_address_that_the_parser_does_not_take_is_too_long_as_well(start: Any, wire: Any) -> None:
    with start() as server:
        connection = wire(server)
        connection.sendall(b"GET /healthz?cursor=" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert hung_up(connection).startswith(b"HTTP/1.1 431")
        assert refused(server, "head") == 1


def test_a_cursor_of_a_megabyte_gets_a_reset_and_any_other_header_of_that_size_is_refused(
    engine: Any, start: Any, open_stream: Any
) -> None:
    engine.risk()
    with start() as server:
        with open_stream(server.url, "a" * 1_000_000) as stream:
            assert stream.next().json()["reason"] == "invalid_cursor"
        with suppress(httpx.TransportError):
            assert httpx.get(f"{server.url}/healthz", headers={"X": "a" * 1_000_000}).status_code == 431
        assert refused(server, "head") == 1


def test_long_heads_are_bounded_together(start: Any, wire: Any, until: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("api.protocol.LONG_HEADS", 300_000)
    with start() as server:
        held = [wire(server) for _ in range(3)]
        for connection in held:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 140_000)
        until(lambda: refused(server, "head") >= 1)
        for connection in held:
            connection.close()
        assert httpx.get(f"{server.url}/healthz").status_code == 200


def test_a_head_that_comes_drop_by_drop_is_ended(start: Any, wire: Any) -> None:
    with start(head_timeout_s=0.3) as server:
        silent, slow = wire(server), wire(server)
        slow.sendall(b"GET /healthz HTTP/1.1\r\nHost: local")
        assert hung_up(silent).startswith(b"HTTP/1.1 408")
        assert hung_up(slow).startswith(b"HTTP/1.1 408")
        assert refused(server, "slow_head") == 2


def test_the_time_for_a_head_begins_anew_with_each_request_of_a_connection(start: Any) -> None:
    with start(head_timeout_s=5.0) as server, httpx.Client() as client:
        assert [client.get(f"{server.url}/healthz").status_code for _ in range(3)] == [200] * 3
        assert refused(server, "slow_head") == 0


def test_one_connection_too_many_is_told_so_and_the_others_stay(start: Any, wire: Any) -> None:
    with start(max_connections=3) as server:
        first = [wire(server) for _ in range(3)]
        first[0].sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert first[0].recv(1 << 16).startswith(b"HTTP/1.1 200")
        answer = hung_up(wire(server))
        assert answer.startswith(b"HTTP/1.1 503")
        assert b"retry-after" in answer.lower()
        assert refused(server, "connections") == 1
        first[1].sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert first[1].recv(1 << 16).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("told", ["its length", "a shorter length", "no length"])
def test_a_body_is_bounded_by_what_comes_whatever_a_header_says_of_it(
    engine: Any, start: Any, wire: Any, told: str
) -> None:
    engine.risk()
    body = b'{"token": "' + b"a" * 200_000 + b'"}'
    with start(max_body_bytes=10_000) as server:
        connection = wire(server)
        head = b"POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        if told == "no length":
            chunk = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
            connection.sendall(head + b"Transfer-Encoding: chunked\r\n\r\n" + chunk)
            assert hung_up(connection).startswith(b"HTTP/1.1 413")
            assert refused(server, "body") == 1
        elif told == "its length":
            connection.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
            assert hung_up(connection).startswith(b"HTTP/1.1 413")
            assert refused(server, "body") == 1
        else:
            connection.sendall(head + b"Connection: close\r\nContent-Length: 5\r\n\r\n" + body)
            assert hung_up(connection).startswith(b"HTTP/1.1 4")


def test_a_body_that_says_it_is_too_large_is_refused_before_any_of_it_comes(engine: Any, start: Any, wire: Any) -> None:
    engine.risk()
    with start(body_timeout_s=600.0) as server:
        connection = wire(server)
        connection.sendall(b"POST /api/v1/trades HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000000\r\n\r\n")
        assert hung_up(connection).startswith(b"HTTP/1.1 413")
        assert refused(server, "body") == 1


def test_a_body_that_stops_coming_is_not_waited_for(engine: Any, start: Any, wire: Any) -> None:
    engine.risk()
    with start(body_timeout_s=0.3) as server:
        connection = wire(server)
        head = b"POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        connection.sendall(head + b'Content-Length: 500\r\n\r\n{"token"')
        assert hung_up(connection).startswith(b"HTTP/1.1 408")
        assert refused(server, "slow_body") == 1


def test_a_stream_outlives_the_time_that_a_body_has(engine: Any, start: Any, open_stream: Any) -> None:
    engine.risk()
    with start(body_timeout_s=0.2, head_timeout_s=0.2) as server, open_stream(server.url) as stream:
        for _ in range(4):
            stream.status()
        engine.alert("late")
        assert stream.next().event == "alert"


ORIGINS = [
    ("https://desk.example", True),
    ("https://desk.example.evil.com", False),
    ("https://desk.example:8443", False),
    ("http://desk.example", False),
    ("https://sub.desk.example", False),
    ("HTTPS://DESK.EXAMPLE", False),
    ("https://desk.example/", False),
    ("null", False),
    ("", False),
]


@pytest.mark.parametrize(("origin", "allowed"), ORIGINS)
async def test_only_the_very_origins_that_are_listed_may_read(
    engine: Any, asked: Any, origin: str, allowed: bool
) -> None:
    engine.risk()
    async with asked(allowed_origins=("https://desk.example",)) as client:
        answer = await client.get("/api/v1/portfolios", headers={"Origin": origin})
        preflight = await client.options(
            "/api/v1/portfolios", headers={"Origin": origin, "Access-Control-Request-Method": "GET"}
        )
        metrics = (await client.get("/metrics")).text
    assert (answer.status_code == 200) == allowed
    assert (preflight.status_code == 204) == allowed
    for one in (answer, preflight):
        assert one.headers.get("access-control-allow-origin") == (origin if allowed else None)
        assert "access-control-allow-credentials" not in one.headers
        assert "Origin" in one.headers["vary"]
    assert allowed or 'tailwatch_http_refused_total{reason="origin"}' in metrics


async def test_a_wrong_host_is_counted(asked: Any) -> None:
    async with asked(loaded=False) as client:
        assert (await client.get("/healthz", headers={"Host": "evil.example"})).status_code == 421
        assert 'tailwatch_http_refused_total{reason="host"} 1.0' in (await client.get("/metrics")).text
