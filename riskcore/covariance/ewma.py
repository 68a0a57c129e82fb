"""Exponentially weighted covariance with zero mean (RiskMetrics), right from the first bar."""

from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from riskcore.blas import add_outer
from riskcore.checks import number, numbers, returns_of_bar, whole
from riskcore.covariance.correlation import correlation_of
from riskcore.errors import InputError
from riskcore.state import pack, unpack

_SMALL = 1e-200
_INDEFINITE = 1e-9
_LIGHT = 2.0**-66
RENORMALISED = 2.0**33
"""The factor on a renormalised instrument's returns: exact, and early enough for paths in single precision."""


class EwmaCovariance:
    r"""Covariance of one bar's returns by the recursion of RiskMetrics, corrected on reading by a congruence.

    .. math:: S_t = \lambda S_{t-1} + (1-\lambda) r_t r_t^\top, \qquad
              W_{t,i} = \lambda W_{t-1,i} + (1-\lambda) [i \text{ has a return}], \qquad
              \Sigma_t = D S_t D,\; D = \mathrm{diag}(1/\sqrt{W_t})

    with :math:`\lambda = 2^{-1/\text{half-life}}`. A return that is NaN (closed, halted, not yet listed)
    contributes 0 and its weight does not grow: an instrument that is closed for a night keeps its
    volatility, and :math:`\Sigma` stays positive semi-definite whatever is missing, which leaving rows out
    would not.

    Use it for live risk: it forgets smoothly and costs one pass a bar. Use :class:`RollingCovariance` to
    reproduce a sample figure.

    Parameters
    ----------
    n_instruments
        N, at least 1; :meth:`add` makes room for more.
    half_life
        In bars, positive.
    initial
        Covariance (N, N) to start from. It counts as an infinite history: no start-up correction is made.

    Notes
    -----
    ``update`` is O(N²), one pass, in place: the decay is folded into a scalar. Readings are O(N²) and
    allocate their result. An instrument that never had a return has covariance 0. Source: RiskMetrics
    Technical Document (1996), section 5.2; the congruence is this library's.
    """

    def __init__(self, n_instruments: int, half_life: float, initial: ArrayLike | None = None) -> None:
        n_instruments = whole(n_instruments, "the number of instruments")
        if not number(half_life, "a half-life") > 0:
            raise InputError(f"a half-life is a positive number of bars, not {half_life}")
        self.decay = float(2.0 ** (-1.0 / half_life))
        self.scale = 1.0
        """The covariance without correction is ``scale * raw``: the decay of all past bars in one number."""
        started = initial is not None
        self.raw = np.zeros((n_instruments, n_instruments)) if initial is None else _symmetric(initial, n_instruments)
        self.weights = np.full(n_instruments, 1.0 if started else 0.0)
        """W, shape (N,)."""
        self.full_weight = 1.0 if started else 0.0
        """The W of an instrument that never missed a bar."""
        self.observations = np.zeros(n_instruments, np.int64)
        """Returns seen of each instrument, shape (N,)."""
        self.version = 0
        """Grows with every bar: what is computed from the matrix can be kept by it."""
        self._relative: tuple[int, NDArray[np.float64]] | None = None

    @property
    def n_instruments(self) -> int:
        return len(self.weights)

    def add(self, n_instruments: int) -> None:
        """Make room for instruments listed late: their weight is 0, as is their covariance yet."""
        self.raw = np.pad(self.raw, (0, n_instruments))
        self.weights = np.append(self.weights, np.zeros(n_instruments))
        self.observations = np.append(self.observations, np.zeros(n_instruments, np.int64))
        self.version += 1

    def forget(self, instrument: int) -> None:
        """Take an instrument back to where a late listing starts; what is left stays positive semi-definite."""
        self.raw[instrument] = self.raw[:, instrument] = 0.0
        self.weights[instrument] = self.observations[instrument] = 0
        self.version += 1

    def update(self, returns: ArrayLike) -> None:
        """Take the returns of one bar, shape (N,), NaN = no return. Infinite ones are an ``InputError``."""
        row = returns_of_bar(returns, self.n_instruments)
        present = ~np.isnan(row)
        self.step(np.where(present, row, 0.0), present)

    def step(self, returns: NDArray[np.float64], present: NDArray[np.bool_]) -> NDArray[np.intp]:
        """Take one bar that is known to be clean: ``returns`` 0 where not ``present``.

        Returns the instruments whose row was renormalised by the factor :data:`RENORMALISED`, nearly always
        none: whoever keeps something linear in ``raw`` must follow.
        """
        gain = 1.0 - self.decay
        self.scale *= self.decay
        if self.scale < _SMALL:
            self.raw *= self.scale
            self.scale = 1.0
        scaled = returns * sqrt(gain / self.scale)
        add_outer(self.raw, scaled, scaled)
        self.weights *= self.decay
        self.weights[present] += gain
        self.full_weight = self.decay * self.full_weight + (gain if present.any() else 0.0)
        self.observations += present
        self.version += 1
        return self._renormalise()

    def _renormalise(self) -> NDArray[np.intp]:
        if 0.0 < self.full_weight < _LIGHT:
            self.full_weight *= RENORMALISED**2
        light = np.flatnonzero((self.weights < _LIGHT) & (self.weights > 0.0))
        if len(light):
            self.weights[light] *= RENORMALISED**2
            self.raw[light] *= RENORMALISED
            self.raw[:, light] *= RENORMALISED
        return light

    @property
    def gain(self) -> float:
        """What the last bar's ``r rᵀ`` is multiplied by in ``raw``."""
        return (1.0 - self.decay) / self.scale

    @property
    def correction(self) -> NDArray[np.float64]:
        """The diagonal of D, shape (N,): ``1/sqrt(W)``, 0 for an instrument that never had a return."""
        return self._root_of_weight(1.0)

    @property
    def relative_correction(self) -> NDArray[np.float64]:
        """D relative to an instrument that never missed a bar, (N,): exactly 1 for such. Once a bar, read only.

        Where a bar changes nothing of it, the array stays the same.
        """
        if self._relative is None or self._relative[0] != self.version:
            relative = self._root_of_weight(self.full_weight)
            if self._relative is not None and np.array_equal(relative, self._relative[1]):
                relative = self._relative[1]
            relative.setflags(write=False)
            self._relative = self.version, relative
        return self._relative[1]

    def _root_of_weight(self, numerator: float) -> NDArray[np.float64]:
        ratio = np.zeros_like(self.weights)
        np.divide(numerator, self.weights, out=ratio, where=self.weights > 0.0)
        return np.sqrt(ratio, out=ratio)

    @property
    def covariance(self) -> NDArray[np.float64]:
        """Covariance of one bar's returns, shape (N, N), symmetric and positive semi-definite."""
        correction = self.correction
        return self.raw * (correction[:, None] * correction) * self.scale

    @property
    def correlation(self) -> NDArray[np.float64]:
        """Correlation, shape (N, N), NaN where a variance is 0."""
        return correlation_of(self.covariance)

    @property
    def volatility(self) -> NDArray[np.float64]:
        """Standard deviation of one bar's returns, shape (N,). O(N)."""
        return np.sqrt(np.diagonal(self.raw) * self.scale) * self.correction

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The state as a flat set of arrays, to be packed."""
        scalars = np.array([self.decay, self.scale, self.full_weight, float(self.version)])
        return {
            "raw": self.raw,
            "weights": self.weights,
            "observations": self.observations,
            "scalars": scalars,
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]]) -> "EwmaCovariance":
        """The estimator as it was, from :meth:`arrays`."""
        estimator = cls(0, 1.0)
        estimator.raw, estimator.weights = arrays["raw"], arrays["weights"]
        estimator.observations = arrays["observations"]
        estimator.decay, estimator.scale, estimator.full_weight, version = arrays["scalars"].tolist()
        estimator.version = int(version)
        return estimator

    def snapshot(self) -> bytes:
        """The state as versioned, checksummed bytes."""
        return pack("ewma covariance", self.arrays(), {})

    @classmethod
    def restore(cls, state: bytes) -> "EwmaCovariance":
        """The estimator as it was at :meth:`snapshot`; what follows is the same to the last bit."""
        return cls.from_arrays(unpack("ewma covariance", state).arrays)


def _symmetric(matrix: ArrayLike, n: int) -> NDArray[np.float64]:
    given = numbers(matrix, "the initial covariance")
    if given.shape != (n, n) or not np.isfinite(given).all():
        raise InputError(f"the initial covariance must be a finite ({n}, {n}) matrix, not of shape {given.shape}")
    symmetric = given / 2.0 + given.T / 2.0
    values = np.linalg.eigvalsh(symmetric)
    if n and values[0] < -_INDEFINITE * abs(values[-1]):
        raise InputError("the initial covariance gives a negative variance: repair it, see nearest_correlation")
    return symmetric
