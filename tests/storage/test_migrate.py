"""A schema is old or new, never between, and a program meets no schema that it does not know."""

import shutil
import signal
import subprocess
import sys
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest

from storage import migrate as module
from storage.errors import SchemaMismatchError
from storage.flavour import Flavour
from storage.migrate import check_schema, migrate, migrations, schema_status

KNOWN = migrations(Flavour.POSTGRESQL)[-1].version


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A copy of the migrations that may be changed."""
    copy = tmp_path / "migrations"
    shutil.copytree(Path(module.__file__).parent / "migrations", copy)
    return copy


def tables(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        rows = connection.execute("select tablename from pg_tables where schemaname = 'public'").fetchall()
    return {name for (name,) in rows}


def test_both_flavours_have_the_same_versions_one_after_the_other() -> None:
    versions = [migration.version for migration in migrations(Flavour.POSTGRESQL)]
    assert versions == [migration.version for migration in migrations(Flavour.TIMESCALEDB)]
    assert versions == list(range(1, len(versions) + 1))


def test_an_empty_database_is_told_what_to_do(empty_database_url: str) -> None:
    assert schema_status(empty_database_url).pending == KNOWN
    with pytest.raises(SchemaMismatchError, match=r"schema version 0, .* needs \d+: run `tailwatch db migrate`"):
        check_schema(empty_database_url)


def test_a_migrated_database_is_accepted_and_migrating_again_changes_nothing(empty_database_url: str) -> None:
    first = migrate(empty_database_url)
    assert (first.applied, first.pending) == (KNOWN, 0)
    assert migrate(empty_database_url) == first == check_schema(empty_database_url)


def test_a_newer_schema_is_refused_by_an_older_program(database_url: str, directory: Path) -> None:
    (directory / f"{KNOWN + 1:04}_future.sql").write_text("create table future (x int);")
    migrate(database_url, directory)
    with pytest.raises(SchemaMismatchError, match="update tailwatch"):
        migrate(database_url)
    with pytest.raises(SchemaMismatchError, match="update tailwatch"):
        check_schema(database_url)


def test_a_migration_that_fails_leaves_nothing_behind(database_url: str, directory: Path) -> None:
    broken = directory / f"{KNOWN + 1:04}_broken.sql"
    broken.write_text("create table half (x int); select 1 / 0;")
    with pytest.raises(Exception, match="division by zero"):
        migrate(database_url, directory)
    assert "half" not in tables(database_url)
    broken.write_text("create table half (x int);")
    assert migrate(database_url, directory).applied == KNOWN + 1
    assert "half" in tables(database_url)


KILL_BEFORE = """
import os, signal, psycopg
from storage.flavour import Flavour
from storage.migrate import migrate, migrations
def statements(index):
    return {{migrations(flavour)[index].sql.encode() for flavour in Flavour}}
execute = psycopg.Connection.execute
def killing(connection, query, *parameters):
    if {condition}:
        os.kill(os.getpid(), signal.SIGKILL)
    return execute(connection, query, *parameters)
psycopg.Connection.execute = killing
migrate({url!r})
"""


@pytest.mark.parametrize("version", range(1, KNOWN + 1))
@pytest.mark.parametrize(
    "condition",
    [
        "isinstance(query, bytes) and query in statements({index})",
        "'insert into schema_migrations' in str(query) and parameters[0][0] == {index} + 1",
    ],
    ids=["before its statements", "between its statements and its mark"],
)
def test_a_migration_killed_anywhere_is_finished_by_the_next(
    empty_database_url: str, condition: str, version: int
) -> None:
    script = KILL_BEFORE.format(url=empty_database_url, condition=condition.format(index=version - 1))
    assert subprocess.run([sys.executable, "-c", script], check=False, timeout=60).returncode == -signal.SIGKILL
    assert schema_status(empty_database_url).applied == version - 1
    assert migrate(empty_database_url).pending == 0


def test_a_migration_killed_inside_a_step_leaves_the_step_undone(database_url: str, directory: Path) -> None:
    (directory / f"{KNOWN + 1:04}_slow.sql").write_text("create table slow (x int); select pg_sleep(60);")
    script = f"import pathlib, storage.migrate as m; m.migrate({database_url!r}, pathlib.Path({str(directory)!r}))"
    migration = subprocess.Popen([sys.executable, "-c", script])
    with psycopg.connect(database_url, autocommit=True) as connection:
        asleep = "select pid from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()"
        while not (rows := connection.execute(asleep).fetchall()):
            assert migration.poll() is None
        migration.kill()
        migration.wait()
        connection.execute("select pg_terminate_backend(%s, 10000)", [rows[0][0]])
    assert schema_status(database_url).applied == KNOWN
    assert "slow" not in tables(database_url)


def test_several_at_once_migrate_once(empty_database_url: str) -> None:
    results: list[int] = []
    threads = [Thread(target=lambda: results.append(migrate(empty_database_url).applied)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [KNOWN] * 4


def test_the_flavour_is_what_the_server_offers(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        offered = connection.execute("select current_setting('timescaledb.license', true)").fetchone()
    expected = Flavour.TIMESCALEDB if offered == ("timescale",) else Flavour.POSTGRESQL
    assert schema_status(database_url).flavour == expected


def test_an_ordinary_role_can_migrate_a_database_of_its_own(postgres_url: str) -> None:
    name = f"plain_{uuid4().hex[:8]}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"create role {name} login password 'p'")
        connection.execute(f"create database {name} owner {name}")
    place = urlsplit(postgres_url)
    url = place._replace(netloc=f"{name}:p@{place.hostname}:{place.port}", path=f"/{name}").geturl()
    try:
        assert migrate(url).applied == KNOWN
        assert schema_status(url).flavour == Flavour.POSTGRESQL
    finally:
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            connection.execute(f"drop database {name} with (force)")
            connection.execute(f"drop role {name}")


def test_timescale_keeps_series_in_hypertables_and_bars_in_a_continuous_aggregate(database_url: str) -> None:
    if schema_status(database_url).flavour != Flavour.TIMESCALEDB:
        pytest.skip("the server has no TimescaleDB")
    with psycopg.connect(database_url) as connection:
        tables = connection.execute(
            "select hypertable_name from timescaledb_information.hypertables where hypertable_schema = 'public'"
        ).fetchall()
        views = connection.execute("select view_name from timescaledb_information.continuous_aggregates").fetchall()
    assert sorted(tables) == [("risk_snapshots",), ("ticks",)]
    assert views == [("bars",)]


def test_a_misnamed_file_is_named(empty_database_url: str, directory: Path) -> None:
    (directory / "oops.sql").write_text("")
    with pytest.raises(SchemaMismatchError, match=r"oops\.sql is not named like a migration"):
        migrate(empty_database_url, directory)
