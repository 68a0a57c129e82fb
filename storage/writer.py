"""The right to write a run: one program at a time has it, and one that was replaced never writes again.

Two fences, because each alone has a hole. An advisory lock, held by the session that writes, refuses a second program
as long as the first is connected. An epoch, raised by each program that takes the right and confirmed in each of its
transactions, refuses the first when it was frozen, lost its session, and comes back behind a second.
"""

from typing import Any, Literal

import psycopg

from storage.connection import Connection, hold, unavailable
from storage.errors import WriterConflictError, WriterReplacedError, describe
from storage.migrate import refuse_newer_schema

SILENT_S = 10.0
"""Without a sign of life for so long a program may be replaced."""

_END_SILENT = """
select pg_terminate_backend(l.pid, 100) from pg_locks l
where l.locktype = 'advisory' and l.granted and l.objsubid = 1
    and l.database = (select oid from pg_database where datname = current_database())
    and ((l.classid::bigint << 32) | l.objid::bigint) = hashtextextended(%(key)s, 0)
    and (%(own)s or exists (
        select from parts join writers using (run, part) where part = %(part)s and run = %(run)s
            and greatest(beat, since) < clock_timestamp() - %(silent_s)s * interval '1 second'
    ))
"""
_RAISE = """
insert into writers as held (run, part, epoch) values (%s, %s, 1)
on conflict (run, part) do update set epoch = held.epoch + 1, since = excluded.since returning epoch
"""
_CONFIRM = "select from writers where run = %s and part = %s and epoch = %s for share"


def live_writer(connection: Connection) -> str | None:
    """Return the live run that an engine writes at present; None where none does, or there are no tables yet.

    Whoever writes holds the run's lock, and nobody else ever does for longer than this transaction.
    """
    known = connection.execute("select to_regclass('runs') is not null").fetchone()
    if known != (True,):
        return None
    for (run,) in connection.execute("select run from runs where kind = 'live' order by registered desc").fetchall():
        row = connection.execute(
            "select pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [_key("engine", run)]
        ).fetchone()
        if row == (False,):
            return str(run)
    return None


def _key(part: str, run: str) -> str:
    return f"tailwatch {part} {run}"


class Right:
    """What a store of ``part`` must hold to write ``run``.

    Parameters
    ----------
    part : str
        ``engine`` writes the outbox, ``archive`` the ticks; its sign of life is the one in ``parts``.
    """

    def __init__(self, url: str, run: str, part: Literal["engine", "archive"], silent_s: float = SILENT_S) -> None:
        self._url, self._run, self._part, self._silent_s = url, run, part, silent_s
        self._key = _key(part, run)
        self._epoch: int | None = None

    def take(self, connection: Connection) -> None:
        """Take the right for the life of this connection, or take it up again after the last one was lost.

        A program that has given no sign of life for ``silent_s`` is replaced.

        Raises
        ------
        WriterConflictError
            Another program has it, and is alive.
        WriterReplacedError
            Another program has taken it since; whoever hears this ends.
        SchemaMismatchError
            The schema is newer than this program.
        """
        refuse_newer_schema(connection, self._url)
        if self._epoch is not None:
            self.check(self.confirm(connection))
        if not hold(connection, self._key):
            self._end_silent_holder(connection)
            if not hold(connection, self._key):
                raise self._conflict()
        if self._epoch is None:
            row = connection.execute(_RAISE, [self._run, self._part]).fetchone()
            self._epoch = row[0] if row else None
        else:
            self.check(self.confirm(connection))

    def confirm(self, connection: Connection) -> "psycopg.Cursor[tuple[Any, ...]]":
        """Lock the epoch against being raised until the transaction ends; give the result to :meth:`check`."""
        return connection.execute(_CONFIRM, [self._run, self._part, self._epoch])

    def check(self, confirmed: "psycopg.Cursor[tuple[Any, ...]]") -> None:
        """Raise :class:`WriterReplacedError` where the right was lost; before the commit."""
        if confirmed.rowcount != 1:
            raise WriterReplacedError(
                f"database {describe(self._url)}: another program has taken over to write run {self._run}"
                f" as its {self._part}: this one ends"
            )

    def _end_silent_holder(self, connection: Connection) -> None:
        # Where the epoch is still ours, nobody but a session of ours that the server has not given up can hold it.
        named = {"key": self._key, "part": self._part, "run": self._run, "silent_s": self._silent_s}
        try:
            connection.execute(_END_SILENT, named | {"own": self._epoch is not None})
        except psycopg.errors.InsufficientPrivilege:
            return

    def _conflict(self) -> Exception:
        if self._epoch is not None:
            return unavailable(self._url, "the server has not ended our former session yet")
        return WriterConflictError(
            f"database {describe(self._url)}: another program is the {self._part} of run {self._run}:"
            " stop it, or wait until the server has noticed its end"
        )
