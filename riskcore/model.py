"""The market as every portfolio sees it: prices, covariance, historical scenarios and Monte Carlo paths."""

from dataclasses import dataclass
from functools import cached_property
from math import isfinite, isnan

import numpy as np
from numpy.typing import ArrayLike, NDArray

from riskcore.covariance.ewma import RENORMALISED, EwmaCovariance
from riskcore.errors import InputError
from riskcore.normals import bar_normals, history_normals, student_mixing
from riskcore.paths import PathMatrix
from riskcore.quantile import check_confidence
from riskcore.settings import RiskSettings
from riskcore.state import pack, unpack
from riskcore.window import ScenarioWindow

_COUNTS = ("bars", "history_rows", "last_bar", "epoch")


@dataclass(frozen=True, slots=True)
class BarStep:
    """What the last bar did to the matrices, so that each book can follow with its vectors."""

    returns: NDArray[np.float64]
    """(N,), 0 where an instrument had none."""
    present: NDArray[np.bool_]
    shocks: NDArray[np.float64]
    """(P,): the raw path vector of a book moves by these times its exposure's return."""
    gain: float
    """The raw ``g = S u`` of a book moves by ``gain * returns`` times its exposure's return."""
    slot: int
    """Slot of the scenario window that was written."""


class MarketModel:
    r"""Shared state of all portfolios: last prices p, covariance :math:`\Sigma = D S D`, returns R, paths X.

    Instruments are numbers 0..N-1; who maps keys to numbers is not this library's concern. A price costs
    O(1), a bar O(N²) + O(N P). Everything is a function of the calls made: no clock, no shared generator;
    ``normals`` of a bar are a function of (seed, bar index) alone.

    Parameters
    ----------
    n_instruments
        N, 0 or more; :meth:`add` makes room for late listings.
    settings
        Half-life, window, paths, seed and the rest, with the contract's defaults.
    """

    def __init__(self, n_instruments: int, settings: RiskSettings | None = None) -> None:
        self.settings = settings or RiskSettings()
        _check(self.settings)
        self.prices = np.full(n_instruments, np.nan)
        """Last price of each instrument in quote currency, shape (N,), NaN = none yet; read only."""
        self.marks = np.zeros(n_instruments)
        """The same with 0 for none."""
        self.priced = 0
        """Number of instruments with a price."""
        self.covariance = EwmaCovariance(n_instruments, self.settings.half_life)
        self.window = ScenarioWindow(n_instruments, self.settings.window)
        self.paths = PathMatrix(n_instruments, self.settings.paths, self.settings.decay)
        self.bars = 0
        """Bars taken so far, rows of history included."""
        self.history_rows = 0
        self.last_bar: int | None = None
        """Absolute index of the last live bar."""
        self.epoch = 0
        """Grows when the matrices were rescaled: vectors must then be rebuilt."""
        self.step: BarStep | None = None

    @property
    def n_instruments(self) -> int:
        return len(self.prices)

    @property
    def observations(self) -> NDArray[np.int64]:
        """Returns seen of each instrument, shape (N,), history included."""
        return self.covariance.observations

    @property
    def volatility(self) -> NDArray[np.float64]:
        """Standard deviation of one bar's returns, shape (N,)."""
        return self.covariance.volatility

    @cached_property
    def mixing(self) -> NDArray[np.float64] | None:
        """Factor of each path that makes it Student-t, shape (P,), drawn once; None for the normal law."""
        if self.settings.distribution == "normal":
            return None
        return student_mixing(self.settings.seed, self.settings.dof, self.settings.paths)

    def add(self, n_instruments: int) -> None:
        """Make room for more instruments, numbered after those that are there. O(N P), a copy."""
        self.prices = np.append(self.prices, np.full(n_instruments, np.nan))
        self.marks = np.append(self.marks, np.zeros(n_instruments))
        self.covariance.add(n_instruments)
        self.window.add(n_instruments)
        self.paths.add(n_instruments)
        self.step = None

    def on_price(self, instrument: int, price: float) -> None:
        """Set the last price of one instrument. O(1): books take it in when they are read, many ticks as one."""
        if not isfinite(price):
            raise InputError(f"a price is a finite number, not {price}: refuse it before it comes here")
        if isnan(self.prices.item(instrument)):
            self.priced += 1
        self.prices[instrument] = self.marks[instrument] = price

    def on_prices(self, prices: ArrayLike) -> None:
        """Set the last prices of all instruments at once, shape (N,); NaN leaves a price as it is."""
        given = np.asarray(prices, dtype=np.float64)
        if given.shape != self.prices.shape or np.isinf(given).any():
            raise InputError(f"need {self.n_instruments} prices, finite or NaN for none, not shape {given.shape}")
        known = ~np.isnan(given)
        np.copyto(self.prices, given, where=known)
        np.copyto(self.marks, given, where=known)
        self.priced = self.n_instruments - int(np.isnan(self.prices).sum())

    def on_bar(self, bar: int, returns: ArrayLike) -> None:
        """Close the bar of this absolute index with its returns, shape (N,), NaN = no return.

        Every book must follow with its own ``on_bar`` before the next.
        """
        if bar < 0 or (self.last_bar is not None and bar <= self.last_bar):
            raise InputError(f"bar {bar} does not follow bar {self.last_bar}: bars are closed in order")
        self._take(returns, bar_normals(self.settings.seed, int(bar), self.settings.paths))
        self.last_bar = int(bar)

    def on_history(self, returns: ArrayLike) -> None:
        """Take one row of past returns, shape (N,), already scaled to one bar; before the first live bar."""
        if self.last_bar is not None:
            raise InputError("history comes before the first live bar: load it first")
        self._take(returns, history_normals(self.settings.seed, self.history_rows, self.settings.paths))
        self.history_rows += 1

    def _take(self, returns: ArrayLike, normals: NDArray[np.float64]) -> None:
        row = np.asarray(returns, dtype=np.float64)
        if row.shape != self.prices.shape or np.isinf(row).any():
            raise InputError(f"a bar must have {self.n_instruments} finite or missing returns, got shape {row.shape}")
        present = ~np.isnan(row)
        clean = np.where(present, row, 0.0)
        covariance, paths = self.covariance, self.paths
        scales = covariance.scale, paths.scale
        renormalised = covariance.step(clean, present)
        shocks = paths.step(clean, normals)
        if len(renormalised):
            paths.raw[renormalised] *= RENORMALISED
        if len(renormalised) or covariance.scale > scales[0] or paths.scale > scales[1]:
            self.epoch += 1
        slot = self.window.push(clean, present)
        self.bars += 1
        self.step = BarStep(clean, present, shocks, (1.0 - covariance.decay) / covariance.scale, slot)

    def snapshot(self) -> bytes:
        """The whole model as bytes, to be restored in mid-stream with identical results."""
        arrays = {f"covariance.{name}": array for name, array in self.covariance.arrays().items()}
        arrays |= {"prices": self.prices, "paths": self.paths.raw}
        arrays |= {"returns": self.window.returns, "present": self.window.present}
        meta = {name: getattr(self, name) for name in _COUNTS}
        meta |= {"settings": _shape(self.settings), "rows": self.window.bars, "scale": self.paths.scale}
        return pack("market model", arrays, meta)

    @classmethod
    def restore(cls, state: bytes, settings: RiskSettings) -> "MarketModel":
        """The model as it was at :meth:`snapshot`; ``InputError`` when it was made with other settings."""
        packed = unpack("market model", state)
        arrays, meta = packed.arrays, packed.meta
        if meta["settings"] != _shape(settings):
            made, now = meta["settings"], _shape(settings)
            raise InputError(f"the state was made with {made}, the settings are {now}: start anew or mend them")
        model = cls(0, settings)
        parts = {name.removeprefix("covariance."): array for name, array in arrays.items()}
        model.covariance = EwmaCovariance.from_arrays(parts)
        model.paths.raw, model.paths.scale = arrays["paths"], meta["scale"]
        model.window.returns, model.window.present = arrays["returns"], arrays["present"]
        model.window.bars = meta["rows"]
        model.prices = arrays["prices"]
        model.marks = np.nan_to_num(model.prices, nan=0.0)
        model.priced = model.n_instruments - int(np.isnan(model.prices).sum())
        for name in _COUNTS:
            setattr(model, name, meta[name])
        return model


def _check(settings: RiskSettings) -> None:
    if settings.distribution == "t" and not settings.dof > 2:
        raise InputError(f"Student-t needs more than 2 degrees of freedom to have a variance, not {settings.dof}")
    if settings.window < 1 or settings.paths < 1:
        raise InputError(f"need a window and paths of at least 1, not {settings.window} and {settings.paths}")
    if not 0 <= settings.seed < 2**64:
        raise InputError(f"a seed lies from 0 to 2**64 - 1, not {settings.seed}")
    if not settings.confidence or not settings.bars_in_horizon > 0:
        raise InputError("need at least one confidence, and a horizon longer than nothing")
    for confidence in settings.confidence:
        check_confidence(confidence)


def _shape(settings: RiskSettings) -> dict[str, float]:
    return {
        "bar": settings.bar,
        "half_life": settings.half_life,
        "window": settings.window,
        "paths": settings.paths,
        "seed": settings.seed,
    }
