"""Factors of a covariance, each computed once while the matrix stands."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from riskcore.covariance.factor import PsdFactor, psd_factor

Key = tuple[int, str | float, tuple[int, ...] | None]


class FactorCache:
    """Keeps the factors of the newest version of a covariance by (version, shrinkage, instruments)."""

    def __init__(self) -> None:
        self.hits = self.misses = 0
        self._factors: dict[Key, PsdFactor] = {}

    @property
    def hit_rate(self) -> float:
        """Share of the factors asked for that were there, from 0 to 1; 0 before the first."""
        asked = self.hits + self.misses
        return self.hits / asked if asked else 0.0

    def factor(self, key: Key, matrix: Callable[[], NDArray[np.float64]]) -> PsdFactor:
        """The factor under this key, of what ``matrix`` returns if it is not there yet. O(N³) then."""
        found = self._factors.get(key)
        if found is not None:
            self.hits += 1
            return found
        self.misses += 1
        self._factors = {known: factor for known, factor in self._factors.items() if known[0] == key[0]}
        self._factors[key] = psd_factor(matrix())
        return self._factors[key]
