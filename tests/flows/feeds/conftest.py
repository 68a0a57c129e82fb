"""A venue that does as a test tells it, on a real WebSocket, and connections to it that come back at once."""

import asyncio
from random import Random

import pytest
from websockets.asyncio.server import serve

from flows.feeds import get_adapter
from flows.feeds.backoff import Backoff
from flows.feeds.connection import FeedConnection


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


@pytest.fixture
def connect(memory_journal):
    """Return a function that connects to an address, hardly waiting between attempts; all are stopped at the end."""
    connections: list[FeedConnection] = []

    def start(url, name="tailwatch", symbols=("A", "B"), **options):
        quick = Backoff(floor_s=0.01, cap_s=0.05, rng=Random(7))
        connection = FeedConnection(
            get_adapter(name), url, list(symbols), memory_journal, **({"backoff": quick} | options)
        )
        connections.append(connection)
        connection.start()
        return connection

    yield start
    for connection in connections:
        connection.stop()
