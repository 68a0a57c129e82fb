"""The user's signals: the first asks to stop, the second to stop at once."""

import signal
import threading
from types import FrameType
from typing import Any

from tailwatch.repeat import Repeat

_NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopSignals:
    """Turns SIGINT, SIGTERM and SIGHUP into two events, and gives the old handlers back."""

    def __init__(self) -> None:
        self.stopping = threading.Event()
        self.hurry = threading.Event()
        self._before: dict[signal.Signals, Any] = {}
        self._repeat = Repeat()

    def install(self) -> None:
        """Take the signals over; in the main thread."""
        self._before = {number: signal.signal(number, self._on_signal) for number in _NUMBERS}

    def restore(self) -> None:
        """Give the signals back."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        if self._repeat.meant():
            self.hurry.set()
        self.stopping.set()
