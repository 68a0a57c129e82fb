"""A reader that is slow or has stopped disturbs nobody, holds little, and loses no alert."""

import json
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx

LARGE = 100_000


@contextmanager
def unread(url: str, cursor: str = "") -> Iterator[socket.socket]:
    """Ask for the stream and read nothing, with a small buffer of our own."""
    with closing(socket.socket()) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect((urlsplit(url).hostname, urlsplit(url).port))
        request = f"GET /api/v1/stream?cursor={cursor} HTTP/1.1\r\nHost: localhost\r\n\r\n"
        connection.sendall(request.encode())
        yield connection


def events_of(raw: bytes) -> list[dict[str, Any]]:
    lines = [line for line in raw.split(b"\n") if line.startswith(b"data: ") and line.endswith(b"}")]
    return [json.loads(line[6:]) for line in lines]


def test_slow_reader_gets_every_alert_and_only_some_risk_while_others_get_all(
    engine: Any, start: Any, open_stream: Any
) -> None:
    engine.risk()
    alerts = []
    with start(send_timeout_s=60.0) as server, unread(server.url) as slow, open_stream(server.url) as quick:
        quick.next()
        for number in range(40):
            risk = engine.risk(size=LARGE)
            alerts.append(engine.alert(str(number)))
            assert [event.data.encode() for event in quick.take(2)] == [risk, alerts[-1]]
        received = b""
        slow.settimeout(20.0)
        while b'"id":"39"' not in received:
            received += slow.recv(1 << 20)
    got = events_of(received)
    assert [event["id"] for event in got if "id" in event] == [str(number) for number in range(40)]
    snapshots = [event["seq"] for event in got if "seq" in event]
    assert snapshots == sorted(set(snapshots))
    assert len(snapshots) < 30, "snapshots were kept for a reader that could not take them"


def test_reader_that_takes_nothing_is_disconnected(engine: Any, start: Any, open_stream: Any, until: Any) -> None:
    engine.risk()
    with start(send_timeout_s=0.5) as server, unread(server.url), open_stream(server.url) as quick:
        hub = server.app.state.services.hub
        quick.next()
        until(lambda: hub.clients == 2)
        while hub.clients == 2:
            engine.risk(size=LARGE)
            quick.next()
        figures = httpx.get(f"{server.url}/metrics").text
        assert "tailwatch_streams_evicted_total 1.0" in figures
        assert hub.clients == 1
        until(lambda: len(server.server_state.connections) == 1)


def test_memory_for_events_is_bounded_and_a_reader_beyond_it_is_served_from_the_database(
    engine: Any, start: Any, open_stream: Any, until: Any
) -> None:
    engine.risk()
    with start(keep_bytes=3 * LARGE) as server, open_stream(server.url) as stream:
        last = stream.next().id
        hub = server.app.state.services.hub
        alerts = []
        for number in range(20):
            engine.risk(size=LARGE)
            alerts.append(engine.alert(str(number)))
        until(lambda: hub.head == 41)
        assert hub.kept_bytes <= 3 * LARGE
        with open_stream(server.url, last) as late:
            got = late.take(40)
    assert [event.data.encode() for event in got if event.event == "alert"] == alerts


def test_stop_does_not_wait_for_a_reader_that_takes_nothing(engine: Any, start: Any, until: Any) -> None:
    engine.risk(size=LARGE)
    with start() as server, unread(server.url):
        hub = server.app.state.services.hub
        until(lambda: hub.clients == 1)
        for _ in range(20):
            engine.risk(size=LARGE)
        until(lambda: hub.head == 21)
