"""Connections that are cut anywhere, come in a storm, or begin with a snapshot: nothing is lost, nothing stays."""

import asyncio
import random
import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec

from api.following import Following, Wanted
from api.hub import Hub
from api.settings import ApiSettings
from tests.api.test_following import Client, Table, check
from tests.proxy import FaultyProxy

CUTS = 20
ROUNDS = 10_000
STORM = 200
WAVES = 4
"""Tasks and connections to the database that come and go by themselves."""


def test_a_client_cut_at_any_byte_goes_on_behind_its_last_whole_event(
    engine: Any, server: Any, open_stream: Any
) -> None:
    draw = random.Random(3)
    place = urlsplit(server.url)
    engine.risk()
    with open_stream(server.url, events="risk") as stream:
        cursor = stream.next().id
    written, got, cuts = [], [], 0
    with FaultyProxy(place.hostname or "", place.port or 0) as proxy:
        url = f"http://127.0.0.1:{proxy.port}"
        while cuts < CUTS:
            written += [engine.alert(f"{len(written)}\n\ndata: {'x' * draw.randrange(200)}") for _ in range(3)]
            proxy.replies.cut_after(draw.randrange(2_500))
            try:
                with open_stream(url, cursor, events="alert") as stream:
                    while len(got) < len(written):
                        event = stream.next()
                        got.append(event.data.encode())
                        cursor = event.id
            except (httpx.TransportError, StopIteration):
                cuts += 1
        proxy.replies.heal()
        with open_stream(url, cursor, events="alert") as stream:
            got += [event.data.encode() for event in stream.take(len(written) - len(got))]
    assert got == written


def test_a_storm_of_clients_that_come_and_go_leaves_nothing_behind(engine: Any, server: Any, until: Any) -> None:
    engine.risk()
    place, hub = urlsplit(server.url), server.app.state.services.hub

    def held() -> tuple[int, int, int]:
        return (
            len(asyncio.all_tasks(server._loop)),
            len([*Path("/proc/self/fd").iterdir()]),
            len(server.server_state.tasks),
        )

    httpx.get(f"{server.url}/healthz")
    until(lambda: hub.run is not None and not server.server_state.connections)
    draw, before = random.Random(5), held()
    for _ in range(STORM):
        with socket.create_connection((place.hostname, place.port)) as client:
            head = b"GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\n\r\n"
            client.sendall(head[: draw.choice((0, 20, len(head), len(head)))])
            if draw.random() < 0.3:
                client.settimeout(0.05)
                try:
                    client.recv(100)
                except TimeoutError:
                    continue
    until(lambda: not server.server_state.connections and hub.clients == 0)
    until(lambda: all(now <= then + WAVES for now, then in zip(held(), before, strict=True)))


def test_whoever_takes_a_snapshot_and_then_follows_from_its_cursor_misses_nothing() -> None:
    async def played() -> None:
        draw, table = random.Random(7), Table()
        table.write("risk", "a")
        hub = Hub(table, ApiSettings("", keep_bytes=3_000))  # type: ignore[arg-type]
        await hub._advance()

        async def happen() -> None:
            for _ in range(draw.randrange(4)):
                table.write(draw.choice(("risk", "alert")), draw.choice("ab"))
            if draw.random() < 0.7:
                await hub._advance()

        for _ in range(ROUNDS):
            await happen()
            event = hub.latest[draw.choice(sorted(hub.latest))]
            cursor, after = draw.choice(((event.cursor, event.id), (hub.cursor or "", hub.head)))
            await happen()
            client = Client(Following(hub, table, Wanted(), cursor).frames())  # type: ignore[arg-type]
            await client.read()
            await happen()
            await hub._advance()
            while await client.read():
                pass
            await client.close()
            got = client.numbers()
            assert not got or got[0] > after
            recent = Table()
            recent.rows = table.rows[after:]
            check(recent, got, after)

    asyncio.run(played())


def test_the_figures_of_a_portfolio_and_the_list_of_all_carry_the_place_they_are_of(
    engine: Any, server: Any, open_stream: Any, until: Any
) -> None:
    seen = engine.risk()
    until(lambda: httpx.get(f"{server.url}/api/v1/portfolios/main/risk").content == seen)
    cursors = [
        httpx.get(f"{server.url}/api/v1/portfolios{path}").headers["x-stream-cursor"] for path in ("", "/main/risk")
    ]
    told = engine.alert("one")
    for cursor in cursors:
        with open_stream(server.url, query_cursor=cursor) as stream:
            assert stream.next().data.encode() == told
            assert msgspec.json.decode(told)["id"] == "one"
