"""Sending one message to many clients, without waiting for any of them."""

from collections.abc import Iterable

import structlog
from websockets.asyncio.connection import broadcast
from websockets.asyncio.server import ServerConnection

_log = structlog.get_logger(__name__)
SLOW_BYTES = 8 * 2**20
"""A client that has this much unread is cut, as real venues do."""


def send_all(clients: Iterable[ServerConnection], message: bytes) -> None:
    """Send a text frame to each client. O(clients), never blocks."""
    broadcast(clients, message, text=True)


def cut_slow(clients: Iterable[ServerConnection], unread: int = SLOW_BYTES) -> None:
    """Cut the clients that have more than ``unread`` bytes waiting for them."""
    for client in list(clients):
        if client.transport.get_write_buffer_size() > unread:
            _log.warning("client does not read", client=client.remote_address)
            client.transport.abort()
