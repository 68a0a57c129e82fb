"""Tells that the journal cannot be written, in an alert that does not need it: the engine's figures stand still then.

An alert of a limit is a function of the journal and so cannot say that the journal takes nothing more. This one goes
straight to the outbox, under the engine's own right.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

import structlog

from flows.heartbeat import Background
from flows.platform_alerts import firing, is_announced, standing, tell, tell_resolved
from riskcore.alerting import KEEP
from riskcore.messages import Alert
from riskcore.settings import NANOSECONDS
from storage.outbox import OutboxStore
from storage.silence import SilenceReads

RULE = "journal"
_EVERY_S = 1.0
_KEEP_S = KEEP / NANOSECONDS
_log = structlog.get_logger(__name__)


class Journal(Protocol):
    """As much of the journal's writer as is watched."""

    @property
    def error(self) -> str | None: ...
    @property
    def durable(self) -> int: ...


class JournalWatch:
    """Looks again and again whether the journal can be written.

    What was seen is told however long the database is away meanwhile. It resolves when the journal can be written, and
    not within a minute, as every alert. Its id is a function of the run and of the first record that
    is missing: an engine that is killed meanwhile, or told twice by a lost answer, says it once.
    """

    def __init__(
        self,
        journal: Journal,
        store: OutboxStore,
        reads: SilenceReads,
        run: str,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._journal, self._store, self._reads, self._run, self._steady = journal, store, reads, run, steady
        self._fired: Alert | None = None
        self._told_s: float | None = None
        self._remembers = False

    def look(self) -> None:
        """Look once, and tell what has changed."""
        trouble = self._journal.error
        if trouble and self._fired is None:
            self._fired = self._alert(trouble)
        if not self._remembers:
            self._remember()
        if self._fired is None:
            return
        if self._told_s is None:
            self._tell(self._fired)
        elif not trouble and self._steady() - self._told_s >= _KEEP_S:
            tell_resolved(self._store, self._fired, self._run, time.time_ns(), "the journal can be written again")
            self._fired = self._told_s = None

    def close(self) -> None:
        self._reads.close()

    def _remember(self) -> None:
        before = standing(self._store, RULE)
        if before is not None:
            self._fired, self._told_s = before, float("-inf")
        self._remembers = True

    def _alert(self, trouble: str) -> Alert:
        now, place = time.time_ns(), self._store.newest.journal_offset
        reason = f"{trouble}: nothing is accepted, and figures and all other alerts stand still"
        return firing(RULE, self._run, self._journal.durable, reason, since=now, now=now, place=place)

    def _tell(self, alert: Alert) -> None:
        now = time.time_ns()
        silenced = is_announced(self._reads.announced(self._run), RULE, now)
        self._fired = replace(alert, silenced=silenced)
        tell(self._store, self._fired, now)
        self._told_s = self._steady()
        _log.error("the journal cannot be written", run=self._run, reason=alert.reason)


def watching_the_journal(journal: Journal, store: OutboxStore, url: str, run: str) -> Background:
    """Watch over the journal from a thread of its own."""
    watch = JournalWatch(journal, store, SilenceReads(url), run)
    return Background("watch over the journal", _EVERY_S, watch.look, watch.close)
