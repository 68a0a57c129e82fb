"""How long to wait before the next attempt: doubling, capped, jittered so that clients do not come back in step."""

from dataclasses import dataclass, field
from random import Random


@dataclass(slots=True)
class Backoff:
    """Waits of ``floor_s``, twice, four times … up to ``cap_s``, each times 1 to 1.5 at random.

    Examples
    --------
    >>> backoff = Backoff(floor_s=1.0, cap_s=30.0, rng=Random(7))
    >>> [round(backoff.next_s()) for _ in range(7)]
    [1, 2, 5, 8, 20, 35, 31]
    """

    floor_s: float = 1.0
    cap_s: float = 30.0
    rng: Random = field(default_factory=Random)
    _failures: int = 0

    def next_s(self) -> float:
        """Seconds to wait after one more failure."""
        wait = min(self.cap_s, self.floor_s * 2.0 ** min(self._failures, 32))
        self._failures += 1
        return wait * self.rng.uniform(1.0, 1.5)

    def reset(self) -> None:
        """Begin at the floor again: the connection was good."""
        self._failures = 0
