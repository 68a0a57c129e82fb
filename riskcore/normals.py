"""The random numbers of the path matrix: functions of (seed, bar), so that replicas need not talk.

Bar and row numbers stand in the *key* of Philox, never in its counter: the streams of consecutive counters
overlap, and the shocks of successive bars would be the same numbers shifted. The two highest bits of the
second key word are the domain: live bars, rows of history, mixing variables, simulations in one go. The third, set
in the last two, tells the lasting normals of one instrument or factor from them.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator, Philox
from numpy.typing import NDArray

_HISTORY = 1 << 63
_MIXING = 1 << 62
_SIMULATION = _HISTORY | _MIXING
_LASTING = 1 << 61


def _generator(seed: int, word: int) -> Generator:
    return Generator(Philox(key=np.array([seed, word], dtype=np.uint64)))


def bar_normals(seed: int, bar: int, n_paths: int) -> NDArray[np.float64]:
    """Independent standard normals for the bar of this absolute index (0 <= bar < 2**62), shape (n_paths,)."""
    return _generator(seed, bar).standard_normal(n_paths)


def history_normals(seed: int, row: int, n_paths: int) -> NDArray[np.float64]:
    """Independent standard normals for a row of history, shape (n_paths,): never those of a bar."""
    return _generator(seed, _HISTORY | row).standard_normal(n_paths)


def student_mixing(seed: int, dof: float, n_paths: int) -> NDArray[np.float64]:
    r"""Factors :math:`\sqrt{(\nu-2)/\chi^2_\nu}`, shape (n_paths,): normal times these is t, of equal variance."""
    return np.sqrt((dof - 2.0) / _generator(seed, _MIXING).chisquare(dof, n_paths))


def simulation_normals(seed: int, n_paths: int, n_factors: int, rows: int) -> Iterator[NDArray[np.float64]]:
    """Independent standard normals, (n_paths, n_factors) in blocks of at most so many rows."""
    generator = _generator(seed, _SIMULATION)
    for start in range(0, n_paths, rows):
        yield generator.standard_normal((min(rows, n_paths - start), n_factors))


@dataclass(frozen=True, slots=True)
class Draw:
    """The normals of one model: P at a time, the second half the first with the other sign if ``antithetic``."""

    seed: int
    n_paths: int
    antithetic: bool = False

    def bar(self, word: int) -> NDArray[np.float64]:
        """Normals of the bar of this index, or of row ``-1 - word`` of history if negative, shape (n_paths,)."""
        return self._normals(word if word >= 0 else _HISTORY | (-1 - word))

    def own(self, instrument: int) -> NDArray[np.float64]:
        """The lasting normals of an instrument's own, of which no other depends, shape (n_paths,)."""
        return self._normals(_MIXING | _LASTING | instrument)

    def factor(self, number: int) -> NDArray[np.float64]:
        """The lasting normals of a column of a Cholesky factor, shape (n_paths,)."""
        return self._normals(_SIMULATION | _LASTING | number)

    def _normals(self, word: int) -> NDArray[np.float64]:
        generator = _generator(self.seed, word)
        if not self.antithetic:
            return generator.standard_normal(self.n_paths)
        half = generator.standard_normal(self.n_paths // 2)
        return np.concatenate((half, -half))
