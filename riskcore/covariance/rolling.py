"""Sample covariance of the last bars, exact also after an outlier has left the window."""

from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from riskcore.blas import add_outer
from riskcore.checks import returns_of_bar, whole
from riskcore.covariance.correlation import correlation_of, volatility_of
from riskcore.state import pack, unpack

_DWARFED = 1e3
_ARRAYS = ("rows", "origin", "mean", "moment", "peak")


class RollingCovariance:
    r"""Covariance of the last ``window`` bars' returns: centred, divisor n-1.

    .. math:: \Sigma_{ij} = \frac{1}{n-1} \sum_t (r_{ti} - \bar r_i)(r_{tj} - \bar r_j)

    A bar is added and another taken away in O(N²) (Welford; West 1979). Subtraction cannot bring back the
    digits that an outlier drowned: when the variance left of any instrument is under a thousandth of the
    largest since, and every ``window`` bars in any case, the sums are rebuilt from the bars themselves.

    With a return missing (NaN) in the window, each instrument is centred on its own mean and the divisor is
    :math:`\sqrt{(n_i-1)(n_j-1)}`: positive semi-definite whatever is missing, which pairwise deletion is not.

    Use it to reproduce a sample figure or for equal weights; :class:`EwmaCovariance` follows a market better.

    Parameters
    ----------
    n_instruments
        N, at least 1; :meth:`add` makes room for more.
    window
        Bars, at least 2.

    Notes
    -----
    O(N²) a bar, O(window N²) at a rebuild and at readings while a return in the window is missing. Entries
    with fewer than two returns are 0.
    """

    def __init__(self, n_instruments: int, window: int) -> None:
        n_instruments, window = whole(n_instruments, "the number of instruments"), whole(window, "a window", 2)
        self.window = window
        self.drift = 0.0
        """Largest relative difference found by a rebuild that was due by schedule."""
        self._rows = np.full((window, n_instruments), np.nan)
        self._bars = 0
        self._rebuilt_at = 0
        self._origin = np.zeros(n_instruments)
        self._mean = np.zeros(n_instruments)
        self._moment = np.zeros((n_instruments, n_instruments))
        self._peak = np.zeros(n_instruments)
        self._incomplete = 0

    @property
    def observations(self) -> int:
        """Bars in the window."""
        return min(self._bars, self.window)

    @property
    def counts(self) -> NDArray[np.int64]:
        """Returns of each instrument in the window, shape (N,)."""
        counts: NDArray[np.int64] = (~np.isnan(self._rows[: self.observations])).sum(axis=0, dtype=np.int64)
        return counts

    @property
    def bars(self) -> int:
        """Bars taken so far."""
        return self._bars

    @property
    def deviations(self) -> NDArray[np.float64]:
        """Centred returns over the root of the divisor, shape (n, N), 0 = none: ``A.T @ A`` is the covariance."""
        return _deviations(self._rows[: self.observations])

    def add(self, n_instruments: int) -> None:
        """Make room for instruments listed late: they have no returns in the bars that are there."""
        wide = (0, n_instruments)
        self._rows = np.pad(self._rows, ((0, 0), wide), constant_values=np.nan)
        self._origin, self._mean = np.pad(self._origin, wide), np.pad(self._mean, wide)
        self._moment, self._peak = np.pad(self._moment, wide), np.pad(self._peak, wide)
        self._incomplete = self.observations if n_instruments else self._incomplete

    def forget(self, instrument: int) -> None:
        """Take the returns of an instrument out of all bars, as if it had not been listed yet."""
        self._rows[:, instrument] = np.nan
        self._incomplete = self.observations

    def update(self, returns: ArrayLike) -> None:
        """Take the returns of one bar, shape (N,), NaN = no return. Infinite ones are an ``InputError``."""
        row = returns_of_bar(returns, len(self._mean))
        slot, full = self._bars % self.window, self._bars >= self.window
        leaving = self._rows[slot].copy() if full else None
        was_incomplete = self._incomplete > 0
        self._incomplete += int(np.isnan(row).any()) - int(leaving is not None and bool(np.isnan(leaving).any()))
        self._rows[slot] = row
        self._bars += 1
        if self._incomplete:
            return
        if was_incomplete or self._bars == 1:
            self._rebuild()
        else:
            self._slide(row, leaving)

    def _slide(self, row: NDArray[np.float64], leaving: NDArray[np.float64] | None) -> None:
        n = self.observations
        if leaving is not None:
            self._add(leaving, n, -1)
            n -= 1
        else:
            n -= 1
        self._add(row, n, 1)
        left = np.diagonal(self._moment)
        np.maximum(self._peak, left, out=self._peak)
        if self._bars - self._rebuilt_at >= self.window:
            self._rebuild_measured()
        elif (left * _DWARFED < self._peak).any():
            self._rebuild()

    def _add(self, row: NDArray[np.float64], n: int, sign: int) -> None:
        # n is the count before; the moment moves by n/(n+1) or n/(n-1) times the square of the deviation.
        deviation = row - self._origin - self._mean
        self._mean += deviation * (sign / (n + sign))
        scaled = deviation * sqrt(n / (n + sign))
        add_outer(self._moment, scaled, scaled * sign)

    def _rebuild(self) -> None:
        rows = self._rows[: self.observations]
        self._origin = rows[self._bars % self.window if self._bars > self.window else 0].copy()
        shifted = rows - self._origin
        self._mean = shifted.mean(axis=0)
        centred = shifted - self._mean
        self._moment = centred.T @ centred
        self._peak = np.diagonal(self._moment).copy()
        self._rebuilt_at = self._bars

    def _rebuild_measured(self) -> None:
        before = self._moment
        self._rebuild()
        largest = float(np.max(self._peak, initial=0.0))
        if largest > 0.0:
            self.drift = max(self.drift, float(np.max(np.abs(before - self._moment))) / largest)

    @property
    def covariance(self) -> NDArray[np.float64]:
        """Covariance of one bar's returns, shape (N, N), symmetric."""
        if self._incomplete:
            return _masked_covariance(self._rows[: self.observations])
        return self._moment / max(self.observations - 1, 1)

    @property
    def correlation(self) -> NDArray[np.float64]:
        """Correlation, shape (N, N), NaN where a variance is 0."""
        return correlation_of(self.covariance)

    @property
    def volatility(self) -> NDArray[np.float64]:
        """Standard deviation of one bar's returns, shape (N,)."""
        return volatility_of(self.covariance)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The state as a flat set of arrays, to be packed."""
        counters = np.array([self._bars, self._rebuilt_at, self._incomplete], np.int64)
        state: dict[str, NDArray[Any]] = {name: getattr(self, f"_{name}") for name in _ARRAYS}
        return state | {"counters": counters, "drift": np.array([self.drift])}

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]]) -> "RollingCovariance":
        """The estimator as it was, from :meth:`arrays`."""
        window, n_instruments = arrays["rows"].shape
        estimator = cls(n_instruments, window)
        for name in _ARRAYS:
            setattr(estimator, f"_{name}", arrays[name])
        estimator._bars, estimator._rebuilt_at, estimator._incomplete = arrays["counters"].tolist()
        estimator.drift = float(arrays["drift"][0])
        return estimator

    def snapshot(self) -> bytes:
        """The state as versioned, checksummed bytes."""
        return pack("rolling covariance", self.arrays(), {})

    @classmethod
    def restore(cls, state: bytes) -> "RollingCovariance":
        """The estimator as it was at :meth:`snapshot`; what follows is the same to the last bit."""
        return cls.from_arrays(unpack("rolling covariance", state).arrays)


def _masked_covariance(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    deviations = _deviations(rows)
    moment: NDArray[np.float64] = deviations.T @ deviations
    return moment


def _deviations(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    present = ~np.isnan(rows)
    counts = present.sum(axis=0)
    if not len(rows):
        return rows
    # Shifted by a value of its own, a constant series has deviations of exactly 0.
    first = rows[np.argmax(present, axis=0), np.arange(rows.shape[1])]
    shifted = np.where(present, rows - np.where(counts > 0, first, 0.0), 0.0)
    centred: NDArray[np.float64] = np.where(present, shifted - shifted.sum(axis=0) / np.maximum(counts, 1), 0.0)
    centred /= np.sqrt(np.maximum(counts - 1, 1))
    return centred
