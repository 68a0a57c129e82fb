"""The engine's ear: commands go into the journal, in the order in which they were asked, and questions to the flow."""

from threading import Event, Thread
from types import TracebackType
from typing import Self

import msgspec

from flows.commands import encode_command, told_command
from flows.heartbeat import repeat
from flows.journal import Appender
from flows.messages import Kind
from flows.questions import Inbox, told_question
from storage.commands import CommandStore
from storage.rows import AnswerRow, CommandRow

_LOOK_S = 0.5
_RETRY_S = 0.5
_JOURNAL_S = 5.0


class Intake:
    """Takes commands while the context lasts, from a thread of its own.

    A command is claimed, appended, and noted as journaled once it is durable. A kill between these steps makes the next
    engine claim and append it again: its id is in the record, and the actors know it by that. At most one batch is on
    its way at a time, so what can come twice is as much as that.
    """

    def __init__(self, store: CommandStore, journal: Appender, inbox: Inbox) -> None:
        self._store, self._journal, self._inbox = store, journal, inbox
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="intake", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._thread.join(2 * _LOOK_S)

    def _run(self) -> None:
        repeat("taking commands", self._turn, self._stopping, _RETRY_S)
        self._store.close()

    def _turn(self) -> None:
        if not self.take():
            self._store.wait(_LOOK_S)

    def take(self) -> int:
        """Take what is open, and return how much that was."""
        rows = self._store.claim()
        appended = {row.id: offset for row in rows if (offset := self._append(row)) is not None}
        if appended and self._journal.wait_durable(max(appended.values()), _JOURNAL_S):
            self._store.journaled(appended)
        return len(rows)

    def _append(self, row: CommandRow) -> int | None:
        try:
            if row.kind == "question":
                self._inbox.put(told_question(row.payload, row.id))
                return None
            payload = encode_command(told_command(row.payload, row.id))
        except msgspec.MsgspecError as error:
            refusal = {"detail": f"the engine does not know this {row.kind}: {error}", "errors": [str(error)]}
            self._store.answer([AnswerRow(row.id, 422, msgspec.json.encode(refusal))])
            return None
        return self._journal.append(Kind.COMMAND, payload)
