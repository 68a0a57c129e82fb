"""Connections that come back at once."""

from random import Random

import pytest

from flows.feeds import get_adapter
from flows.feeds.backoff import Backoff
from flows.feeds.connection import FeedConnection


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
