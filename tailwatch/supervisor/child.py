"""One part as a process: its start, its log, its readiness and its end."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tailwatch.supervised import VARIABLE

_KEPT_LOGS = 3
_TAIL_BYTES = 16_384


def _nothing() -> Mapping[str, str]:
    return {}


@dataclass(frozen=True, slots=True)
class Part:
    """How to run a part. Command and environment are asked for at every start."""

    name: str
    command: Callable[[], Sequence[str]]
    environment: Callable[[], Mapping[str, str]] = _nothing
    """Variables on top of the supervisor's own."""
    start_s: float = 60.0
    """How long it may take until it is ready."""
    stop_s: float = 1.0
    """How long it may take to stop before it is killed."""
    stop_stage: int = 0
    """Parts of one stage stop beside each other, when those of all lower stages have."""


class Child:
    """The process of a part, in a process group of its own, with its output in a log file.

    Parameters
    ----------
    part : Part
    logs : Path
        Directory of the logs; the part's own is ``<name>.log``, and those of earlier runs ``.1`` to ``.3``.
    """

    def __init__(self, part: Part, logs: Path) -> None:
        self.part = part
        self.log = logs / f"{part.name}.log"
        self.message: str | None = None
        """What it said when it was ready; None before."""
        self._process: subprocess.Popen[bytes] | None = None
        self._life = self._ready = -1
        self._heard = b""
        self._begin = 0
        self.started_at = 0.0
        _rotate(self.log)

    def start(self) -> None:
        """Start the process. OSError where it cannot be started."""
        self._close_pipes()
        self.message, self._heard = None, b""
        life, self._life = os.pipe()
        self._ready, ready = os.pipe()
        os.set_blocking(self._ready, False)
        with self.log.open("ab") as log:
            self._begin = log.tell()
            self._process = subprocess.Popen(
                list(self.part.command()),
                env={**os.environ, **self.part.environment(), VARIABLE: f"{life},{ready}"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=(life, ready),
            )
        self.started_at = time.monotonic()
        os.close(life)
        os.close(ready)

    def is_ready(self) -> bool:
        """Whether it has announced that it is ready."""
        if self.message is None:
            with suppress(BlockingIOError):
                self._heard += os.read(self._ready, 4096)
            if b"\n" in self._heard:
                self.message = self._heard.decode(errors="replace").split("\n")[0]
        return self.message is not None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def exit_status(self) -> int | None:
        """The exit status, negative for the signal that killed it; None while it runs."""
        return self._process.poll() if self._process else 0

    def last_words(self, lines: int = 10) -> list[str]:
        """The last lines that this run of the process wrote."""
        with suppress(OSError), self.log.open("rb") as log:
            log.seek(max(self._begin, log.seek(0, os.SEEK_END) - _TAIL_BYTES))
            text = log.read().decode(errors="replace")
            return [line for line in text.splitlines() if line.strip()][-lines:]
        return []

    def terminate(self) -> None:
        """Ask it to stop."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)

    def wait(self, timeout_s: float) -> bool:
        """Wait until it has ended; False where it has not by then."""
        if self._process is None:
            return True
        try:
            self._process.wait(max(timeout_s, 0.0))
        except subprocess.TimeoutExpired:
            return False
        return True

    def kill(self) -> None:
        """Kill it and all that it started in its group."""
        if self._process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def close(self) -> None:
        """Let go of a process that has ended."""
        self._close_pipes()

    def _close_pipes(self) -> None:
        for descriptor in (self._life, self._ready):
            if descriptor >= 0:
                os.close(descriptor)
        self._life = self._ready = -1


def _rotate(log: Path) -> None:
    for number in range(_KEPT_LOGS - 1, -1, -1):
        older = log if number == 0 else log.with_name(f"{log.name}.{number}")
        if older.exists():
            older.replace(log.with_name(f"{log.name}.{number + 1}"))
