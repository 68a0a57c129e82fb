"""How far long work has come: a bar on a terminal, otherwise one plain line a second."""

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self, TextIO

_EVERY_S = 1.0


class Progress:
    """Shows the progress of one piece of work; a context manager.

    Parameters
    ----------
    title : str
        What is being done.
    unit : callable
        Spells an amount, ``3.2 MB``.
    stream : TextIO
        Where to; standard error by default, so that output can be piped.
    clock : callable
        Seconds, monotonic.
    """

    def __init__(
        self,
        title: str,
        unit: Callable[[float], str] = lambda amount: f"{amount:,.0f}",
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._title, self._unit, self._clock = title, unit, clock
        self._stream = stream or sys.stderr
        self._bar: Any = None
        self._task: Any = None
        self._began = self._said = clock()

    def __enter__(self) -> Self:
        if self._stream.isatty():
            self._bar = _bar(self._stream)
            self._bar.start()
            self._task = self._bar.add_task(self._title, total=None)
        return self

    def __call__(self, done: float, total: float, note: str = "") -> None:
        """Say how much is done; costs next to nothing when it was said less than a second ago."""
        if self._bar is not None:
            self._bar.update(self._task, completed=done, total=total, description=f"{self._title} {note}")
            return
        now = self._clock()
        if now - self._said >= _EVERY_S:
            self._said = now
            share = f"{done / total:5.1%} " if total else ""
            after = f"{now - self._began:.0f} s"
            self._stream.write(
                f"{self._title}: {share}{self._unit(done)} of {self._unit(total)} in {after} {note}".rstrip() + "\n"
            )
            self._stream.flush()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()


def megabytes(amount: float) -> str:
    """Spell a number of bytes as megabytes."""
    return f"{amount / 1e6:,.1f} MB"


def _bar(stream: TextIO) -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        console=Console(file=stream),
        transient=True,
    )
