"""Takes jobs from the database, one at a time, and is not missed when it is killed: its lease runs out."""

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any
from uuid import uuid4

import structlog

from flows.heartbeat import Background, heartbeat, repeat
from riskcore.errors import TailwatchError
from storage.errors import DatabaseError, DatabaseUnavailableError
from storage.jobs import JobRow, JobStore
from tailwatch.jobs.histories import FOLDER, list_histories
from tailwatch.jobs.works import WORKS, Work

LEASE_S = 15.0
MOST_ATTEMPTS = 3
_LOOK_S = 1.0
_RETRY_S = 0.5
_RENEW_S = 0.5

_log = structlog.get_logger(__name__)


class StoppedError(TailwatchError):
    """The job was cancelled, is another's by now, or the worker is told to stop."""


@dataclass(slots=True)
class Effort:
    """A job on its way; read from the thread that keeps its lease."""

    stopping: Event
    progress: float = 0.0
    lost: bool = False

    def on_progress(self, done: float, total: float) -> None:
        """Note how much is done; ``StoppedError`` where no more is wanted."""
        self.progress = min(done / total, 1.0) if total else 0.0
        if self.lost or self.stopping.is_set():
            raise StoppedError("no more is wanted")


class Worker:
    """Does one job after the other until told to stop.

    A job whose worker was killed three times over it has failed: it would kill the next one, too.
    """

    def __init__(self, url: str, data_dir: Path, stopping: Event, lease_s: float = LEASE_S) -> None:
        name = f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"
        self._url, self._histories, self._stopping = url, data_dir / FOLDER, stopping
        self._store, self._leases = JobStore(url, name, lease_s), JobStore(url, name, lease_s)
        self._doing: str | None = None

    def run(self) -> None:
        """Take what is open; a database that is away is waited for."""
        with heartbeat(self._url, "jobs", None, self.describe, leaves=True):
            repeat("taking jobs", self._turn, self._stopping, _RETRY_S, DatabaseUnavailableError)
        self.close()

    def _turn(self) -> None:
        if not self.take():
            self._store.wait(_LOOK_S)

    def close(self) -> None:
        """Give the connections back."""
        self._store.close()
        self._leases.close()

    def describe(self) -> dict[str, Any]:
        """How it is, and what it could read; called from another thread."""
        return {"state": "ok", "reason": None, "job": self._doing, "histories": list(list_histories(self._histories))}

    def take(self) -> bool:
        """Do the oldest job that nobody works on; False where there is none."""
        job = self._store.claim()
        if job is None:
            return False
        if job.attempts > MOST_ATTEMPTS:
            self._store.fail(job.id, f"its worker was killed {MOST_ATTEMPTS} times over it")
            return True
        self._doing = job.id
        _log.info("job begun", job=job.id, kind=job.kind, attempt=job.attempts)
        try:
            self._do(job, Effort(self._stopping))
        finally:
            self._doing = None
        return True

    def _do(self, job: JobRow, effort: Effort) -> None:
        work = Work(job, self._store, self._histories, effort.on_progress)
        try:
            with Background("lease", _RENEW_S, self._renewal(job, effort), lambda: None):
                result = WORKS[job.kind](work)
        except StoppedError:
            if not effort.lost:
                self._store.release(job.id)
            _log.info("job stopped", job=job.id)
        except DatabaseError:
            raise
        except TailwatchError as error:
            self._store.fail(job.id, str(error))
            _log.info("job failed", job=job.id, reason=str(error))
        else:
            self._store.finish(job.id, result)
            _log.info("job done", job=job.id)

    def _renewal(self, job: JobRow, effort: Effort) -> Callable[[], None]:
        def renew() -> None:
            effort.lost = effort.lost or not self._leases.renew(job.id, effort.progress)

        return renew
