"""A connection to the database that cannot hang its user.

A server that is frozen keeps its sockets alive, and no timeout of server, driver or kernel ends a call to it.
So every call here has a deadline of ours, after which the socket is cut from outside.
"""

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any, Self

import psycopg

from storage.errors import DatabaseUnavailableError, describe, translated

CALL_TIMEOUT_S = 5.0
_KEEPALIVE = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}

Connection = psycopg.Connection[tuple[Any, ...]]


def connect(url: str, name: str, timeout_s: float = CALL_TIMEOUT_S) -> Connection:
    """Connect in autocommit mode, sessions in UTC, named `name` in the server's list of sessions.

    Raises
    ------
    DatabaseUnavailableError, DatabaseRefusedError
        In one line that names the database.
    """
    try:
        connection = psycopg.connect(url, **session_parameters(name, timeout_s))
        with deadline(connection, timeout_s):
            connection.execute(session_settings(timeout_s))
    except psycopg.Error as error:
        raise translated(error, url) from error
    return connection


def session_parameters(name: str, timeout_s: float) -> dict[str, Any]:
    """Return the parameters that every connection of ours is made with."""
    return {
        "autocommit": True,
        "application_name": f"tailwatch {name}",
        "connect_timeout": max(2, round(timeout_s)),
        **_KEEPALIVE,
    }


def session_settings(timeout_s: float) -> str:
    """Return the statement that every session of ours begins with.

    The server's own limit frees the locks of a call that we have given up.
    """
    limit_ms = round(timeout_s * 1000)
    return f"set timezone = 'UTC'; set statement_timeout = {limit_ms}; set client_min_messages = warning"


def cut(connection: psycopg.Connection[Any] | psycopg.AsyncConnection[Any]) -> None:
    """Shut the connection's socket down from outside: whoever waits on it gets an error at once."""
    with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(connection.fileno())) as wire:
        wire.shutdown(socket.SHUT_RDWR)


@contextmanager
def deadline(connection: Connection, timeout_s: float) -> Iterator[None]:
    """Cut the connection when the block takes longer than `timeout_s`. Costs about 0.1 ms."""
    expired = threading.Event()

    def expire() -> None:
        expired.set()
        cut(connection)

    timer = threading.Timer(timeout_s, expire)
    timer.daemon = True
    timer.start()
    try:
        yield
    except psycopg.Error as error:
        if expired.is_set():
            raise psycopg.OperationalError(f"no answer within {timeout_s:g} s") from error
        raise
    finally:
        timer.cancel()


class Session:
    """The connection of one writer: made when it is first needed, and again after it was lost.

    Parameters
    ----------
    url, name : str
        The database, and the name to show in its list of sessions.
    prepare : callable, optional
        Is called with each new connection, inside the deadline, before anything else.
    timeout_s : float
        How long one transaction may take, from its begin to the answer to its commit.
    """

    def __init__(
        self,
        url: str,
        name: str,
        prepare: Callable[[Connection], None] | None = None,
        timeout_s: float = CALL_TIMEOUT_S,
    ) -> None:
        self.url = url
        self._name = name
        self._prepare = prepare
        self._timeout_s = timeout_s
        self._connection: Connection | None = None

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Give a connection inside a transaction that commits at the end of the block.

        Raises
        ------
        DatabaseUnavailableError
            Nothing, or everything, was stored: the answer to a commit can be lost. Make the same call again.
        """
        connection = self._connection or self._open()
        try:
            with deadline(connection, self._timeout_s), connection.transaction():
                yield connection
        except psycopg.Error as error:
            if connection.broken or isinstance(error, psycopg.OperationalError):
                self.close()
            raise translated(error, self.url) from error

    def heard(self, timeout_s: float) -> bool:
        """Wait so long for a notification of a channel that ``prepare`` listens to; False without a connection, too.

        One that came since the last call, during a transaction, is heard at once.
        """
        connection = self._connection
        if connection is None:
            return False
        try:
            return any(True for _ in connection.notifies(timeout=timeout_s, stop_after=1))
        except psycopg.Error as error:
            self.close()
            raise translated(error, self.url) from error

    def close(self) -> None:
        """Close the connection. The next call makes a new one."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _open(self) -> Connection:
        connection = connect(self.url, self._name, self._timeout_s)
        try:
            if self._prepare is not None:
                with deadline(connection, self._timeout_s):
                    self._prepare(connection)
        except psycopg.Error as error:
            connection.close()
            raise translated(error, self.url) from error
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        return connection


def hold(connection: Connection, key: str) -> bool:
    """Take the advisory lock `key` for the life of the connection; False where another session has it."""
    row = connection.execute("select pg_try_advisory_lock(hashtextextended(%s, 0))", [key]).fetchone()
    return row is not None and bool(row[0])


def unavailable(url: str, what: str) -> DatabaseUnavailableError:
    return DatabaseUnavailableError(f"database {describe(url)}: {what}")
