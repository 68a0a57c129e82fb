"""The historical scenarios: the last bars' returns, by instrument."""

import numpy as np
from numpy.typing import NDArray

_DEPTH = 4


class ScenarioWindow:
    """A ring of ``4 * window`` bars of returns: a book picks its last ``window`` complete ones.

    ``returns`` (N, 4 window) by instrument, 0 where it had none; ``present`` of the same shape says where
    it had. Slot ``bars % (4 window)`` is the next to be written. A bar is O(N).

    The scenarios are these returns, or, if ``filtered``, returns over the volatility forecast before their bar, kept
    beside them.
    """

    def __init__(self, n_instruments: int, window: int, *, filtered: bool = False) -> None:
        self.window = window
        self.depth = _DEPTH * window
        self.bars = 0
        self._order: tuple[int, NDArray[np.intp]] | None = None
        self.returns: NDArray[np.float64] = np.zeros((n_instruments, self.depth))
        self.present: NDArray[np.bool_] = np.zeros((n_instruments, self.depth), np.bool_)
        self.standardised = np.zeros_like(self.returns) if filtered else None
        self.forecast = np.zeros_like(self.present) if filtered else None

    @property
    def scenarios(self) -> NDArray[np.float64]:
        """What is multiplied by exposures, shape (N, 4 window), 0 where not usable."""
        return self.returns if self.standardised is None else self.standardised

    @property
    def usable(self) -> NDArray[np.bool_]:
        """Where there is a scenario of an instrument, shape (N, 4 window)."""
        return self.present if self.forecast is None else self.forecast

    def add(self, n_instruments: int) -> None:
        """Make room for instruments listed late: they have no returns in the bars that are there."""
        self.returns = np.pad(self.returns, ((0, n_instruments), (0, 0)))
        self.present = np.pad(self.present, ((0, n_instruments), (0, 0)))
        if self.standardised is not None and self.forecast is not None:
            self.standardised = np.pad(self.standardised, ((0, n_instruments), (0, 0)))
            self.forecast = np.pad(self.forecast, ((0, n_instruments), (0, 0)))

    def forget(self, instrument: int) -> None:
        """Take the returns of an instrument out of all bars."""
        for array in (self.returns, self.present, self.standardised, self.forecast):
            if array is not None:
                array[instrument] = 0

    def push(self, returns: NDArray[np.float64], present: NDArray[np.bool_]) -> int:
        """Write one bar over the oldest; returns the slot written."""
        slot = self.bars % self.depth
        self.returns[:, slot] = returns
        self.present[:, slot] = present
        self.bars += 1
        return slot

    def standardise(self, slot: int, volatility: NDArray[np.float64], known: NDArray[np.bool_]) -> None:
        """Set the scenario of a slot: its returns over these forecasts (N,), where they are ``known``, all O(N).

        Where the forecast is 0, only a return of 0 is a scenario.
        """
        if self.standardised is None or self.forecast is None:
            return
        returns = self.returns[:, slot]
        self.forecast[:, slot] = self.present[:, slot] & known & ((volatility > 0.0) | (returns == 0.0))
        ratio = np.zeros_like(returns)
        np.divide(returns, volatility, out=ratio, where=self.forecast[:, slot] & (volatility > 0.0))
        self.standardised[:, slot] = ratio

    @property
    def order(self) -> NDArray[np.intp]:
        """Slots of all bars held, oldest first. Once a bar, read only."""
        if self._order is None or self._order[0] != self.bars:
            order = np.arange(max(self.bars - self.depth, 0), self.bars, dtype=np.intp) % self.depth
            order.setflags(write=False)
            self._order = self.bars, order
        return self._order[1]

    @property
    def newest(self) -> NDArray[np.intp]:
        """Slots of the last ``window`` bars, oldest first, whoever had a return in them."""
        return self.order[-self.window :]

    def newest_complete(self, missing: NDArray[np.int64], skip: int = 0) -> NDArray[np.intp]:
        """Slots of the last ``window`` bars for which ``missing`` (depth,) is 0, oldest first.

        ``skip`` leaves the newest bars out: the scenarios as they were before them, less what they overwrote.
        """
        order = self.order[: max(min(self.bars, self.depth) - skip, 0)]
        newest = order[-self.window :]
        if not missing[newest].any():
            return newest
        complete: NDArray[np.intp] = order[missing[order] == 0][-self.window :]
        return complete
