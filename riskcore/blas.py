"""The BLAS routines of the fast path, in place; SciPy, slow to import, is loaded at first use."""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Floats = NDArray[np.floating]
"""float64 or float32."""

_BLOCK = 160_000
_FEWEST_ROWS = 8


@cache
def routines() -> Any:
    """SciPy's BLAS, loaded by the first call: make it before the number of its threads is limited."""
    from scipy.linalg import blas  # noqa: PLC0415 - see above

    return blas


def add_scaled(y: Vector, a: float, x: Floats) -> None:
    """``y += a x`` in float64; both contiguous and of one length. One pass, and a copy of a float32 ``x``."""
    routines().daxpy(x, y, a=a)


def add_outer(matrix: Floats, rows: Floats, columns: Floats) -> None:
    """``matrix += rows columnsᵀ`` in one pass over a C-contiguous matrix, in its own precision."""
    routine = routines().dger if matrix.dtype == np.float64 else routines().sger
    routine(1.0, columns, rows, a=matrix.T, overwrite_x=0, overwrite_y=0, overwrite_a=1)


def product(factors: Vector, rows: Floats) -> Vector:
    """``factors @ rows``, summed in float64 whatever the rows are.

    Where most factors are 0, only the other rows are read.
    """
    return products((factors,), rows)[0]


def products(factors: Sequence[Vector], rows: Floats) -> list[Vector]:
    """:func:`product` of each of several factors, to the digits that each has alone, in one pass over the rows.

    A few rows at a time, float32 ones widened, which stay in the processor's cache until all have taken them.
    """
    totals, dense = [np.zeros(rows.shape[1]) for _ in factors], []
    if not rows.shape[1]:
        return totals
    for each, total in zip(factors, totals, strict=True):
        held = np.flatnonzero(each)
        if 2 * len(held) > len(each):
            dense.append((each, total))
            continue
        for row in held.tolist():
            add_scaled(total, each.item(row), rows[row])
    for some, block in _blocks(rows) if dense else ():
        for each, total in dense:
            np.add(total, each[some] @ block, out=total)
    return totals


def _blocks(rows: Floats) -> Iterator[tuple[slice, Floats]]:
    size = max(_BLOCK // max(rows.shape[1], 1), _FEWEST_ROWS)
    wide = np.empty((0 if rows.dtype == np.float64 else size, rows.shape[1]))
    for start in range(0, len(rows), size):
        some = slice(start, min(start + size, len(rows)))
        block = rows[some]
        if len(wide):
            np.copyto(wide[: len(block)], block)
            block = wide[: len(block)]
        yield some, block
