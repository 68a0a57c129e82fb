"""The scheduled rebuild of books, a quarter of their paths at a time: those of one bar share a pass over the matrix."""

from collections.abc import Sequence

from riskcore.blas import products
from riskcore.model import MarketModel
from riskcore.paths import PathMatrix
from riskcore.vectors import BookVectors

REBUILD_EVERY = 64
"""Bars between two rebuilds of whatever a book keeps, at the most."""
_QUARTERS = 4
_TURN = REBUILD_EVERY // _QUARTERS
_APART = 2
"""Bars between two at which books are due: with eight groups the pass is shared by an eighth of all books."""


def turn_of(number: int, bars: int) -> int:
    """Where in its round of 64 bars a book of this number is, after so many bars."""
    return (bars + _APART * number) % REBUILD_EVERY


def rebuild_due(model: MarketModel, books: Sequence[tuple[BookVectors, int]]) -> None:
    """Compute from the matrices what is due of these books, each with its :func:`turn_of`.

    A quarter of the paths at every 16th turn, the same of all books that are due at this bar, and the rest of the
    vectors at turn 0. What a book gets does not depend on the others. O(N held) + O(window held) + O(P held) of each in
    64 bars, a read of a quarter of the path matrix for all.
    """
    due = [vectors for vectors, turn in books if turn % _TURN == 0]
    if due and isinstance(model.paths, PathMatrix):
        _rebuild_paths(model, model.paths, due)
        _rebuild_rest(model, [vectors for vectors, turn in books if turn == 0])


def _rebuild_paths(model: MarketModel, paths: PathMatrix, due: Sequence[BookVectors]) -> None:
    quarter, n = model.bars // _TURN % _QUARTERS, model.settings.paths
    some = slice(quarter * n // _QUARTERS, (quarter + 1) * n // _QUARTERS)
    afresh = products([vectors.corrected for vectors in due], paths.raw[:, some])
    for vectors, one in zip(due, afresh, strict=True):
        vectors.replace_paths(some, one)
    if model.own_normals is not None:
        afresh = products([vectors.exposures for vectors in due], model.own_normals[:, some])
        for vectors, one in zip(due, afresh, strict=True):
            vectors.own[some] = one


def _rebuild_rest(model: MarketModel, due: Sequence[BookVectors]) -> None:
    for vectors in due:
        vectors.weigh()
    pulls = products([vectors.corrected for vectors in due], model.covariance.raw)
    histories = products([vectors.scaled for vectors in due], model.window.scenarios)
    for vectors, pull, history in zip(due, pulls, histories, strict=True):
        vectors.pull, vectors.history = pull, history
