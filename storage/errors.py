"""What can go wrong with a database, in the words of a user.

::

    TailwatchError
    ├── EmbeddedServerError           the embedded PostgreSQL cannot be started or stopped
    └── DatabaseError                 every failure of a call to the database
        ├── DatabaseUnavailableError  not now: try the same call again, every write may be repeated
        │   └── WriterConflictError   another program writes this run
        ├── WriterReplacedError       another program has taken over to write this run: end
        ├── DatabaseRefusedError      never as configured: password, database name, rights
        └── SchemaMismatchError       the tables are older or newer than this program
"""

import re

import psycopg
from psycopg import conninfo

from riskcore.errors import TailwatchError


class EmbeddedServerError(TailwatchError):
    """The embedded PostgreSQL cannot be started or stopped."""


class DatabaseError(TailwatchError):
    """A call to the database failed."""


class DatabaseUnavailableError(DatabaseError):
    """The database does not answer now. The same call may be made again: no write counts twice."""


class WriterConflictError(DatabaseUnavailableError):
    """Another program holds the right to write this run."""


class WriterReplacedError(DatabaseError):
    """Another program has taken over to write this run. Nothing of ours may be stored any more."""


class DatabaseRefusedError(DatabaseError):
    """The database refuses us as we are configured: to try again does not help."""


class SchemaMismatchError(DatabaseError):
    """The schema of the database is not the one that this program was made for."""


# Classes of SQLSTATE that pass by themselves: connection lost, transaction rolled back (deadlock), out of
# resources (disk full, too many connections), lock not available, server shutting down or starting.
_PASSING = ("08", "40", "53", "55P03", "57")
_REFUSED = ("28", "3D", "42501")
_NO_SUCH_TABLE = ("42P01", "42703", "42883")
_PREAMBLE = re.compile(r"""^.*(connection failed: |port \d+ failed: |" failed: |host: '[^']*': )+(FATAL:\s*)?""")


def describe(url: str) -> str:
    """Name a database as ``host:port/name``: what may stand in a message and in a log, never the password."""
    try:
        parts = conninfo.conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        return "of DATABASE_URL"
    host, port = parts.get("host") or "localhost", parts.get("port") or 5432
    return f"{host}:{port}/{parts.get('dbname') or parts.get('user') or ''}"


def _is_address(url: str) -> bool:
    try:
        port = conninfo.conninfo_to_dict(url).get("port") or "0"
    except psycopg.ProgrammingError:
        return False
    return str(port).isdigit()


def translated(error: psycopg.Error, url: str) -> DatabaseError:
    """Turn an error of the driver into one line that names the database and says what to do."""
    state = error.sqlstate or ""
    if not state and isinstance(error, psycopg.ProgrammingError) and not _is_address(url):
        return DatabaseRefusedError(f"this is no address of a database: {_ADVICE['invalid port']}")
    text = _one_line(error)
    message = f"database {describe(url)}: {text}"
    if state in _NO_SUCH_TABLE:
        return SchemaMismatchError(f"{message}: run `tailwatch db migrate`")
    if state.startswith(_REFUSED) or (not state and any(words in text for words in _REFUSALS)):
        return DatabaseRefusedError(f"{message}: {_advice(text)}")
    if state.startswith(_PASSING) or (not state and isinstance(error, psycopg.OperationalError)):
        return DatabaseUnavailableError(f"{message}: {_advice(text)}")
    return DatabaseError(message)


_ADVICE = {
    "password": "check user and password in DATABASE_URL",
    "no pg_hba.conf entry": "the server does not let this user in from here: check its pg_hba.conf",
    "permission denied": "grant the right to the user of DATABASE_URL",
    "does not exist": "create it, or name another one in DATABASE_URL",
    "invalid port": "write DATABASE_URL as postgresql://user:password@host:port/name",
    "refused": "start the database, or check host and port in DATABASE_URL",
    "No such file": "start the database, or check the host in DATABASE_URL",
    "resolve": "check host and port in DATABASE_URL",
    "too many": "raise max_connections of the server or close other programs",
}
_REFUSALS = ("password", "no pg_hba.conf entry", "invalid port", "does not exist")


def _advice(text: str) -> str:
    return next((advice for words, advice in _ADVICE.items() if words in text), "is the server well?")


def _one_line(error: psycopg.Error) -> str:
    lines = [line.strip(" -\t") for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    # Where a host has several addresses the first line only says that all attempts failed.
    chosen = lines[1] if len(lines) > 1 and "Multiple connection attempts" in lines[0] else lines[0]
    return _PREAMBLE.sub("", chosen).rstrip(".:")
