"""A part's sign of life: once a second, what it says of itself goes into the database."""

from collections.abc import Callable, Mapping
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self

import msgspec
import structlog

from riskcore.errors import TailwatchError
from storage.runs import PartStore

_log = structlog.get_logger(__name__)
_EVERY_S = 1.0


class Heartbeat:
    """Beats from a thread of its own while the context lasts; a database that is away is tried again.

    Parameters
    ----------
    url, part, run
        Where, who, and on what.
    describe
        What the part says, a JSON-able mapping; called from the thread.
    first
        Called once when the database answers, before the first beat.
    """

    def __init__(
        self,
        url: str,
        part: str,
        run: str,
        describe: Callable[[], Mapping[str, Any]],
        first: Callable[[], None] = lambda: None,
    ) -> None:
        self._url, self._part, self._run, self._describe, self._first = url, part, run, describe, first
        self._ended = Event()
        self._thread = Thread(target=self._beat, name=f"{part} heartbeat", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join(_EVERY_S)

    def _beat(self) -> None:
        store = PartStore(self._url)
        introduced, silent = False, False
        while not self._ended.is_set():
            try:
                if not introduced:
                    self._first()
                introduced = True
                store.beat(self._part, self._run, msgspec.json.encode(self._describe()))
                silent = False
            except TailwatchError as error:
                if not silent:
                    _log.warning("no heartbeat", part=self._part, error=str(error))
                silent = True
            self._ended.wait(_EVERY_S)
        store.close()
