"""What a part does beside its flow, from a thread of its own: a sign of life each second, a cleaning each minute."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self

import msgspec
import structlog

from riskcore.errors import TailwatchError
from storage.retention import Retention, TickRetention
from storage.runs import PartStore

_log = structlog.get_logger(__name__)


def repeat(
    what: str,
    work: Callable[[], object],
    ended: Event,
    retry_s: float,
    passing: type[TailwatchError] = TailwatchError,
) -> None:
    """Do ``work`` again and again until ``ended``; errors that are ``passing`` are told once and tried again."""
    failing = False
    while not ended.is_set():
        try:
            work()
            failing = False
        except passing as error:
            if not failing:
                _log.warning("cannot be done now", what=what, error=str(error))
            failing = True
            ended.wait(retry_s)


class Background:
    """Repeats some work while the context lasts."""

    def __init__(self, name: str, every_s: float, work: Callable[[], object], end: Callable[[], None]) -> None:
        self._name, self._every_s, self._work, self._end = name, every_s, work, end
        self._ended = Event()
        self._thread = Thread(target=self._run, name=name, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join(1.0)

    def _run(self) -> None:
        repeat(self._name, self._turn, self._ended, self._every_s)
        self._end()

    def _turn(self) -> None:
        self._work()
        self._ended.wait(self._every_s)


def heartbeat(
    url: str,
    part: str,
    run: str | None,
    describe: Callable[[], Mapping[str, Any]],
    first: Callable[[], None] = lambda: None,
    *,
    leaves: bool = False,
) -> Background:
    """Store what ``part`` says of itself, a JSON-able mapping, once a second; ``first`` is done once before.

    A part that ``leaves`` is not missed after an orderly end: nobody expects it.
    """
    store = PartStore(url)
    introduced = False

    def beat() -> None:
        nonlocal introduced
        if not introduced:
            first()
        introduced = True
        store.beat(part, run, msgspec.json.encode(describe()))

    def end() -> None:
        if leaves:
            with suppress(TailwatchError):
                store.forget(part)
        store.close()

    return Background(f"{part} heartbeat", 1.0, beat, end)


def forgetting(url: str, keep_s: float) -> Background:
    """Forget once a minute the ticks that are older than so long."""
    retention = TickRetention(url, keep_s)
    return Background("forgetting of ticks", 60.0, retention.forget, retention.close)


def cleaning(url: str, run: str) -> Background:
    """Forget once a minute the figures between bars that are older than an hour."""
    retention = Retention(url, run)
    return Background("cleaning", 60.0, retention.forget, retention.close)
