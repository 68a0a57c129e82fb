"""The Cholesky factor of a covariance after a bar: computed afresh, or moved by one row of returns."""

import numpy as np
from scipy.linalg import blas

from riskcore import psd_factor
from tests.benchmarks.report import Table, duration
from tests.benchmarks.timing import seconds


def measure_factor() -> Table:
    """Least times of both, for a covariance that has a factor and for one of fewer bars than instruments."""
    table = Table(
        "A factor after a bar",
        "*Afresh*: `psd_factor`, as `--simulation cholesky` does at a reading after a bar; *singular*: the same "
        "of N/2 bars, whose covariance has no factor, by its spectrum. *Moved*: N rotations of BLAS give that of LLᵀ + "
        "rrᵀ. It is not in use: it would have to be a part of the state, and of a simulation that is for comparison.",
        ("N", "afresh", "singular", "moved", "afresh / moved"),
    )
    for n in (100, 500, 1_000):
        rows = np.random.default_rng(1).normal(size=(2 * n, n)) * 0.01
        matrix, few, upper = rows.T @ rows, rows[: n // 2].T @ rows[: n // 2], np.linalg.cholesky(rows.T @ rows).T
        afresh, singular, moved = (
            min(seconds(work) for _ in range(3))
            for work in (
                lambda: psd_factor(matrix),  # noqa: B023 - called at once
                lambda: psd_factor(few),  # noqa: B023
                lambda: moved_by(upper, rows[0]),  # noqa: B023
            )
        )
        table.rows.append((f"{n:,}", *(duration(t) for t in (afresh, singular, moved)), f"{afresh / moved:.1f}"))
    return table


def moved_by(upper: np.ndarray, row: np.ndarray) -> np.ndarray:
    """U with UᵀU larger by row rowᵀ (Golub, Van Loan 2013, section 6.5.4)."""
    moved, left = np.array(upper, order="C"), row.copy()
    for place in range(len(row)):
        length = float(np.hypot(moved[place, place], left[place]))
        if length > 0.0:
            cosine, sine = moved[place, place] / length, left[place] / length
            blas.drot(moved[place, place:], left[place:], cosine, sine, overwrite_x=1, overwrite_y=1)
    return moved
