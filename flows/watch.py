"""Watches over the engine: who is silent cannot say so, and somebody else says it in its place.

The alert stands in the outbox of the run, behind what the engine told last, as everything that clients are told. It is
written under the engine's own right, which is taken away from it: an engine that was frozen and thaws finds itself
replaced, ends, and begins again. When the engine is back, it says so by itself.
"""

import time
from collections.abc import Callable

import structlog

from flows.heartbeat import Background
from flows.platform_alerts import firing, is_announced, standing, tell, tell_resolved
from riskcore.messages import Alert
from riskcore.settings import NANOSECONDS
from storage.errors import WriterConflictError
from storage.outbox import OutboxStore
from storage.silence import Heard, SilenceReads
from storage.writer import SILENT_S

RULE = "engine"
_EVERY_S = 1.0
_LOST_SIGHT_S = 5.0
_log = structlog.get_logger(__name__)


class Watch:
    """Looks again and again whether the engine has given a sign of life.

    Only silence that was watched counts: what happened while the database was away, or while this process itself stood
    still, is nobody's silence.
    """

    def __init__(self, url: str, silent_s: float = SILENT_S, clock: Callable[[], float] = time.monotonic) -> None:
        self._url, self._silent_s, self._clock = url, silent_s, clock
        self._reads = SilenceReads(url)
        self._heard: tuple[str, int] | None = None
        self._told: tuple[str, int] | None = None
        self._since = self._looked = float("-inf")

    def look(self) -> None:
        """Look once; tell a silence that has become too long, once."""
        heard = self._reads.heard()
        now = self._clock()
        seen = None if heard is None else (heard.run, heard.beat)
        if seen != self._heard or now - self._looked > _LOST_SIGHT_S:
            self._heard, self._since = seen, now
        self._looked = now
        if heard is not None and seen != self._told and now - self._since >= self._silent_s:
            self._tell(heard)
            self._told = seen

    def close(self) -> None:
        self._reads.close()

    def _tell(self, heard: Heard) -> None:
        store = OutboxStore(self._url, heard.run)
        try:
            if standing(store, RULE) is None:
                place = store.last().journal_offset
                silenced = is_announced(self._reads.announced(heard.run), RULE, heard.now)
                alert = silence(heard, self._silent_s, place, silenced=silenced)
                tell(store, alert, heard.now)
                _log.error("the engine is silent", run=heard.run, since=alert.since)
        except WriterConflictError:
            return  # it is alive, and has just taken its right
        finally:
            store.close()


def watching(url: str) -> Background:
    """Watch over the engine from a thread of its own."""
    watch = Watch(url)
    return Background("watch over the engine", _EVERY_S, watch.look, watch.close)


def silence(heard: Heard, limit_s: float, place: int = -1, *, silenced: bool = False) -> Alert:
    """The alert that an engine is silent: its id is a function of the run and the last sign of life."""
    seconds = round((heard.now - heard.beat) / NANOSECONDS, 3)
    reason = f"the engine has given no sign of life for {seconds:.0f} s: figures and all other alerts stand still"
    return firing(
        RULE,
        heard.run,
        heard.beat,
        reason,
        since=heard.beat,
        now=heard.now,
        place=place,
        value=seconds,
        limit=limit_s,
        silenced=silenced,
    )


def tell_back(store: OutboxStore, run: str, now: int) -> None:
    """Say that the engine is back, where it was told to be silent; by the engine, before anything else."""
    before = standing(store, RULE)
    if before is not None:
        tell_resolved(store, before, run, now, "the engine is back, and takes up its journal where it was")
