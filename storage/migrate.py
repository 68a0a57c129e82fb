"""Forward-only migrations: SQL files, each applied with its mark in one transaction.

A file is ``NNNN_name.sql``, or one each of ``NNNN_name.postgresql.sql`` and ``NNNN_name.timescaledb.sql``
where the two differ. A killed migration leaves the schema as it was before or after a file, so it is
repeated by running it again.
"""

import re
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

import psycopg
import structlog

from storage.connection import Connection, connect, unavailable
from storage.errors import SchemaMismatchError, describe, translated
from storage.flavour import Flavour, decide
from storage.roles import grant_api

_DIRECTORY = Path(__file__).parent / "migrations"
_FILE_NAME = re.compile(r"(?P<version>\d{4})_(?P<name>\w+)(\.(?P<flavour>postgresql|timescaledb))?\.sql")
_LOCK = 0x7461696C  # "tail"
_LOCK_TIMEOUT_S = 30
_MIGRATION_TIMEOUT_S = 600.0
APPLIED = "select coalesce(max(version), 0) from schema_migrations"
_logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Migration:
    version: int
    name: str
    sql: str


@dataclass(frozen=True, slots=True)
class SchemaStatus:
    """Where a database's schema stands: `applied` is 0 and `flavour` None where there is none yet."""

    applied: int
    known: int
    flavour: Flavour | None

    @property
    def pending(self) -> int:
        return max(0, self.known - self.applied)


def migrations(flavour: Flavour, directory: Path = _DIRECTORY) -> list[Migration]:
    """Return the migrations of a flavour in their order."""
    found = []
    for path in sorted(directory.glob("*.sql")):
        match = _FILE_NAME.fullmatch(path.name)
        if match is None:
            raise SchemaMismatchError(f"{path} is not named like a migration: NNNN_name.sql")
        if match["flavour"] in (None, flavour):
            found.append(Migration(int(match["version"]), match["name"], path.read_text()))
    for one, other in pairwise(found):
        if one.version == other.version:
            raise SchemaMismatchError(f"two migrations are number {one.version}: {one.name} and {other.name}")
    return found


def migrate(url: str, directory: Path = _DIRECTORY) -> SchemaStatus:
    """Bring a database to the newest schema. It may be repeated, interrupted, and run by several at once.

    Raises
    ------
    SchemaMismatchError
        The schema is newer than this program.
    DatabaseUnavailableError, DatabaseRefusedError
    """
    with connect(url, "migrate", _MIGRATION_TIMEOUT_S) as connection:
        try:
            _wait_for_lock(connection, url)
            flavour = _prepare(connection)
            before = _status(connection, directory)
            _refuse_newer(before, url)
            for migration in migrations(flavour, directory):
                if migration.version > before.applied:
                    _apply(connection, migration, flavour)
            grant_api(connection)
            return _status(connection, directory)
        except psycopg.Error as error:
            raise translated(error, url) from error


def schema_status(url: str, directory: Path = _DIRECTORY) -> SchemaStatus:
    """Return where the schema stands, changing nothing."""
    with connect(url, "status") as connection:
        try:
            return _status(connection, directory)
        except psycopg.Error as error:
            raise translated(error, url) from error


def check_schema(url: str) -> SchemaStatus:
    """Return the schema's status where it is the one of this program.

    Raises
    ------
    SchemaMismatchError
        It is older (migrate it) or newer (update the program).
    """
    status = schema_status(url)
    refuse_other_schema(status.applied, url)
    return status


def refuse_other_schema(applied: int, url: str) -> None:
    """Raise :class:`SchemaMismatchError` where the schema's version is not the one of this program."""
    status = SchemaStatus(applied, _newest(), None)
    _refuse_newer(status, url)
    if status.pending:
        raise SchemaMismatchError(
            f"database {describe(url)} has schema version {status.applied}, this program needs"
            f" {status.known}: run `tailwatch db migrate`"
        )


@cache
def _newest() -> int:
    return migrations(Flavour.POSTGRESQL)[-1].version


def refuse_newer_schema(connection: Connection, url: str) -> None:
    """Raise :class:`SchemaMismatchError` where a connection finds a schema that this program does not know."""
    _refuse_newer(_status(connection, _DIRECTORY), url)


def _refuse_newer(status: SchemaStatus, url: str) -> None:
    if status.applied > status.known:
        raise SchemaMismatchError(
            f"database {describe(url)} has schema version {status.applied}, this program knows up to"
            f" {status.known}: update tailwatch"
        )


def _wait_for_lock(connection: Connection, url: str) -> None:
    connection.execute(f"set lock_timeout = '{_LOCK_TIMEOUT_S}s'")
    try:
        connection.execute("select pg_advisory_lock(%s)", [_LOCK])
    except psycopg.errors.LockNotAvailable as error:
        raise unavailable(url, f"another migration is running for more than {_LOCK_TIMEOUT_S} s") from error


def _prepare(connection: Connection) -> Flavour:
    connection.execute(
        "create table if not exists schema_migrations (version integer primary key, name text not null,"
        " flavour text not null, applied_at timestamptz not null default clock_timestamp())"
    )
    return flavour_of(connection) or decide(connection)


def flavour_of(connection: Connection) -> Flavour | None:
    """Return what the database is, None before its first migration."""
    row = connection.execute("select flavour from schema_migrations order by version limit 1").fetchone()
    return None if row is None else Flavour(row[0])


def _status(connection: Connection, directory: Path) -> SchemaStatus:
    known = migrations(Flavour.POSTGRESQL, directory)[-1].version
    if connection.execute("select to_regclass('schema_migrations')").fetchone() == (None,):
        return SchemaStatus(0, known, None)
    row = connection.execute(APPLIED).fetchone()
    return SchemaStatus(row[0] if row else 0, known, flavour_of(connection))


def _apply(connection: Connection, migration: Migration, flavour: Flavour) -> None:
    with connection.transaction():
        connection.execute(migration.sql.encode())
        connection.execute(
            "insert into schema_migrations (version, name, flavour) values (%s, %s, %s)",
            [migration.version, migration.name, flavour],
        )
    _logger.info("schema.migrated", version=migration.version, name=migration.name, flavour=str(flavour))
