"""Who listens gets every event in order, whatever happens to his connection."""

import asyncio
import contextlib
import threading
from collections.abc import Callable

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from structlog.testing import capture_logs

from storage.listen import Notification, notifications
from storage.outbox import OutboxStore
from storage.reads import Reads
from storage.rows import OutboxRow

pytestmark = pytest.mark.anyio

PATIENCE_S = 30.0


def event(offset: int) -> OutboxRow:
    return OutboxRow("main", offset, "alert", 0, 10**18 + offset, b"{}")


async def follow(url: str, last: int, poll_s: float = 60.0) -> list[int]:
    """Read what is new at each notification, as the API does, until the event `last`."""
    seen = [0]
    listening = contextlib.aclosing(notifications(url, poll_s))
    async with asyncio.timeout(PATIENCE_S), Reads(url) as reads, listening as heard:
        async for _ in heard:
            while events := await reads.events_after("live", seen[-1], limit=7):
                seen += [event.id for event in events]
            if seen[-1] >= last:
                return seen[1:]
    return seen[1:]


def write_events(url: str, count: int, per_write: int = 3) -> threading.Thread:
    def write() -> None:
        store = OutboxStore(url, "live")
        for first in range(0, count, per_write):
            store.write([event(offset) for offset in range(first, min(first + per_write, count))])
        store.close()

    thread = threading.Thread(target=write)
    thread.start()
    return thread


async def test_a_listener_beside_a_writer_gets_every_id_in_order(database_url: str) -> None:
    writer = write_events(database_url, 500)
    seen = await follow(database_url, 500)
    writer.join()
    assert seen == list(range(1, 501))


async def test_a_notification_names_run_and_id(database_url: str) -> None:
    store = OutboxStore(database_url, "replay-a:b")
    async with asyncio.timeout(PATIENCE_S), contextlib.aclosing(notifications(database_url, 60.0)) as heard:
        assert await anext(heard) is None
        store.write([event(1), event(2)])
        assert await anext(heard) == Notification("replay-a:b", 2)
    store.close()


async def test_silence_is_broken_by_a_look(database_url: str) -> None:
    async with asyncio.timeout(PATIENCE_S), contextlib.aclosing(notifications(database_url, 0.05)) as heard:
        assert [await anext(heard) for _ in range(3)] == [None] * 3


async def test_a_lost_notification_is_made_good_by_the_next_look(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "insert into outbox (run, id, kind, portfolio, journal_offset, ordinal, event_time, event_ns, payload)"
            " values ('live', 1, 'alert', 'main', 0, 0, now(), 0, '{}')"
        )
    assert await follow(database_url, 1, poll_s=0.05) == [1]


async def test_a_listener_survives_the_loss_of_its_connection(
    database_url: str, backends: Callable[[str], list[int]]
) -> None:
    following = asyncio.create_task(follow(database_url, 20))
    store = OutboxStore(database_url, "live")
    for offset in range(20):
        store.write([event(offset)])
        if offset in (5, 12):
            with psycopg.connect(database_url, autocommit=True) as connection:
                while not (pids := await asyncio.to_thread(backends, "listen")):
                    await asyncio.sleep(0)
                for pid in pids:
                    connection.execute("select pg_terminate_backend(%s)", [pid])
    store.close()
    assert await following == list(range(1, 21))


async def test_a_listener_waits_for_a_database_that_is_not_there_yet(empty_database_url: str) -> None:
    name = "later_" + str(conninfo_to_dict(empty_database_url)["dbname"])
    url = make_conninfo(**conninfo_to_dict(empty_database_url) | {"dbname": name})
    heard = notifications(url, 0.05)
    first = asyncio.ensure_future(anext(heard))
    with capture_logs() as logs:
        while not logs:
            await asyncio.sleep(0.01)
    assert "does not exist" in logs[0]["reason"]
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        connection.execute(f"create database {name}".encode())
        try:
            assert await asyncio.wait_for(first, PATIENCE_S) is None
            await heard.aclose()
        finally:
            connection.execute(f"drop database {name} with (force)".encode())
