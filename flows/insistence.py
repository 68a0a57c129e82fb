"""Patience with a database that is away."""

import time
from collections.abc import Callable
from threading import Event

import structlog

from storage.errors import DatabaseUnavailableError, WriterConflictError
from storage.writer import SILENT_S

_log = structlog.get_logger(__name__)
_RETRY_S = 0.5
_CONFLICT_S = 1.5 * SILENT_S


class Insistence:
    """Stores however long the database is away: waiting in the sink holds the flow, and the journal goes on.

    Whoever is told to stop meanwhile gives up for good, because nothing later may be stored over the hole. Another
    program that writes the same is waited for no longer than ``conflict_s``: it is alive, or would have been replaced.
    """

    def __init__(self, what: str, stopping: Event, conflict_s: float = _CONFLICT_S) -> None:
        self._what, self._stopping, self._conflict_s = what, stopping, conflict_s
        self._given_up = False
        self.trouble: str | None = None
        """Why it waits; None while it does not."""

    def insist(self, write: Callable[[], object]) -> bool:
        """Call ``write`` until it succeeds; False when it was given up.

        Raises
        ------
        WriterConflictError, WriterReplacedError
            Another program writes the same run.
        """
        began = time.monotonic()
        while not self._given_up:
            try:
                write()
            except DatabaseUnavailableError as error:
                if isinstance(error, WriterConflictError) and time.monotonic() - began > self._conflict_s:
                    raise
                if self.trouble is None:
                    _log.warning("waiting for the database", what=self._what, error=str(error))
                self.trouble = str(error)
                self._given_up = self._stopping.wait(_RETRY_S)
            else:
                if self.trouble is not None:
                    _log.info("the database is back", what=self._what)
                self.trouble = None
                return True
        return False

    @property
    def given_up(self) -> bool:
        """Whether something was not stored: nothing may be said to be done behind it."""
        return self._given_up
