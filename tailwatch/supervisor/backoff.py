"""When a part that died may start again."""

from dataclasses import dataclass

_FIRST_S, _FACTOR, _LONGEST_S = 0.5, 3.0, 15.0
"""Six starts in any minute at most, however soon a part dies."""
_HEALTHY_S = 60.0


@dataclass(slots=True)
class Backoff:
    """Triples the wait at every death up to 15 s; a part that lived for a minute begins anew.

    Reads no clock: moments are given, in seconds of any steady clock.
    """

    deaths: int = 0
    due: float | None = None
    """The moment of the next start; None while none is due."""

    def died(self, now: float, lived_s: float) -> float:
        """Note a death, and return the seconds until the next start."""
        self.deaths = 0 if lived_s >= _HEALTHY_S else self.deaths
        wait_s = float(min(_FIRST_S * _FACTOR**self.deaths, _LONGEST_S))
        self.deaths += 1
        self.due = now + wait_s
        return wait_s

    def started(self) -> None:
        """Note that the part has been started again."""
        self.due = None
