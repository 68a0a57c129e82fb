"""Normals that last, and Monte Carlo paths drawn anew at each bar, where no recursion leads from bar to bar."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from math import sqrt

import numpy as np
from numpy.typing import DTypeLike, NDArray

from riskcore.blas import Floats, product
from riskcore.covariance.ewma import EwmaCovariance
from riskcore.covariance.factor import PsdFactor
from riskcore.covariance.windowed import WindowedCovariance
from riskcore.normals import Draw

_BLOCK = 32


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


class DrawnPaths(ABC):
    r"""P paths of N instruments that are drawn anew at each bar: :math:`X = F^\top Z`, and never formed as a whole.

    What a book needs of them is formed from the factor F (m, N) and the normals Z (m, P): its own P&L is
    :math:`Z^\top (F w)`, O(m N) + O(m P), where X itself would be O(m N P). The rows of single instruments, by which a
    book follows their prices, are formed 32 at a time when the first of them is asked for, and kept until the next bar:
    always the same rows together, so that the bits do not depend on which were asked for before.
    """

    scale = 1.0

    def __init__(self) -> None:
        self._rows: dict[int, Floats] = {}

    @abstractmethod
    def factored(self) -> tuple[NDArray[np.float64], Floats]:
        """F and Z of this bar."""

    def row(self, instrument: int) -> Floats:
        """The paths of one instrument, shape (P,)."""
        block, place = divmod(instrument, _BLOCK)
        if block not in self._rows:
            factor, normals = self.factored()
            some = factor[:, block * _BLOCK : (block + 1) * _BLOCK].T.astype(normals.dtype)
            self._rows[block] = some @ normals
        one: Floats = self._rows[block][place]
        return one

    def product(self, exposures: NDArray[np.float64]) -> NDArray[np.float64]:
        """:math:`X^\\top w`, shape (P,)."""
        factor, normals = self.factored()
        return product(factor @ exposures, normals)

    def weighted(
        self, instruments: NDArray[np.intp], paths: NDArray[np.intp], weights: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Of each of these instruments, the weighted sum over these paths."""
        factor, normals = self.factored()
        sums: NDArray[np.float64] = factor[:, instruments].T @ (normals[:, paths] @ weights)
        return sums


class WindowPaths(DrawnPaths):
    r"""Independent rows :math:`N(0, \Sigma)`, Σ the rolling covariance.

    F are the centred returns of the window over the root of the divisor, so that :math:`F^\top F = \Sigma`, and Z has
    one row of normals for each bar. They stay while the bar is in the window: the paths move only as the returns in it
    do. Nothing is ever subtracted, so an outlier that has left leaves no trace.
    """

    def __init__(self, covariance: WindowedCovariance, draw: Draw, path_type: DTypeLike) -> None:
        super().__init__()
        self._covariance = covariance
        self._draw = draw
        window = covariance.rolling.window
        self.words = np.zeros(window, np.int64)
        """Whose normals stand in each row: a bar's index, or ``-1 - row`` of history."""
        self._normals: Floats = np.zeros((window, draw.n_paths), path_type)
        self._deviations: NDArray[np.float64] | None = None

    def factored(self) -> tuple[NDArray[np.float64], Floats]:
        """The deviations of the window, and the normals of its bars."""
        if self._deviations is None:
            self._deviations = self._covariance.rolling.deviations
        return self._deviations, self._normals[: len(self._deviations)]

    def add(self, n_instruments: int) -> None:
        """Make room for instruments listed late."""
        self._deviations, self._rows = None, {}

    def forget(self, instrument: int) -> None:
        """Follow the covariance where it has forgotten an instrument."""
        self._deviations, self._rows = None, {}

    def step(self, word: int) -> None:
        """Follow the bar that the covariance has just taken."""
        slot = (self._covariance.rolling.bars - 1) % len(self.words)
        self.words[slot] = word
        self._normals[slot] = self._draw.bar(word)
        self._deviations, self._rows = None, {}

    def load(self, words: NDArray[np.int64]) -> None:
        """Draw the normals of these bars again."""
        self.words = words
        for slot in range(min(self._covariance.rolling.bars, len(words))):
            self._normals[slot] = self._draw.bar(int(words[slot]))


class CholeskyPaths(DrawnPaths):
    r"""Rows :math:`L z`, :math:`L L^\top = \Sigma`, with normals z that last from bar to bar.

    ``factor`` gives the factor of the covariance as read, of the instruments that have a variance: the same object as
    long as it stands. The normals being the same at every bar, the paths move only as Σ does. The raw rows are in the
    units of the EWMA recursion: the correction for missing returns is taken off, for books put it on. The factor is
    computed when the paths are first read, not at the bar.
    """

    def __init__(
        self,
        covariance: EwmaCovariance | WindowedCovariance,
        factor: Callable[[], PsdFactor],
        normals: LastingNormals,
    ) -> None:
        super().__init__()
        self._covariance, self._factor, self._normals = covariance, factor, normals
        self._known: PsdFactor | None = None
        self._upper: NDArray[np.float64] = np.empty((0, 0))
        self._drawn: Floats = np.empty((0, 0))

    def factored(self) -> tuple[NDArray[np.float64], Floats]:
        """Lᵀ in the units of the recursion, and the normals of the instruments that have a variance."""
        factor = self._factor()
        if factor is not self._known:
            self._known, self._rows = factor, {}
            self._draw(factor.lower)
        return self._upper, self._drawn

    def row(self, instrument: int) -> Floats:
        """The paths of one instrument, shape (P,)."""
        self.factored()
        return super().row(instrument)

    def _draw(self, lower: NDArray[np.float64]) -> None:
        covariance = self._covariance
        correction = covariance.relative_correction
        known = np.flatnonzero(np.diagonal(covariance.raw))
        self._upper = np.zeros((len(known), len(correction)))
        self._upper[:, known] = lower.T * (sqrt(covariance.full_weight) / correction[known])
        normals = self._normals.rows(len(correction))
        self._drawn = normals if len(known) == len(normals) else normals[known]

    def add(self, n_instruments: int) -> None:
        """Make room for instruments listed late: the covariance has another version, and so another factor."""

    def forget(self, instrument: int) -> None:
        """Follow the covariance where it has forgotten an instrument: its version has moved."""

    def step(self, word: int) -> None:
        """Follow the bar that the covariance has just taken: there is nothing to do before the paths are read."""
