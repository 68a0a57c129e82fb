"""What the API asks of the engine, and what the engine answers: rows of one table, told by notifications.

A row is *open* until the engine claims it. Until then whoever asked may withdraw it, afterwards nobody: a command that
was claimed will be in the journal, whatever is killed in between. Which of the two came first the row's lock decides.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

from storage.connection import CALL_TIMEOUT_S, Connection, Session
from storage.pool import Pool
from storage.rows import AnswerRow, CommandRow
from storage.writer import Right

COMMANDS = "commands"
"""The channel on which the engine hears of new rows; a payload is the run."""
ANSWERS = "answers"
"""The channel on which answers are told; a payload is the id of the command."""
_CLAIM = """
update commands set claimed = clock_timestamp() where number in (
    select number from commands
    where run = %s and status is null and journal_offset is null and (kind = 'command' or claimed is null)
    order by number limit %s for update
)
returning number, id, kind, payload::text
"""
_ASK = """
with told as (
    insert into commands (id, run, kind, payload) values (%(id)s, %(run)s, %(kind)s, %(payload)s)
    on conflict (id) do nothing returning run
)
select pg_notify(%(channel)s, run), set_config('synchronous_commit', %(durable)s, true) from told
"""


class CommandStore:
    """The engine's side: takes what is open, in the order in which it was asked.

    With the engine's ``right`` nothing is taken, or noted as taken, by an engine that was replaced.
    """

    def __init__(self, url: str, run: str, right: Right | None = None, timeout_s: float = CALL_TIMEOUT_S) -> None:
        self._run, self._right = run, right
        self._session = Session(url, f"commands {run}", _listen, timeout_s)

    def claim(self, limit: int = 100) -> list[CommandRow]:
        """Claim what is open, oldest first.

        A command that was claimed but is not known to be in the journal comes again at the next call: what the engine
        has heard already it knows by its id. A question is claimed once.
        """
        with self._session.transaction() as connection:
            self._confirm(connection)
            rows = connection.execute(_CLAIM, [self._run, limit]).fetchall()
            if all(kind == "question" for _, _, kind, _ in rows):
                wait_for_no_disk(connection)
        return [CommandRow(identifier, kind, text.encode()) for _, identifier, kind, text in sorted(rows)]

    def journaled(self, offsets: Mapping[str, int]) -> None:
        """Note at which offset of the journal each of these ids is: they are not given again."""
        with self._session.transaction() as connection:
            self._confirm(connection)
            connection.execute(
                "update commands set journal_offset = told.at"
                " from unnest(%s::text[], %s::bigint[]) as told (id, at) where commands.id = told.id",
                [list(offsets), list(offsets.values())],
            )

    def answer(self, answers: Sequence[AnswerRow]) -> None:
        """Answer what does not go through the journal's flow."""
        with self._session.transaction() as connection:
            store_answers(connection, self._run, answers)

    def wait(self, timeout_s: float) -> None:
        """Return when something new was told, or after so long."""
        self._session.heard(timeout_s)

    def close(self) -> None:
        self._session.close()

    def _confirm(self, connection: Connection) -> None:
        if self._right is not None:
            self._right.check(self._right.confirm(connection))


class Asks(Pool):
    """The API's side: asks, withdraws, and reads the answers."""

    async def ask(self, run: str, identifier: str, kind: Literal["command", "question"], payload: bytes) -> None:
        """Write a row and tell the engine. A question, which may be lost with a crashed server, waits for no disk."""
        durable = "on" if kind == "command" else "off"
        parameters = {"id": identifier, "run": run, "kind": kind, "payload": payload.decode()}
        await self._rows(_ASK, parameters | {"channel": COMMANDS, "durable": durable})

    async def withdraw(self, identifier: str) -> bool:
        """Take a row back; False when the engine has claimed it, and will carry it out if it is a command."""
        rows = await self._rows(
            "with gone as (delete from commands where id = %(id)s and status is null"
            " and (claimed is null or kind = 'question') returning id)"
            " select 1 from gone union all select 1 where not exists (select from commands where id = %(id)s)",
            {"id": identifier},
        )
        return bool(rows)

    async def answers(self, identifiers: Sequence[str]) -> list[AnswerRow]:
        """Return the answers to those of these that have one."""
        rows = await self._rows(
            "select id, status, answer from commands where id = any(%s) and status is not null", [list(identifiers)]
        )
        return [AnswerRow(*row) for row in rows]


def wait_for_no_disk(connection: Connection) -> None:
    """Let a transaction be lost with a crashed server: who asked a question asks again."""
    connection.execute("set local synchronous_commit = off")


def store_answers(connection: Connection, run: str, answers: Sequence[AnswerRow]) -> None:
    """Store each answer once and tell whoever waits for it; an answer that is there already stays."""
    for answer in answers:
        connection.execute(
            "with told as (update commands set status = %s, answer = %s"
            " where id = %s and run = %s and status is null returning id) select pg_notify(%s, id) from told",
            [answer.status, answer.payload.decode(), answer.id, run, ANSWERS],
        )


def _listen(connection: Connection) -> None:
    connection.execute(f"listen {COMMANDS}")
