"""How often somebody may ask: a bucket of requests that fills as time passes."""

import time
from collections.abc import Callable

REQUESTS = (50.0, 200.0)
"""Requests a second of one token or address, and how many at once."""
FAILURES = (10.0 / 60.0, 10.0)
"""Tokens that are not good, of one address."""
MOST_KNOWN = 10_000


class Rates:
    """Counts by name. The oldest names are forgotten, which only favours them."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._requests: dict[str, tuple[float, float]] = {}
        self._failures: dict[str, tuple[float, float]] = {}

    def allows(self, name: str) -> bool:
        """Take one request of ``name``; False where there were too many."""
        return self._take(self._requests, name, *REQUESTS)

    def allows_failure(self, address: str) -> bool:
        """Take one failure of ``address``; False where there were too many."""
        return self._take(self._failures, address, *FAILURES)

    def _take(self, buckets: dict[str, tuple[float, float]], name: str, a_second: float, most: float) -> bool:
        now = self._clock()
        left, at = buckets.pop(name, (most, now))
        left = min(most, left + (now - at) * a_second)
        allowed = left >= 1.0
        buckets[name] = (left - 1.0 if allowed else left, now)
        if len(buckets) > MOST_KNOWN:
            del buckets[next(iter(buckets))]
        return allowed
