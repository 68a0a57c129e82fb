"""The two BLAS routines of the fast path, in place; SciPy, slow to import, is loaded at first use."""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


@cache
def _routines() -> Any:
    from scipy.linalg import blas  # noqa: PLC0415 - see above

    return blas


def add_scaled(y: Vector, a: float, x: Vector) -> None:
    """``y += a x`` in one pass, without a temporary; both contiguous float64 of the same length."""
    _routines().daxpy(x, y, a=a)


def add_outer(matrix: Matrix, rows: Vector, columns: Vector) -> None:
    """``matrix += rows columnsᵀ`` in one pass over a C-contiguous float64 matrix."""
    _routines().dger(1.0, columns, rows, a=matrix.T, overwrite_x=0, overwrite_y=0, overwrite_a=1)
