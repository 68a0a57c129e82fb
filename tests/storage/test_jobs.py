"""Jobs under leases: one worker at a time, and none is lost with it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import psycopg
import pytest

from storage.jobs import KEPT, Jobs, JobStore

pytestmark = pytest.mark.anyio


@pytest.fixture
def worker(database_url: str) -> Iterator[Callable[..., JobStore]]:
    with ExitStack() as stack:

        def make(name: str, lease_s: float = 60.0) -> JobStore:
            store = JobStore(database_url, name, lease_s)
            stack.callback(store.close)
            return store

        yield make


async def add(url: str, *names: str, most: int = 100) -> list[bool]:
    async with Jobs(url) as jobs:
        return [await jobs.add_job(name, "live", "backtest", "main", b'{"history": "x"}', most) for name in names]


async def state_of(url: str, name: str) -> tuple[str, int, float]:
    async with Jobs(url) as jobs:
        found = await jobs.job(name)
    assert found is not None
    return found[0].state, found[0].attempts, found[0].progress


async def test_they_are_taken_in_the_order_in_which_they_were_queued_each_by_one(
    database_url: str, worker: Callable[..., JobStore]
) -> None:
    await add(database_url, "a", "b")
    one, other = worker("one"), worker("other")
    taken = [one.claim(), other.claim(), one.claim()]
    assert [job and job.id for job in taken] == ["a", "b", None]
    assert taken[0] is not None
    assert (taken[0].request, taken[0].attempts) == ('{"history": "x"}', 1)


async def test_a_job_whose_lease_has_run_out_is_anothers_and_its_first_worker_can_store_nothing(
    database_url: str, worker: Callable[..., JobStore]
) -> None:
    await add(database_url, "a")
    killed, next_one = worker("killed", lease_s=0.0), worker("next")
    assert killed.claim() is not None
    taken = next_one.claim()
    assert taken is not None
    assert (taken.id, taken.attempts) == ("a", 2)
    assert not killed.renew("a", 0.5)
    assert not killed.finish("a", b"{}")
    assert not killed.fail("a", "late")
    assert next_one.renew("a", 0.25)
    assert await state_of(database_url, "a") == ("running", 2, 0.25)
    assert next_one.finish("a", b'{"kind": "backtest"}')
    assert await state_of(database_url, "a") == ("done", 2, 1.0)


async def test_what_is_worked_on_is_not_taken_while_its_lease_is_renewed(
    database_url: str, worker: Callable[..., JobStore]
) -> None:
    await add(database_url, "a")
    one = worker("one")
    assert one.claim() is not None
    assert one.renew("a", 0.1)
    assert worker("other").claim() is None


async def test_a_cancelled_job_is_nobodys(database_url: str, worker: Callable[..., JobStore]) -> None:
    await add(database_url, "a", "b")
    one = worker("one")
    assert one.claim() is not None
    async with Jobs(database_url) as jobs:
        assert await jobs.cancel_job("a")
        assert await jobs.cancel_job("b")
        assert not await jobs.cancel_job("a")
    assert not one.renew("a", 0.5)
    assert not one.finish("a", b"{}")
    assert one.claim() is None
    assert (await state_of(database_url, "a"))[0] == "cancelled"


async def test_a_job_given_back_is_taken_again_as_if_it_had_not_been(
    database_url: str, worker: Callable[..., JobStore]
) -> None:
    await add(database_url, "a")
    one = worker("one")
    assert one.claim() is not None
    assert one.release("a")
    assert await state_of(database_url, "a") == ("queued", 0, 0.0)
    assert worker("other").claim() is not None


async def test_no_more_wait_than_may_and_what_ended_makes_room(database_url: str) -> None:
    assert await add(database_url, "a", "b", "c", most=2) == [True, True, False]
    async with Jobs(database_url) as jobs:
        await jobs.cancel_job("a")
    assert await add(database_url, "c", most=2) == [True]


async def test_jobs_that_ended_long_ago_are_forgotten(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "insert into jobs (id, run, kind, portfolio, request, state)"
            " select n::text, 'live', 'backtest', 'main', '{}', 'done' from generate_series(1, 500) n"
        )
    await add(database_url, "new")
    async with Jobs(database_url) as jobs:
        kept = await jobs.jobs()
    assert [job.id for job in kept] == ["new", *(str(n) for n in range(500, 500 - KEPT, -1))]
