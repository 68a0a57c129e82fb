"""When instruments trade: a function of event time alone."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from riskcore.errors import InputError

ALWAYS = -1
"""The calendar of what has no session: it is always open."""
_LONG_AGO = -(2**62)
_NEVER = 2**62


class Sessions:
    """Which instruments are in session in a bar, and since when.

    Parameters
    ----------
    calendars
        Of each calendar its sessions, shape (n, 2): opening and close in nanoseconds, UTC, one after the other. What
        lies before the first and after the last is not known, and counts as open.
    calendar_of
        The number of each instrument's calendar, shape (N,), or :data:`ALWAYS`.
    ends
        The moment from which on an instrument is never in session again, nanoseconds by instrument.
    """

    def __init__(
        self,
        calendars: Sequence[NDArray[np.int64]],
        calendar_of: NDArray[np.int64],
        ends: Mapping[int, int] = MappingProxyType({}),
    ) -> None:
        for sessions in calendars:
            if sessions.shape[1:] != (2,) or not len(sessions) or (np.diff(sessions.ravel()) < 0).any():
                raise InputError("sessions are pairs of opening and close, one after the other: mend the calendar")
        self._calendars = calendars
        self._of = calendar_of
        self._ends = ends

    def at(self, start: int, end: int) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
        """For a bar [start, end): who is in session for some of it, (N,), and since or from when on, (N,). O(N)."""
        is_open, opened = np.ones(len(self._calendars) + 1, np.bool_), np.full(len(self._calendars) + 1, _LONG_AGO)
        for number, sessions in enumerate(self._calendars):
            if end <= sessions[0, 0] or start >= sessions[-1, 1]:
                continue
            at = int(np.searchsorted(sessions[:, 1], start, side="right"))
            is_open[number] = sessions[at, 0] < end
            opened[number] = sessions[at, 0]
        is_open, opened = is_open[self._of], opened[self._of]  # ALWAYS is the last of them
        over = [instrument for instrument, ends in self._ends.items() if ends <= start]
        is_open[over], opened[over] = False, _NEVER
        return is_open, opened
