"""The rolling covariance in the shape in which the market model reads any covariance."""

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from riskcore.covariance.correlation import correlation_of, volatility_of
from riskcore.covariance.rolling import RollingCovariance

_NOTHING = np.empty(0, np.intp)


class WindowedCovariance:
    """A :class:`RollingCovariance` with the members of :class:`EwmaCovariance` that model and books use.

    The matrix is already right as it stands: no scale, no correction. A bar costs O(N²), and O(window N²) at the
    first reading while a return in the window is missing.
    """

    scale = full_weight = 1.0
    gain = 0.0

    def __init__(self, n_instruments: int, window: int) -> None:
        self.rolling = RollingCovariance(n_instruments, window)
        self.version = 0
        """Grows with every bar: what is computed from the matrix can be kept by it."""

    @property
    def drift(self) -> float:
        """Largest relative difference found by a scheduled rebuild of the sums."""
        return self.rolling.drift

    @property
    def observations(self) -> NDArray[np.int64]:
        """Returns of each instrument in the window, shape (N,)."""
        return self._counts

    @cached_property
    def _counts(self) -> NDArray[np.int64]:
        return self.rolling.counts

    @cached_property
    def raw(self) -> NDArray[np.float64]:
        """The covariance of one bar's returns, shape (N, N), computed once a bar."""
        return np.ascontiguousarray(self.rolling.covariance)

    @property
    def covariance(self) -> NDArray[np.float64]:
        """Covariance of one bar's returns, shape (N, N)."""
        return self.raw.copy()

    @property
    def correlation(self) -> NDArray[np.float64]:
        """Correlation, shape (N, N), NaN where a variance is 0."""
        return correlation_of(self.raw)

    @property
    def volatility(self) -> NDArray[np.float64]:
        """Standard deviation of one bar's returns, shape (N,)."""
        return volatility_of(self.raw)

    @property
    def relative_correction(self) -> NDArray[np.float64]:
        """1 for every instrument, shape (N,)."""
        return np.ones(len(self._counts))

    def add(self, n_instruments: int) -> None:
        """Make room for instruments listed late."""
        self.rolling.add(n_instruments)
        self._changed()

    def forget(self, instrument: int) -> None:
        """Take an instrument back to where a late listing starts."""
        self.rolling.forget(instrument)
        self._changed()

    def step(self, returns: NDArray[np.float64], present: NDArray[np.bool_]) -> NDArray[np.intp]:
        """Take one bar that is known to be clean; nothing is ever renormalised."""
        self.rolling.update(np.where(present, returns, np.nan))
        self._changed()
        return _NOTHING

    def _changed(self) -> None:
        self.version += 1
        self.__dict__.pop("raw", None)
        self.__dict__.pop("_counts", None)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The state as a flat set of arrays, to be packed."""
        return self.rolling.arrays() | {"version": np.array([self.version], np.int64)}

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]]) -> "WindowedCovariance":
        """The estimator as it was, from :meth:`arrays`."""
        estimator = cls(0, 2)
        estimator.rolling = RollingCovariance.from_arrays(arrays)
        estimator.version = int(arrays["version"][0])
        return estimator
