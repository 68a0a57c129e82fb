"""Normals that last, and Monte Carlo paths drawn anew at each bar, where no recursion leads from bar to bar."""

from collections.abc import Callable
from functools import cached_property
from math import sqrt

import numpy as np
from numpy.typing import DTypeLike, NDArray

from riskcore.blas import Floats
from riskcore.covariance.ewma import EwmaCovariance
from riskcore.covariance.factor import PsdFactor
from riskcore.covariance.windowed import WindowedCovariance
from riskcore.normals import Draw


class LastingNormals:
    """One row of P normals for each instrument or factor, drawn once for all bars: O(P) for each that is new."""

    def __init__(self, n_paths: int, draw: Callable[[int], NDArray[np.float64]], path_type: DTypeLike) -> None:
        self._rows: Floats = np.empty((0, n_paths), path_type)
        self._draw = draw

    def rows(self, count: int) -> Floats:
        """The first ``count`` rows, shape (count, P)."""
        if count > len(self._rows):
            more = [self._draw(number).astype(self._rows.dtype) for number in range(len(self._rows), count)]
            self._rows = np.concatenate((self._rows, more))
        return self._rows[:count]


class WindowPaths:
    r"""P paths of N instruments: independent rows :math:`N(0, \Sigma)`, Σ the rolling covariance.

    With A the centred returns of the window over the root of the divisor, so that :math:`A^\top A = \Sigma`,

    .. math:: X = A^\top \Xi, \qquad \Xi \text{ of shape (window, P), one row of normals for each bar}

    The normals of a bar stay while it is in the window: the paths move only as the returns in it do. Nothing is ever
    subtracted, so an outlier that has left leaves no trace. O(N window P), once a bar, when first read.
    """

    scale = 1.0

    def __init__(self, covariance: WindowedCovariance, draw: Draw, path_type: DTypeLike) -> None:
        self._covariance = covariance
        self._draw = draw
        window = covariance.rolling.window
        self.words = np.zeros(window, np.int64)
        """Whose normals stand in each row: a bar's index, or ``-1 - row`` of history."""
        self._normals: Floats = np.zeros((window, draw.n_paths), path_type)

    @cached_property
    def raw(self) -> Floats:
        """The paths, shape (N, P)."""
        deviations = self._covariance.rolling.deviations.astype(self._normals.dtype)
        return np.ascontiguousarray(deviations.T @ self._normals[: len(deviations)])

    def add(self, n_instruments: int) -> None:
        """Make room for instruments listed late."""
        self.__dict__.pop("raw", None)

    def step(self, word: int) -> None:
        """Follow the bar that the covariance has just taken."""
        slot = (self._covariance.rolling.bars - 1) % len(self.words)
        self.words[slot] = word
        self._normals[slot] = self._draw.bar(word)
        self.__dict__.pop("raw", None)

    def load(self, words: NDArray[np.int64]) -> None:
        """Draw the normals of these bars again."""
        self.words = words
        for slot in range(min(self._covariance.rolling.bars, len(words))):
            self._normals[slot] = self._draw.bar(int(words[slot]))


class CholeskyPaths:
    r"""P paths of N instruments: rows :math:`L z`, :math:`L L^\top = \Sigma`, with normals z that last from bar to bar.

    ``factor`` gives the factor of the covariance as read, of the instruments that have a variance: the same object as
    long as it stands. The normals being the same at every bar, the paths move only as Σ does. The raw rows are in the
    units of the EWMA recursion: the correction for missing returns is taken off, for books put it on. O(N² P), once a
    bar, when first read.
    """

    scale = 1.0

    def __init__(
        self,
        covariance: EwmaCovariance | WindowedCovariance,
        factor: Callable[[], PsdFactor],
        normals: LastingNormals,
    ) -> None:
        self._covariance, self._factor, self._normals = covariance, factor, normals
        self._known: PsdFactor | None = None
        self._raw: Floats = np.empty((0, 0))

    @property
    def raw(self) -> Floats:
        """The paths, shape (N, P)."""
        factor = self._factor()
        if factor is not self._known:
            self._known, self._raw = factor, self._drawn(factor.lower)
        return self._raw

    def _drawn(self, lower: NDArray[np.float64]) -> Floats:
        covariance = self._covariance
        correction = covariance.relative_correction
        normals = self._normals.rows(len(correction))
        known = np.flatnonzero(np.diagonal(covariance.raw))
        drawn = np.zeros_like(normals)
        raw = lower * (sqrt(covariance.full_weight) / correction[known])[:, None]
        drawn[known] = raw.astype(normals.dtype) @ normals[known]
        return drawn

    def add(self, n_instruments: int) -> None:
        """Make room for instruments listed late."""

    def step(self, word: int) -> None:
        """Follow the bar that the covariance has just taken: there is nothing to do before the paths are read."""
