"""The BLAS routines of the fast path, in place; SciPy, slow to import, is loaded at first use."""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Floats = NDArray[np.floating]
"""float64 or float32."""

_BLOCK = 32


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
    """``factors @ rows``, summed in float64 whatever the rows are; rows with a factor of 0 are passed over if many are.

    Float32 rows are widened a few at a time, which stay in the processor's cache: a copy of all would be read twice.
    """
    held = np.flatnonzero(factors)
    if 2 * len(held) > len(factors):
        return factors @ rows if rows.dtype == np.float64 else _widened_product(factors, rows)
    total = np.zeros(rows.shape[1])
    for row in held.tolist():
        add_scaled(total, factors.item(row), rows[row])
    return total


def _widened_product(factors: Vector, rows: Floats) -> Vector:
    total, block = np.zeros(rows.shape[1]), np.empty((_BLOCK, rows.shape[1]))
    for start in range(0, len(rows), _BLOCK):
        some = rows[start : start + _BLOCK]
        np.copyto(block[: len(some)], some)
        total += factors[start : start + _BLOCK] @ block[: len(some)]
    return total
