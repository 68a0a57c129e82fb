"""A database that cannot be used is named in one line, never with its password, with what to do about it."""

import socket

import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from storage.connection import connect
from storage.errors import DatabaseRefusedError, DatabaseUnavailableError, SchemaMismatchError, describe
from storage.migrate import migrate
from storage.reads import Reads
from storage.runs import RunStore


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def changed(url: str, **parts: object) -> str:
    return make_conninfo(**conninfo_to_dict(url) | parts)


def test_nobody_at_the_port(closed_port: int) -> None:
    url = f"postgresql://me:secret@127.0.0.1:{closed_port}/risk"
    with pytest.raises(DatabaseUnavailableError) as caught:
        migrate(url)
    message = str(caught.value)
    assert f"database 127.0.0.1:{closed_port}/risk: " in message
    assert "start the database, or check host and port in DATABASE_URL" in message
    assert "secret" not in message
    assert "\n" not in message


def test_a_host_with_two_addresses_is_still_one_line(closed_port: int) -> None:
    with pytest.raises(DatabaseUnavailableError) as caught:
        connect(f"postgresql://localhost:{closed_port}/risk", "test")
    assert "\n" not in str(caught.value)
    assert "refused" in str(caught.value)


def test_a_wrong_password_is_refused_for_good(database_url: str) -> None:
    if not conninfo_to_dict(database_url).get("password"):
        pytest.skip("the server asks for no password")
    with pytest.raises(DatabaseRefusedError, match="check user and password") as caught:
        connect(changed(database_url, password="open sesame"), "test")
    assert "sesame" not in str(caught.value)


def test_a_missing_database_is_named(database_url: str) -> None:
    with pytest.raises(DatabaseRefusedError, match=r"/nowhere: .*does not exist.*: create it, or name another"):
        connect(changed(database_url, dbname="nowhere"), "test")


def test_an_unknown_host_is_named() -> None:
    with pytest.raises(DatabaseUnavailableError, match=r"check host and port in DATABASE_URL"):
        connect("postgresql://nobody.invalid/risk", "test", timeout_s=2)


@pytest.mark.parametrize("url", ["gibberish", "postgresql://[::1/x", "postgres//me:secret@h/x", "postgresql://%zz@h/x"])
def test_a_url_that_is_none_is_refused_for_good(url: str) -> None:
    with pytest.raises(DatabaseRefusedError, match="write DATABASE_URL as postgresql://") as caught:
        connect(url, "test")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("postgresql://me:secret@db.example:6000/risk", "db.example:6000/risk"),
        ("postgresql://me@/risk?host=/run/postgresql", "/run/postgresql:5432/risk"),
        ("host=db user=me", "db:5432/me"),
    ],
)
def test_a_database_is_described_without_its_password(url: str, name: str) -> None:
    assert describe(url) == name


def test_a_database_without_our_tables_is_told_to_be_migrated(empty_database_url: str) -> None:
    store = RunStore(empty_database_url)
    with pytest.raises(SchemaMismatchError, match="run `tailwatch db migrate`"):
        store.newest()
    store.close()


@pytest.mark.anyio
async def test_a_read_without_a_database_fails_in_time_and_says_so(closed_port: int) -> None:
    async with Reads(f"postgresql://127.0.0.1:{closed_port}/risk", timeout_s=0.3) as reads:
        with pytest.raises(DatabaseUnavailableError, match=f"127.0.0.1:{closed_port}/risk: no connection within"):
            await reads.newest_run()


@pytest.mark.anyio
async def test_an_exhausted_pool_is_a_bounded_wait(database_url: str) -> None:
    async with Reads(database_url, connections=1, timeout_s=0.3) as reads:
        async with reads._pool.connection():
            with pytest.raises(DatabaseUnavailableError, match="no connection within"):
                await reads.ping()
        await reads.ping()
