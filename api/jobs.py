"""Jobs as their readers see them, and as the stream tells of them."""

from collections.abc import Callable, Sequence
from contextlib import aclosing
from typing import NamedTuple

import msgspec

from api.frames import frame
from api.models import Job
from api.moments import text
from api.reading import Reader
from riskcore.errors import TailwatchError
from storage.jobs import JobRow

MOST_OPEN = 16
"""Jobs that wait or run."""
RETRY_AFTER_S = 30


class Told(NamedTuple):
    """The newest ``job`` event of a job; ``number`` orders all of them in this process."""

    number: int
    portfolio: str
    frame: bytes


class JobBoard:
    """The present state of every job, for the streams of this process.

    What a job's event says is all that there is to say of it: who missed some needs the newest only. So they carry no
    id, and a stream that begins gets one of each job that is remembered.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._told: dict[str, Told] = {}
        self._rows: dict[str, JobRow] = {}
        self.number = 0

    def since(self, number: int) -> list[Told]:
        """The events of the jobs that have changed since this number, in order."""
        return sorted(told for told in self._told.values() if told.number > number)

    async def follow(self, wake: Callable[[], None]) -> None:
        """Keep up with the jobs until cancelled; ``wake`` is called when one has changed."""
        async with aclosing(self._reader.jobs_changed()) as changes:
            async for _ in changes:
                try:
                    rows = await self._reader.jobs()
                except TailwatchError:
                    continue
                if self._take(rows):
                    wake()

    def _take(self, rows: Sequence[JobRow]) -> bool:
        before, self._rows = self._rows, {row.id: row for row in rows}
        self._told = {name: told for name, told in self._told.items() if name in self._rows}
        changed = [row for row in reversed(rows) if before.get(row.id) != row]
        for row in changed:
            self.number += 1
            event = frame("job", job_of(row).model_dump_json(exclude={"result"}).encode())
            self._told[row.id] = Told(self.number, row.portfolio, event)
        return bool(changed)


def job_of(row: JobRow, result: str | None = None) -> Job:
    """A stored job as the API gives it."""
    stored = None if result is None else msgspec.json.decode(result)
    return Job.model_validate(
        {
            "schema": 1,
            "id": row.id,
            "kind": row.kind,
            "portfolio": row.portfolio,
            "request": msgspec.json.decode(row.request),
            "state": row.state,
            "progress": row.progress,
            "created": text(row.created),
            "started": None if row.started is None else text(row.started),
            "finished": None if row.finished is None else text(row.finished),
            "attempts": row.attempts,
            "reason": row.reason,
            "result": stored,
        },
        strict=False,
    )
