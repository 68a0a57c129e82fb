"""The historical scenarios: the last bars' returns, by instrument."""

import numpy as np
from numpy.typing import NDArray

_DEPTH = 4


class ScenarioWindow:
    """A ring of ``4 * window`` bars of returns: a book picks its last ``window`` complete ones.

    ``returns`` (N, 4 window) by instrument, 0 where it had none; ``present`` of the same shape says where
    it had. Slot ``bars % (4 window)`` is the next to be written. A bar is O(N).
    """

    def __init__(self, n_instruments: int, window: int) -> None:
        self.window = window
        self.depth = _DEPTH * window
        self.bars = 0
        self.returns: NDArray[np.float64] = np.zeros((n_instruments, self.depth))
        self.present: NDArray[np.bool_] = np.zeros((n_instruments, self.depth), np.bool_)

    def add(self, n_instruments: int) -> None:
        """Make room for instruments listed late: they have no returns in the bars that are there."""
        self.returns = np.pad(self.returns, ((0, n_instruments), (0, 0)))
        self.present = np.pad(self.present, ((0, n_instruments), (0, 0)))

    def push(self, returns: NDArray[np.float64], present: NDArray[np.bool_]) -> int:
        """Write one bar over the oldest; returns the slot written."""
        slot = self.bars % self.depth
        self.returns[:, slot] = returns
        self.present[:, slot] = present
        self.bars += 1
        return slot

    @property
    def order(self) -> NDArray[np.intp]:
        """Slots of all bars held, oldest first."""
        return np.arange(max(self.bars - self.depth, 0), self.bars, dtype=np.intp) % self.depth

    def newest_complete(self, missing: NDArray[np.int64]) -> NDArray[np.intp]:
        """Slots of the last ``window`` bars for which ``missing`` (depth,) is 0, oldest first."""
        order = self.order
        complete: NDArray[np.intp] = order[missing[order] == 0][-self.window :]
        return complete
