"""Hear of new events at once, and of none too late."""

import asyncio
import random
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, NamedTuple

import psycopg
import structlog

from storage.connection import CALL_TIMEOUT_S, cut, session_parameters
from storage.errors import translated
from storage.outbox import CHANNEL

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 5.0
_logger = structlog.get_logger(__name__)


class Notification(NamedTuple):
    """The run's events up to `id` can be read."""

    run: str
    id: int


async def notifications(url: str, poll_s: float = 2.0) -> AsyncGenerator[Notification | None]:
    """Yield each notification, and None whenever it is time to look without one. It never ends by itself.

    None comes first, right after the listening began, after every reconnection, and after `poll_s` of
    silence: who reads what is new each time misses nothing, even where notifications get lost. A lost
    connection is made again with growing pauses and logged.
    """
    async with aclosing(heard_on(url, CHANNEL, poll_s)) as payloads:
        async for payload in payloads:
            run, _, number = (payload or "").rpartition(":")
            yield None if payload is None else Notification(run, int(number))


async def heard_on(url: str, channel: str, poll_s: float = 2.0) -> AsyncGenerator[str | None]:
    """Yield the payload of each notification of a channel, with None between them as :func:`notifications` does."""
    pause_s = _FIRST_PAUSE_S
    while True:
        try:
            async with aclosing(_listen(url, channel, poll_s)) as heard:
                async for payload in heard:
                    pause_s = _FIRST_PAUSE_S
                    yield payload
        except psycopg.Error as error:
            _logger.warning("listen.lost", reason=str(translated(error, url)), retry_s=round(pause_s, 1))
        await asyncio.sleep(pause_s * random.uniform(0.5, 1.0))  # noqa: S311 # jitter
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)


async def _listen(url: str, channel: str, poll_s: float) -> AsyncGenerator[str | None]:
    connection = await psycopg.AsyncConnection.connect(url, **session_parameters("listen", CALL_TIMEOUT_S))
    async with connection:
        await _execute(connection, f"listen {channel}")
        yield None
        while True:
            silent = True
            async with aclosing(connection.notifies(timeout=poll_s)) as notifies:
                async for notify in notifies:
                    silent = False
                    yield notify.payload
            if silent:
                await _execute(connection, "select 1")
                yield None


async def _execute(connection: psycopg.AsyncConnection[Any], statement: str) -> None:
    timer = asyncio.get_running_loop().call_later(CALL_TIMEOUT_S, cut, connection)
    try:
        await connection.execute(statement.encode())
    finally:
        timer.cancel()
