"""What is lost between us and the database costs time, never an event, never a tick, and doubles none."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from threading import Thread
from typing import Any, TypeVar

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from flows.messages import Accepted
from riskcore.messages import Tick
from storage.archive import ArchiveStore
from storage.errors import DatabaseUnavailableError
from storage.outbox import OutboxStore
from storage.reads import Reads
from storage.rows import Last, OutboxRow, PositionRow, Progress

PATIENCE_S = 20.0
DEADLINE_S = 0.3

T = TypeVar("T")
Freeze = Callable[[str], AbstractContextManager[None]]


def event(offset: int) -> OutboxRow:
    return OutboxRow("main", offset, "risk" if offset % 2 else "alert", 0, 10**18 + offset, b'{"schema":1}')


def tick(number: int) -> Accepted:
    return Accepted(number, 0, number, 0, Tick("f", "A", 10**18 + number, 1.0, identifier=number))


def until_done(call: Callable[[], T]) -> T:
    """Do what every writer does: make the same call until the database takes it."""
    give_up = time.monotonic() + PATIENCE_S
    while True:
        try:
            return call()
        except DatabaseUnavailableError:
            if time.monotonic() > give_up:
                raise


@pytest.mark.parametrize("mode", ["lose the request", "lose the reply"])
def test_events_are_stored_once_when_commits_get_lost(proxy: Any, database_url: str, mode: str) -> None:
    store = OutboxStore(proxy.url, "live")
    for batch in range(10):
        rows = [event(2 * batch), event(2 * batch + 1)]
        store.last()
        proxy.mode = mode
        with pytest.raises(DatabaseUnavailableError):
            store.write(rows)
        proxy.mode = "pass"
        assert until_done(lambda rows=rows: store.write(rows)) == Last(2 * batch + 1, 0, 2 * batch + 2)
    store.close()
    assert proxy.cuts == 10
    with psycopg.connect(database_url) as connection:
        stored = connection.execute("select id, journal_offset from outbox order by id").fetchall()
        snapshots = connection.execute("select count(*) from risk_snapshots").fetchone()
    assert stored == [(n + 1, n) for n in range(20)]
    assert snapshots == (10,)


@pytest.mark.parametrize("mode", ["lose the request", "lose the reply"])
def test_ticks_are_stored_once_when_commits_get_lost(proxy: Any, mode: str) -> None:
    store = ArchiveStore(proxy.url, "live")
    for batch in range(10):
        rows = [tick(2 * batch), tick(2 * batch + 1)]
        store.progress()
        proxy.mode = mode
        with pytest.raises(DatabaseUnavailableError):
            store.write(rows, [], [], 2 * batch + 1)
        proxy.mode = "pass"
        until_done(lambda rows=rows, offset=2 * batch + 1: store.write(rows, [], [], offset))
    assert store.progress() == Progress(19, None, 20, 0)
    store.close()
    assert proxy.cuts == 10


def test_a_lost_reply_leaves_the_progress_where_the_server_has_it(proxy: Any) -> None:
    store = ArchiveStore(proxy.url, "live")
    store.progress()
    proxy.mode = "lose the reply"
    with pytest.raises(DatabaseUnavailableError):
        store.write([tick(7)], [], [], 7, b"state")
    proxy.mode = "pass"
    assert until_done(store.progress) == Progress(7, b"state", 1, 0)
    store.close()


def test_a_frozen_server_delays_a_write_by_no_more_than_its_deadline(database_url: str, frozen: Freeze) -> None:
    store = OutboxStore(database_url, "live", timeout_s=DEADLINE_S)
    store.write([event(1)])
    with frozen("outbox live"):
        with pytest.raises(DatabaseUnavailableError, match=r"no answer within 0\.3 s"):
            store.write([event(2)])
        with pytest.raises(
            DatabaseUnavailableError, match=r"the server has not ended our former session yet|no answer"
        ):
            store.write([event(2)])
    assert until_done(lambda: store.write([event(2), event(3)])) == Last(3, 0, 3)
    store.close()


def test_a_frozen_server_delays_the_archive_by_no_more_than_its_deadline(database_url: str, frozen: Freeze) -> None:
    store = ArchiveStore(database_url, "live", timeout_s=DEADLINE_S)
    store.progress()
    with frozen("archive live"), pytest.raises(DatabaseUnavailableError):
        store.write([tick(n) for n in range(20_000)], [], [], 20_000)
    until_done(lambda: store.write([tick(1)], [], [], 1))
    store.close()


@pytest.mark.anyio
async def test_a_frozen_server_delays_a_read_by_no_more_than_its_deadline(database_url: str, frozen: Freeze) -> None:
    async with Reads(database_url, connections=1, timeout_s=DEADLINE_S) as reads:
        await reads.ping()
        with frozen("api"), pytest.raises(DatabaseUnavailableError, match=r"no answer within 0\.3 s"):
            await reads.ping()
        await reads.ping()


@pytest.mark.anyio
async def test_a_reader_does_not_notice_that_its_connections_were_killed(
    database_url: str, backends: Callable[[str], list[int]]
) -> None:
    async with Reads(database_url, connections=3) as reads:
        await asyncio.gather(*(reads.ping() for _ in range(3)))
        with psycopg.connect(database_url, autocommit=True) as connection:
            for pid in backends("api"):
                connection.execute("select pg_terminate_backend(%s, 5000)", [pid])
        await asyncio.gather(*(reads.ping() for _ in range(3)))


def test_a_killed_backend_costs_one_repetition(database_url: str, backends: Callable[[str], list[int]]) -> None:
    store = OutboxStore(database_url, "live")
    for offset in range(5):
        store.last()
        (pid,) = backends("outbox live")
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute("select pg_terminate_backend(%s, 5000)", [pid])
        with pytest.raises(DatabaseUnavailableError):
            store.write([event(offset)])
        assert until_done(lambda offset=offset: store.write([event(offset)])) == Last(offset, 0, offset + 1)
    store.close()


def test_a_writer_waits_for_a_lock_no_longer_than_its_deadline(database_url: str) -> None:
    store = ArchiveStore(database_url, "live", timeout_s=DEADLINE_S)
    store.progress()
    with psycopg.connect(database_url) as other:
        other.execute("lock table ticks in access exclusive mode")
        with pytest.raises(DatabaseUnavailableError):
            store.write([tick(1)], [], [], 1)
    assert until_done(lambda: store.write([tick(1)], [], [], 1)).ticks == 1
    store.close()


def test_a_writer_that_is_the_victim_of_a_deadlock_repeats_and_loses_nothing(database_url: str) -> None:
    store = OutboxStore(database_url, "live")
    held = [PositionRow("main", "A", 1.0, None, 1.0, "USD", None, 1)]
    store.last()
    outcome: list[object] = []

    def write() -> None:
        try:
            outcome.append(store.write([event(1)], held))
        except DatabaseUnavailableError as error:
            outcome.append(error)

    with psycopg.connect(database_url) as other:
        # The one that looks for the deadlock first is its victim.
        other.execute("set deadlock_timeout = '60s'")
        other.execute("lock table positions in exclusive mode")
        writing = Thread(target=write)
        writing.start()
        waits = "select count(*) from pg_locks where not granted and relation = 'positions'::regclass"
        with psycopg.connect(database_url, autocommit=True) as watch:
            while watch.execute(waits).fetchone() == (0,):
                assert not outcome
        other.execute(
            "insert into outbox (run, id, kind, portfolio, journal_offset, ordinal, event_time, event_ns, payload)"
            " values ('live', 1, 'alert', 'main', 1, 0, now(), 0, '{}')"
        )
        other.rollback()
    writing.join(PATIENCE_S)
    (error,) = outcome
    assert "deadlock" in str(error)
    assert until_done(lambda: store.write([event(1)], held)) == Last(1, 0, 1)
    store.close()


@pytest.mark.anyio
async def test_a_reader_without_a_free_connection_is_told_so_and_gets_one_when_it_is_free(database_url: str) -> None:
    async with Reads(database_url, connections=1, timeout_s=DEADLINE_S) as reads:
        await reads.ping()
        async with reads._pool.connection():
            began = time.monotonic()
            with pytest.raises(DatabaseUnavailableError, match=r"no connection within 0\.3 s"):
                await reads.ping()
            assert time.monotonic() - began < 10 * DEADLINE_S
        await reads.ping()


def test_a_writer_that_finds_no_room_on_the_server_is_told_what_to_do_and_gets_on_later(
    postgres_url: str, database_url: str
) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        name = conninfo_to_dict(database_url)["dbname"]
        connection.execute(f"create role crowded{name} login password 'p' superuser connection limit 0")
        try:
            url = make_conninfo(database_url, user=f"crowded{name}", password="p")
            connection.execute(f"alter role crowded{name} nosuperuser")
            store = OutboxStore(url, "live")
            with pytest.raises(DatabaseUnavailableError, match="too many connections"):
                store.last()
            connection.execute(f"alter role crowded{name} superuser")
            assert store.write([event(1)]) == Last(1, 0, 1)
            store.close()
        finally:
            connection.execute(f"drop role crowded{name}")
