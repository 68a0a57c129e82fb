"""The one place that decides whether a database is TimescaleDB or plain PostgreSQL.

It is decided when the first migration runs and stays with the database, in ``schema_migrations``. Nobody else
asks: both have the same tables, columns and answers.
"""

from enum import StrEnum

import psycopg

from storage.connection import Connection


class Flavour(StrEnum):
    POSTGRESQL = "postgresql"
    TIMESCALEDB = "timescaledb"


def decide(connection: Connection) -> Flavour:
    """Use TimescaleDB where the server has it, preloaded and in the edition with continuous aggregates."""
    if not _offered(connection):
        return Flavour.POSTGRESQL
    try:
        with connection.transaction():
            connection.execute("create extension if not exists timescaledb")
    except psycopg.errors.InsufficientPrivilege:
        return Flavour.POSTGRESQL
    edition = connection.execute("select current_setting('timescaledb.license', true)").fetchone()
    return Flavour.TIMESCALEDB if edition == ("timescale",) else Flavour.POSTGRESQL


def _offered(connection: Connection) -> bool:
    # To create the extension where the library is not preloaded ends the session, and who may not see what is
    # preloaded may not create it.
    row = connection.execute(
        "select pg_has_role('pg_read_all_settings', 'usage')"
        " and exists (select from pg_available_extensions where name = 'timescaledb')"
    ).fetchone()
    if row != (True,):
        return _is_there(connection)
    loaded = connection.execute("select current_setting('shared_preload_libraries') ~ '\\mtimescaledb\\M'").fetchone()
    return loaded == (True,)


def _is_there(connection: Connection) -> bool:
    """Whether somebody with the right to it has created the extension in this database."""
    row = connection.execute("select exists (select from pg_extension where extname = 'timescaledb')").fetchone()
    return row == (True,)
