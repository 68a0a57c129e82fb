"""The API's way to the database: asynchronous, through a pool, each call with a deadline."""

import asyncio
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self

import psycopg
from psycopg.types.json import set_json_loads
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from storage.connection import CALL_TIMEOUT_S, cut, session_parameters, session_settings, unavailable
from storage.errors import translated
from storage.migrate import APPLIED, refuse_other_schema
from storage.roles import PUT_ON

_CHECK_S = 5.0
"""A schema may be changed while we are connected."""

Connection = psycopg.AsyncConnection[tuple[Any, ...]]


class Pool:
    """A pool of connections that heals by itself.

    Every call raises :class:`DatabaseUnavailableError` when there is no answer within `timeout_s`, a frozen server
    included, and :class:`SchemaMismatchError` while the schema is older or newer than this program.
    """

    def __init__(self, url: str, *, connections: int = 4, timeout_s: float = CALL_TIMEOUT_S) -> None:
        self._url = url
        self._timeout_s = timeout_s
        self._checked = -math.inf
        self._pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            url,
            connection_class=psycopg.AsyncConnection[tuple[Any, ...]],
            kwargs=session_parameters("api", timeout_s),
            min_size=1,
            max_size=connections,
            timeout=timeout_s,
            configure=self._configure,
            open=False,
            name="api",
        )

    async def open(self) -> None:
        """Start the pool. It does not wait for the database: calls fail clearly until it is there."""
        await self._pool.open(wait=False)

    async def close(self) -> None:
        await self._pool.close(timeout=1.0)

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _rows(self, query: str, parameters: Any = None) -> list[tuple[Any, ...]]:
        give_up = time.monotonic() + self._timeout_s
        while True:
            connection: Connection | None = None
            try:
                async with self._pool.connection() as connection, self._deadline(connection):
                    await self._check_schema(connection)
                    cursor = await connection.execute(query.encode(), parameters)
                    return await cursor.fetchall()
            except PoolTimeout as error:
                raise unavailable(
                    self._url, f"no connection within {self._timeout_s:g} s: is the server well?"
                ) from error
            except psycopg.Error as error:
                # After a restart of the server the pool still holds connections to the old one.
                if connection is None or not connection.broken or time.monotonic() >= give_up:
                    raise translated(error, self._url) from error

    async def _check_schema(self, connection: Connection) -> None:
        if time.monotonic() - self._checked >= _CHECK_S:
            row = await (await connection.execute(APPLIED)).fetchone()
            refuse_other_schema(row[0] if row else 0, self._url)
            self._checked = time.monotonic()

    @asynccontextmanager
    async def _deadline(self, connection: Connection) -> AsyncIterator[None]:
        expired = []

        def expire() -> None:
            expired.append(True)
            cut(connection)

        timer = asyncio.get_running_loop().call_later(self._timeout_s, expire)
        try:
            yield
        except psycopg.Error as error:
            if expired:
                raise psycopg.OperationalError(f"no answer within {self._timeout_s:g} s") from error
            raise
        finally:
            timer.cancel()

    async def _configure(self, connection: Connection) -> None:
        set_json_loads(_as_bytes, connection)
        async with self._deadline(connection):
            await connection.execute(session_settings(self._timeout_s).encode())
            await connection.execute(PUT_ON.encode())


def _as_bytes(stored: str | bytes) -> bytes:
    return stored.encode() if isinstance(stored, str) else stored
