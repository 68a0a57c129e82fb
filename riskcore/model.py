"""The market as every portfolio sees it: prices, covariance, historical scenarios and Monte Carlo paths."""

from dataclasses import dataclass
from functools import cached_property
from math import isfinite, isnan
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from riskcore.blas import Floats
from riskcore.checks import check_instrument, numbers, returns_of_bar, whole
from riskcore.covariance.ewma import RENORMALISED, EwmaCovariance
from riskcore.covariance.factor import PsdFactor
from riskcore.covariance.factors import FactorCache
from riskcore.covariance.shrunk import Shrunk, read_shrinkage
from riskcore.covariance.windowed import WindowedCovariance
from riskcore.drawn_paths import CholeskyPaths, LastingNormals, WindowPaths
from riskcore.errors import InputError
from riskcore.normals import Draw, student_mixing
from riskcore.open_bar import OpenBar
from riskcore.paths import PathMatrix
from riskcore.settings import RiskSettings, check_settings, shape_of
from riskcore.state import Image, State, pack, unpack
from riskcore.window import ScenarioWindow

_NO_SHOCKS = np.empty(0)
_COUNTS = ("bars", "history_rows", "last_bar", "epoch")


@dataclass(frozen=True, slots=True)
class BarStep:
    """What the last bar did to the matrices, so that each book can follow with its vectors."""

    returns: NDArray[np.float64]
    """(N,), 0 where an instrument had none."""
    usable: NDArray[np.bool_]
    """(N,), who has a scenario in this bar."""
    shocks: NDArray[np.float64]
    """(P,): the raw path vector of a book moves by these times its exposure's return; none where paths are redrawn."""
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
    path_type
        Of the path matrix alone: float32, or float64 for twice the memory and the time. The vectors of books, and all
        else, are float64.
    """

    def __init__(
        self, n_instruments: int, settings: RiskSettings | None = None, path_type: DTypeLike = np.float32
    ) -> None:
        self.settings = settings or RiskSettings()
        check_settings(self.settings)
        n_instruments = whole(n_instruments, "the number of instruments")
        self.prices = np.full(n_instruments, np.nan)
        """Last price of each instrument in quote currency, shape (N,), NaN = none yet; read only."""
        self.marks = np.zeros(n_instruments)
        """The same with 0 for none."""
        self.absolute = np.zeros(n_instruments, np.bool_)
        """Whose returns are changes of price in points, shape (N,): see :meth:`describe`."""
        self.priced = 0
        """Number of instruments with a price."""
        self.quoted = 0
        """Grows with every price that is set: what is computed from the prices can be kept by it."""
        self.covariance = _covariance(self.settings, n_instruments)
        self._filtered = self.settings.historical == "filtered"
        self.window = ScenarioWindow(n_instruments, self.settings.window, filtered=self._filtered)
        self._path_type = np.dtype(path_type)
        self._draw = Draw(self.settings.seed, self.settings.paths, self.settings.antithetic)
        self.factors = FactorCache()
        self.paths = self._paths(n_instruments)
        self.bars = 0
        """Bars taken so far, rows of history included."""
        self.history_rows = 0
        self.last_bar: int | None = None
        """Absolute index of the last live bar."""
        self.epoch = 0
        """Grows when the matrices were rescaled: vectors must then be rebuilt."""
        self.step: BarStep | None = None
        self.opened: OpenBar | None = None
        """The bar that is still open, where it counts."""
        self._own = LastingNormals(self.settings.paths, self._draw.own, self._path_type)
        self._shrunk: tuple[int, Shrunk] | None = None
        self._images: list[Image] = []

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

    @property
    def scenario_volatility(self) -> NDArray[np.float64] | None:
        """What an exposure is multiplied by to meet a filtered scenario, shape (N,): today's volatility."""
        return self.volatility if self._filtered else None

    @property
    def shrunk(self) -> Shrunk:
        """The shrinkage of the present covariance, computed once a bar."""
        version = self.covariance.version
        if self._shrunk is None or self._shrunk[0] != version:
            self._shrunk = version, read_shrinkage(self.settings.shrinkage, self.covariance, self.window)
        return self._shrunk[1]

    @property
    def read_covariance(self) -> NDArray[np.float64]:
        """Covariance of one bar's returns as the figures use it, shape (N, N): shrunk. O(N²), a copy."""
        return self.shrunk.apply(self.covariance.covariance)

    def factor(self, instruments: tuple[int, ...] | None = None) -> PsdFactor:
        """The factor of :attr:`read_covariance` for these instruments, by default all that have a variance.

        O(N³) once a bar; ``factors.hits`` and ``factors.misses`` count. Never raises: see
        :func:`~riskcore.covariance.psd_factor`, whose ``distance`` says how far the matrix had to be moved.
        """
        key = (self.covariance.version, self.settings.shrinkage, instruments)
        return self.factors.factor(key, lambda: self._submatrix(instruments))

    def _submatrix(self, instruments: tuple[int, ...] | None) -> NDArray[np.float64]:
        known = (
            np.flatnonzero(np.diagonal(self.covariance.raw)) if instruments is None else np.array(instruments, np.intp)
        )
        whole = self.read_covariance
        return whole if np.array_equal(known, np.arange(len(whole))) else whole[np.ix_(known, known)]

    @property
    def own_normals(self) -> Floats | None:
        r"""Normals of each instrument alone, shape (N, P), from which shrunk paths take :math:`\sqrt{\delta\mu}`."""
        if self.settings.shrinkage == "none" or self.settings.simulation == "cholesky":
            return None
        return self._own.rows(self.n_instruments)

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
        self.absolute = np.append(self.absolute, np.zeros(n_instruments, np.bool_))
        self.covariance.add(n_instruments)
        self.window.add(n_instruments)
        self.paths.add(n_instruments)
        self.step = self.opened = None

    def describe(self, instrument: int, *, absolute: bool) -> None:
        r"""Say whether an instrument has absolute returns: changes of its price, :math:`p' - p`, in points.

        For what can be 0 or below (spreads, power), whose relative returns mean nothing. One that had returns of the
        other kind begins anew. ``InputError`` under shrinkage, which mixes the variances of all instruments.
        """
        if absolute and self.settings.shrinkage != "none":
            raise InputError(
                "shrinkage mixes variances, and those of prices that may be negative are in points: leave it"
            )
        if bool(self.absolute[instrument]) != absolute:
            self.absolute[instrument] = absolute
            self.quoted += 1
            if self.observations[instrument]:
                self.forget(instrument)

    def forget(self, instrument: int) -> None:
        """Take an instrument back to where a late listing starts: no price, no returns, no paths; its number stays.

        For one that has ended (delisted, expired). What is left stays positive semi-definite. O(N + P + window); books
        rebuild.
        """
        self._keep_images()
        for part in (self.covariance, self.window, self.paths):
            part.forget(instrument)
        self.priced -= int(not isnan(self.prices.item(instrument)))
        self.prices[instrument], self.marks[instrument] = np.nan, 0.0
        self.quoted, self.epoch, self.step, self.opened = self.quoted + 1, self.epoch + 1, None, None

    def on_price(self, instrument: int, price: float) -> None:
        """Set the last price of one instrument. O(1): books take it in when they are read, many ticks as one."""
        check_instrument(instrument, len(self.prices))
        if not isfinite(price):
            raise InputError(f"a price is a finite number, not {price}: refuse it before it comes here")
        if isnan(self.prices.item(instrument)):
            self.priced += 1
        self.quoted += 1
        self.prices[instrument] = self.marks[instrument] = price

    def on_prices(self, prices: ArrayLike) -> None:
        """Set the last prices of all instruments at once, shape (N,); NaN leaves a price as it is."""
        given = numbers(prices, "prices")
        if given.shape != self.prices.shape or np.isinf(given).any():
            raise InputError(f"need {self.n_instruments} prices, finite or NaN for none, not shape {given.shape}")
        self.quoted += 1
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
        self._take(returns, int(bar))
        self.last_bar = int(bar)

    def on_open_bar(self, bar: int, returns: ArrayLike) -> None:
        """Let the running returns of the next bar to close, shape (N,), NaN = none, count until it does. O(N).

        Only with the setting ``open_bar``. What it says is taken back by the next call and by :meth:`on_bar`; the state
        stays as it is. The first call for a bar draws its normals, O(P).
        """
        if self.settings.open_bar == "off":
            raise InputError("the open bar counts with the setting open_bar on only: leave it or set it")
        row = returns_of_bar(returns, self.n_instruments)
        present = ~np.isnan(row)
        decay, full = self.settings.decay, self.covariance.full_weight
        weight = decay * full + (1.0 - decay)
        same = self.opened is not None and self.opened.index == bar
        normals = self.opened.normals if self.opened is not None and same else self._draw.bar(bar)
        clean = np.where(present, row, 0.0)
        self.quoted += 1
        self.opened = OpenBar(bar, clean, present, normals, decay * full / weight, (1.0 - decay) / weight)

    def on_history(self, returns: ArrayLike) -> None:
        """Take one row of past returns, shape (N,), already scaled to one bar; before the first live bar."""
        if self.last_bar is not None:
            raise InputError("history comes before the first live bar: load it first")
        self._take(returns, -1 - self.history_rows)
        self.history_rows += 1

    def _take(self, returns: ArrayLike, word: int) -> None:
        row = returns_of_bar(returns, self.n_instruments)
        self._keep_images()
        self.opened = None
        present = ~np.isnan(row)
        clean = np.where(present, row, 0.0)
        forecast = (self.volatility, self.observations >= self.settings.min_observations) if self._filtered else None
        shocks = self._advance(clean, present, word)
        slot = self.window.push(clean, present)
        if forecast is not None:
            self.window.standardise(slot, *forecast)
        self.bars += 1
        self.step = BarStep(clean, self.window.usable[:, slot].copy(), shocks, self.covariance.gain, slot)

    def _advance(self, returns: NDArray[np.float64], present: NDArray[np.bool_], word: int) -> NDArray[np.float64]:
        covariance, paths = self.covariance, self.paths
        before = covariance.scale, paths.scale
        renormalised = covariance.step(returns, present)
        if not isinstance(paths, PathMatrix):
            paths.step(word)
            self.epoch += 1
            return _NO_SHOCKS
        shocks = paths.step(returns, self._draw.bar(word))
        paths.renormalise(renormalised, RENORMALISED)
        if len(renormalised) or covariance.scale > before[0] or paths.scale > before[1]:
            self.epoch += 1
        return shocks

    def _paths(self, n_instruments: int) -> PathMatrix | WindowPaths | CholeskyPaths:
        if self.settings.simulation == "cholesky":
            lasting = LastingNormals(self.settings.paths, self._draw.factor, self._path_type)
            return CholeskyPaths(self.covariance, self.factor, lasting)
        if isinstance(self.covariance, WindowedCovariance):
            return WindowPaths(self.covariance, self._draw, self._path_type)
        return PathMatrix(n_instruments, self.settings.paths, self.settings.decay, self._path_type)

    def snapshot(self) -> bytes:
        """The whole model as bytes, to be restored in mid-stream with identical results."""
        return pack("market model", *self._state())

    def image(self) -> Image:
        """The same as arrays, of which those that only a bar changes are not copied: O(N) at the default settings.

        A bar that closes before the image is released copies them first, O(N²) + O(N P).
        """
        arrays, meta = self._state()
        shared = {id(getattr(owner, name)) for owner, name in self._changed_by_bars()}
        taken = {name: array if id(array) in shared else array.copy() for name, array in arrays.items()}
        self._images = [image for image in self._images if not image.released]
        self._images.append(Image(taken, meta))
        return self._images[-1]

    def _keep_images(self) -> None:
        if any(not image.released for image in self._images):
            for owner, name in self._changed_by_bars():
                setattr(owner, name, getattr(owner, name).copy())
        self._images = []

    def _changed_by_bars(self) -> list[tuple[object, str]]:
        window: list[tuple[object, str]] = [(self.window, "returns"), (self.window, "present")]
        if self._filtered:
            window += [(self.window, "standardised"), (self.window, "forecast")]
        if isinstance(self.covariance, EwmaCovariance):
            window.append((self.covariance, "raw"))
        return [*window, (self.paths, "raw")] if isinstance(self.paths, PathMatrix) else window

    def _state(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        arrays = {f"covariance.{name}": array for name, array in self.covariance.arrays().items()}
        arrays |= {"prices": self.prices, "absolute": self.absolute} | self._path_arrays()
        arrays |= {"returns": self.window.returns, "present": self.window.present}
        if self.window.standardised is not None and self.window.forecast is not None:
            arrays |= {"standardised": self.window.standardised, "forecast": self.window.forecast}
        meta = {name: getattr(self, name) for name in _COUNTS}
        meta |= {"settings": shape_of(self.settings), "rows": self.window.bars}
        meta |= {"scale": self.paths.scale, "path_type": self._path_type.name}
        return arrays, meta

    def _path_arrays(self) -> dict[str, NDArray[Any]]:
        if isinstance(self.paths, PathMatrix):
            return {"paths": self.paths.raw}
        return {"words": self.paths.words} if isinstance(self.paths, WindowPaths) else {}

    @classmethod
    def restore(cls, state: bytes, settings: RiskSettings) -> "MarketModel":
        """The model as it was at :meth:`snapshot`; ``InputError`` when it was made with other settings."""
        return cls.of_state(unpack("market model", state), settings)

    @classmethod
    def of_state(cls, state: State, settings: RiskSettings) -> "MarketModel":
        """As :meth:`restore`, from what was an :meth:`image`; the arrays become the model's own."""
        arrays, meta = state.arrays, state.meta
        if meta["settings"] != shape_of(settings):
            made, now = meta["settings"], shape_of(settings)
            raise InputError(f"the state was made with {made}, the settings are {now}: start anew or mend them")
        model = cls(0, settings, meta["path_type"])
        parts = {name.removeprefix("covariance."): array for name, array in arrays.items()}
        model.covariance = type(model.covariance).from_arrays(parts)
        model.paths = model._paths(0)
        if isinstance(model.paths, WindowPaths):
            model.paths.load(arrays["words"])
        elif isinstance(model.paths, PathMatrix):
            model.paths.raw, model.paths.scale = arrays["paths"], meta["scale"]
        model.window.returns, model.window.present = arrays["returns"], arrays["present"]
        model.window.standardised, model.window.forecast = arrays.get("standardised"), arrays.get("forecast")
        model.window.bars = meta["rows"]
        model.prices, model.absolute = arrays["prices"], arrays["absolute"]
        model.marks = np.nan_to_num(model.prices, nan=0.0)
        model.priced = model.n_instruments - int(np.isnan(model.prices).sum())
        for name in _COUNTS:
            setattr(model, name, meta[name])
        return model


def _covariance(settings: RiskSettings, n_instruments: int) -> EwmaCovariance | WindowedCovariance:
    if settings.covariance == "rolling":
        return WindowedCovariance(n_instruments, settings.window)
    return EwmaCovariance(n_instruments, settings.half_life)
