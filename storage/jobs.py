"""Heavy work: rows that the API writes and a worker takes under a lease, so that it survives whoever is killed."""

import time
from typing import NamedTuple
from uuid import uuid4

from storage.commands import ANSWERS, COMMANDS
from storage.connection import CALL_TIMEOUT_S, Connection, Session
from storage.errors import DatabaseUnavailableError
from storage.pool import Pool
from storage.rows import AnswerRow, PositionRow

JOBS = "jobs"
"""The channel on which everybody hears of a changed job; a payload is its id."""
KEPT = 50
"""Jobs that are remembered once they have ended."""
_COLUMNS = (
    "id, run, kind, portfolio, request::text, state, progress, nanoseconds(created), nanoseconds(started),"
    " nanoseconds(finished), attempts, reason"
)
_TELL = " select pg_notify(%(channel)s, id) from changed"
_ADD = f"""
with forgotten as (
    delete from jobs where number in (
        select number from jobs where state in ('done', 'failed', 'cancelled') order by number desc offset {KEPT}
    )
), changed as (
    insert into jobs (id, run, kind, portfolio, request)
    select %(id)s, %(run)s, %(kind)s, %(portfolio)s, %(request)s
    where (select count(*) from jobs where state in ('queued', 'running')) < %(most)s
    returning id
)
"""  # noqa: S608 # numbers of ours
_CANCEL = """
with changed as (
    update jobs set state = 'cancelled', finished = clock_timestamp(), leased_until = null
    where id = %(id)s and state in ('queued', 'running') returning id
)
"""
_CLAIM = f"""
with changed as (
    update jobs set state = 'running', worker = %(worker)s, attempts = attempts + 1, progress = 0,
        started = coalesce(started, clock_timestamp()),
        leased_until = clock_timestamp() + %(lease_s)s * interval '1 second'
    where number = (
        select number from jobs
        where state = 'queued' or (state = 'running' and leased_until < clock_timestamp())
        order by number limit 1 for update skip locked
    )
    returning *
)
select pg_notify(%(channel)s, id), {_COLUMNS} from changed
"""  # noqa: S608 # columns of ours
_MINE = " where id = %(id)s and worker = %(worker)s and state = 'running' returning id)"


class JobRow(NamedTuple):
    """A job and how far it is; `request` is JSON, moments are nanoseconds."""

    id: str
    run: str
    kind: str
    portfolio: str
    request: str
    state: str
    progress: float
    created: int
    started: int | None
    finished: int | None
    attempts: int
    reason: str | None


class Jobs(Pool):
    """The API's side: queues, cancels, reads."""

    async def add_job(self, identifier: str, run: str, kind: str, portfolio: str, request: bytes, most: int) -> bool:
        """Queue a job and forget old ones; False where `most` are open."""
        parameters = {"id": identifier, "run": run, "kind": kind, "portfolio": portfolio, "request": request.decode()}
        return bool(await self._rows(_ADD + _TELL, parameters | {"most": most, "channel": JOBS}))

    async def jobs(self) -> list[JobRow]:
        """Return the open jobs and those that ended lately, newest first."""
        rows = await self._rows(f"select {_COLUMNS} from jobs order by number desc limit {2 * KEPT}")  # noqa: S608
        return [JobRow(*row) for row in rows]

    async def job(self, identifier: str) -> tuple[JobRow, str | None] | None:
        """Return a job and its result (JSON)."""
        rows = await self._rows(f"select result::text, {_COLUMNS} from jobs where id = %s", [identifier])  # noqa: S608
        return (JobRow(*rows[0][1:]), rows[0][0]) if rows else None

    async def cancel_job(self, identifier: str) -> bool:
        """Cancel a job; False where it is not open."""
        return bool(await self._rows(_CANCEL + _TELL, {"id": identifier, "channel": JOBS}))


class JobStore:
    """A worker's side. Between two of its calls the job may be cancelled, or another's once the lease has run out."""

    def __init__(self, url: str, worker: str, lease_s: float, timeout_s: float = CALL_TIMEOUT_S) -> None:
        self._worker, self._lease_s = worker, lease_s
        self._session = Session(url, "jobs", _listen, timeout_s)

    def claim(self) -> JobRow | None:
        """Take the oldest job that nobody works on."""
        with self._session.transaction() as connection:
            parameters = {"worker": self._worker, "lease_s": self._lease_s, "channel": JOBS}
            row = connection.execute(_CLAIM, parameters).fetchone()
        return None if row is None else JobRow(*row[1:])

    def renew(self, identifier: str, progress: float) -> bool:
        """Say how far it is, and that it is still worked on; False where it is not ours any more."""
        change = "progress = %(progress)s, leased_until = clock_timestamp() + %(lease_s)s * interval '1 second'"
        return self._change(identifier, change, progress=progress, lease_s=self._lease_s)

    def finish(self, identifier: str, result: bytes) -> bool:
        """Store the result; False where the job is not ours any more."""
        change = "state = 'done', progress = 1, finished = clock_timestamp(), leased_until = null, result = %(result)s"
        return self._change(identifier, change, result=result.decode())

    def fail(self, identifier: str, reason: str) -> bool:
        """Give it up for this reason; False where the job is not ours any more."""
        change = "state = 'failed', finished = clock_timestamp(), leased_until = null, reason = %(reason)s"
        return self._change(identifier, change, reason=reason)

    def release(self, identifier: str) -> bool:
        """Give it back to the queue: this attempt does not count."""
        change = "state = 'queued', progress = 0, leased_until = null, attempts = attempts - 1"
        return self._change(identifier, change)

    def settings(self, run: str) -> bytes:
        """Return the settings (JSON) of a run."""
        with self._session.transaction() as connection:
            row = connection.execute("select settings::text from runs where run = %s", [run]).fetchone()
        return b"{}" if row is None else row[0].encode()

    def positions(self, run: str, portfolio: str) -> list[PositionRow]:
        """Return what a portfolio holds."""
        with self._session.transaction() as connection:
            rows = connection.execute(
                "select portfolio, symbol, quantity, average_price, multiplier, currency, desk, journal_offset"
                " from positions where run = %s and portfolio = %s order by symbol",
                [run, portfolio],
            ).fetchall()
        return [PositionRow(*row) for row in rows]

    def ask(self, run: str, payload: bytes, timeout_s: float) -> AnswerRow:
        """Ask the engine and wait for its answer.

        Raises
        ------
        DatabaseUnavailableError
            No answer within `timeout_s`.
        """
        identifier, give_up = uuid4().hex, time.monotonic() + timeout_s
        with self._session.transaction() as connection:
            connection.execute(
                "insert into commands (id, run, kind, payload) values (%s, %s, 'question', %s)",
                [identifier, run, payload.decode()],
            )
            connection.execute("select pg_notify(%s, %s)", [COMMANDS, run])
        while time.monotonic() < give_up:
            self._session.heard(0.2)
            with self._session.transaction() as connection:
                row = connection.execute(
                    "select status, answer::text from commands where id = %s and status is not null", [identifier]
                ).fetchone()
            if row is not None:
                return AnswerRow(identifier, row[0], row[1].encode())
        raise DatabaseUnavailableError(f"the engine did not answer within {timeout_s:g} s")

    def wait(self, timeout_s: float) -> None:
        """Return when a job was queued or changed, or after so long."""
        self._session.heard(timeout_s)

    def close(self) -> None:
        self._session.close()

    def _change(self, identifier: str, change: str, **parameters: object) -> bool:
        statement = f"with changed as (update jobs set {change}{_MINE}{_TELL}"  # noqa: S608 # words of ours
        with self._session.transaction() as connection:
            named = {"id": identifier, "worker": self._worker, "channel": JOBS, **parameters}
            return connection.execute(statement.encode(), named).fetchone() is not None


def _listen(connection: Connection) -> None:
    connection.execute(f"listen {JOBS}")
    connection.execute(f"listen {ANSWERS}")
