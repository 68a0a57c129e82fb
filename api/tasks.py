"""Work that goes on beside the routes for as long as the process lives."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import structlog

AGAIN_S = 1.0
HEARD_S = 0.2

log = structlog.get_logger(__name__)


@asynccontextmanager
async def beside(*works: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Run endless works during the block. One that fails is logged and begun again: the others need it."""
    tasks = [asyncio.create_task(_kept_up(work)) for work in works]
    try:
        yield
    finally:
        await _ended(set(tasks))


async def _kept_up(work: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await work()
        except Exception:
            log.exception("work beside the routes failed; beginning again")
        await asyncio.sleep(AGAIN_S)


async def _ended(tasks: set[asyncio.Task[None]]) -> None:
    # A cancellation that arrives together with what a task waits for can be swallowed on its way (asyncio.wait_for
    # before Python 3.12, and the connection pool through it), so it is repeated until it is heard.
    while tasks:
        for task in tasks:
            task.cancel()
        _, tasks = await asyncio.wait(tasks, timeout=HEARD_S)
