"""Work beside the routes goes on through its own failures, and ends when it is told to."""

import asyncio

import pytest

from api import tasks

pytestmark = pytest.mark.anyio


async def test_work_that_fails_is_begun_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "AGAIN_S", 0.0)
    begun = 0
    third = asyncio.Event()

    async def work() -> None:
        nonlocal begun
        begun += 1
        if begun < 3:
            raise ZeroDivisionError
        third.set()
        await asyncio.Event().wait()

    async with tasks.beside(work):
        await asyncio.wait_for(third.wait(), 10)


async def test_work_that_does_not_hear_the_first_cancellation_ends_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tasks, "HEARD_S", 0.01)
    deaf = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            deaf.set()
        await asyncio.Event().wait()

    async with tasks.beside(work):
        await asyncio.sleep(0)
    assert deaf.is_set()
