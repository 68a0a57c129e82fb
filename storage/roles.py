"""The right of the API: to read all, and to write what it asks of the engine, never a tick or a figure.

``tailwatch db migrate`` makes the role ``tailwatch_api`` where it may. Sessions of the API put it on for themselves, so
that it holds whoever they connect as; who wants the API to have no other right connects it as a user of its own.
"""

import psycopg
import structlog

from storage.connection import Connection

API = "tailwatch_api"
_WRITABLE = {
    "commands": "insert, delete",
    "jobs": "insert, update, delete",
    "scenarios": "insert, update, delete",
    "tokens": "insert, delete",
    "received": "insert",
}
"""What the API itself writes, and how."""
_logger = structlog.get_logger(__name__)

PUT_ON = f"""
select set_config('role', rolname, false) from pg_roles
where rolname = '{API}' and pg_has_role(oid, 'member')
    and has_table_privilege(oid, to_regclass('commands'), 'insert')
"""  # noqa: S608 # a name of ours
"""Makes a session one of the API's, where the role is there and has its rights in this database."""


def grant_api(connection: Connection) -> bool:
    """Give the role its rights on every table that there is now; False where we may not make it."""
    if not _is_there(connection) and not _make(connection):
        _logger.info("the API keeps all rights of its user: this one may not make roles", role=API)
        return False
    with connection.transaction():
        connection.execute(f"grant usage on schema public to {API}")
        connection.execute(f"grant select on all tables in schema public to {API}")
        for table, rights in _WRITABLE.items():
            connection.execute(f"grant {rights} on {table} to {API}")
    return True


def _make(connection: Connection) -> bool:
    try:
        with connection.transaction():
            connection.execute(f"create role {API} nologin")
            connection.execute(f"grant {API} to current_user")
    except psycopg.errors.InsufficientPrivilege:
        return False
    except (psycopg.errors.UniqueViolation, psycopg.errors.DuplicateObject):
        # Roles are the server's: another database of it was migrated at the same time.
        return _is_there(connection)
    return True


def _is_there(connection: Connection) -> bool:
    return connection.execute("select from pg_roles where rolname = %s", [API]).rowcount == 1
