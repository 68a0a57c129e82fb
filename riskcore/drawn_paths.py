"""Normals that last, and Monte Carlo paths drawn anew at each bar, where no recursion leads from bar to bar."""

from collections.abc import Callable
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from riskcore.covariance.windowed import WindowedCovariance
from riskcore.normals import Draw


class LastingNormals:
    """One row of P normals for each instrument or factor, drawn once for all bars: O(P) for each that is new."""

    def __init__(self, n_paths: int, draw: Callable[[int], NDArray[np.float64]]) -> None:
        self._rows: NDArray[np.float64] = np.empty((0, n_paths))
        self._draw = draw

    def rows(self, count: int) -> NDArray[np.float64]:
        """The first ``count`` rows, shape (count, P)."""
        if count > len(self._rows):
            more = [self._draw(number) for number in range(len(self._rows), count)]
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

    def __init__(self, covariance: WindowedCovariance, draw: Draw) -> None:
        self._covariance = covariance
        self._draw = draw
        window = covariance.rolling.window
        self.words = np.zeros(window, np.int64)
        """Whose normals stand in each row: a bar's index, or ``-1 - row`` of history."""
        self._normals: NDArray[np.float64] = np.zeros((window, draw.n_paths))

    @cached_property
    def raw(self) -> NDArray[np.float64]:
        """The paths, shape (N, P)."""
        deviations = self._covariance.rolling.deviations
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
