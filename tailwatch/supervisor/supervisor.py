"""The supervisor: starts parts one after the other, keeps them running, and stops them in stages.

::

    start ── a part dies before it is ready ──> all stop, its last line is the error
      │
    watch ── a part fails in its first 5 s ──> all stop, as at the start
      │  └── a part dies ──> reported with its log, started again after 0.5, 1.5, 4.5 ... 15 s
      │  └── with exit status 2 (wrong input: to try again cannot help) ──> all stop, exit status 2
      │
    stop  ── SIGTERM to each stage in turn, SIGKILL to who takes longer than its share of 5 s;
            a second signal: all at once
"""

import time
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from types import TracebackType
from typing import Self

import structlog

from riskcore.errors import InputError, TailwatchError
from tailwatch.failures import WRONG_INPUT
from tailwatch.supervisor.backoff import Backoff
from tailwatch.supervisor.child import Child, Part
from tailwatch.supervisor.ownership import Ownership
from tailwatch.supervisor.signals import StopSignals

STOP_S = 4.6
_log = structlog.get_logger(__name__)
_LOOK_S = 0.05
_SETTLED_S = 5.0
"""Who fails by itself in its first so many seconds would fail again: that is a failed start."""


class Interrupted(Exception):  # noqa: N818 - no error
    """The user stopped us while the parts were starting: no failure."""


class Supervisor:
    """Runs parts on a data directory; a context manager, whose end stops them all.

    Parameters
    ----------
    data_dir : Path
        Held for as long as the supervisor lives: a second one is refused. Logs go to ``logs/`` in it.
    say : callable
        Takes each line for the user.
    """

    def __init__(self, data_dir: Path, say: Callable[[str], None]) -> None:
        self._ownership = Ownership(data_dir)
        self._logs = data_dir / "logs"
        self._logs.mkdir(mode=0o700, exist_ok=True)
        self._say = say
        self._children: dict[str, Child] = {}
        self._backoffs: dict[str, Backoff] = {}
        self._signals = StopSignals()

    def __enter__(self) -> Self:
        self._signals.install()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.stop()
        finally:
            self._signals.restore()
            self._ownership.release()

    def start(self, *parts: Part) -> None:
        """Start parts beside each other, and wait until every one of them is ready.

        Raises
        ------
        InputError, TailwatchError
            A part ended before it was ready; its last line is the message.
        Interrupted
            The user stopped us.
        """
        for part in parts:
            child = self._children[part.name] = Child(part, self._logs)
            self._backoffs[part.name] = Backoff()
            child.start()
        for part in parts:
            child = self._children[part.name]
            self._wait_until_ready(child)
            _log.info("part.ready", part=part.name, took_s=round(time.monotonic() - child.started_at, 2))

    def message(self, name: str) -> str:
        """What the part said when it became ready."""
        return self._children[name].message or ""

    def pids(self) -> dict[str, int | None]:
        """The processes by the names of their parts."""
        return {name: child.pid for name, child in self._children.items()}

    def watch(self, every_second: Callable[[], None] = lambda: None) -> None:
        """Keep the parts running until the user stops us.

        Raises
        ------
        InputError
            A part ended with exit status 2.
        """
        due = time.monotonic()
        while not self._signals.stopping.wait(_LOOK_S):
            for child in self._children.values():
                self._look_after(child)
            if time.monotonic() >= due:
                due = max(due + 1.0, time.monotonic())
                every_second()

    def stop(self) -> None:
        """Stop all parts, stage by stage, within 5 s; at once after a second signal."""
        deadline = time.monotonic() + STOP_S
        for _, stage in groupby(sorted(self._children.values(), key=_stage), key=_stage):
            began, children = time.monotonic(), list(stage)
            for child in children:
                child.terminate()
            for child in children:
                self._wait_or_kill(child, min(deadline, began + child.part.stop_s))
                child.close()
                took_s = round(time.monotonic() - began, 2)
                _log.info("part.stopped", part=child.part.name, status=child.exit_status(), took_s=took_s)
        self._children.clear()

    def _wait_until_ready(self, child: Child) -> None:
        deadline = time.monotonic() + child.part.start_s
        while not child.is_ready():
            if self._signals.stopping.is_set():
                raise Interrupted
            if child.exit_status() is not None:
                raise _failure(child)
            if time.monotonic() > deadline:
                raise TailwatchError(
                    f"{child.part.name} was not ready within {child.part.start_s:.0f} s; see {child.log}"
                )
            self._signals.stopping.wait(_LOOK_S)

    def _look_after(self, child: Child) -> None:
        backoff = self._backoffs[child.part.name]
        now = time.monotonic()
        if backoff.due is not None:
            if now >= backoff.due:
                backoff.started()
                child.start()
            return
        status = child.exit_status()
        if status is None:
            return
        lived_s = now - child.started_at
        settled = backoff.deaths > 0 or lived_s > _SETTLED_S
        if status == WRONG_INPUT or (status > 0 and not settled):
            raise _failure(child)
        wait_s = backoff.died(now, lived_s)
        self._report(child, status, lived_s, wait_s)

    def _report(self, child: Child, status: int, lived_s: float, wait_s: float) -> None:
        how = f"was killed by signal {-status}" if status < 0 else f"ended with exit status {status}"
        self._say(f"tailwatch: {child.part.name} {how} after {lived_s:.1f} s; its last words ({child.log}):")
        for line in child.last_words():
            self._say(f"    {line}")
        self._say(f"tailwatch: {child.part.name} starts again in {wait_s:g} s")

    def _wait_or_kill(self, child: Child, deadline: float) -> None:
        while not child.wait(_LOOK_S):
            if self._signals.hurry.is_set() or time.monotonic() > deadline:
                child.kill()
                return


def _stage(child: Child) -> int:
    return child.part.stop_stage


def _failure(child: Child) -> TailwatchError:
    words = child.last_words(1)
    reason = words[0].removeprefix("tailwatch: ") if words else f"it said nothing; see {child.log}"
    kind = InputError if child.exit_status() == WRONG_INPUT else TailwatchError
    return kind(f"{child.part.name}: {reason}")
