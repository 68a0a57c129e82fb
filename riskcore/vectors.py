r"""The vectors of one portfolio, kept equal to matrix times exposure without the product.

With exposures w, :math:`u = E w` and E the model's relative correction:

==========  =====================  ==================================  ==========================
vector      equals                 a price or trade in i adds          a bar adds
==========  =====================  ==================================  ==========================
pull (N)    :math:`S u`            :math:`\Delta u_i\, S_{:,i}`        gain · r · (rᵀu)
history     :math:`R^\top w`       :math:`\Delta w_i\, R_{i,:}`        one slot, :math:`r^\top w`
paths (P)   :math:`X^\top u`       :math:`\Delta u_i\, X_{i,:}`        shocks · (rᵀu)
own (P)     :math:`Z^\top w`       :math:`\Delta w_i\, Z_{i,:}`        nothing
==========  =====================  ==================================  ==========================

all in the raw, unscaled units of the model's matrices. E is 1 for instruments that never missed a bar;
where it changes the change is a change of u like any other. The last vector is kept only under shrinkage: Z are lasting
normals of each instrument alone, which the paths of :math:`(1-\delta)\Sigma + \delta\mu I` take on reading. Where the
scenarios are filtered, R are standardised returns and w there is multiplied by today's volatilities; a bar moves all of
these, so the history is then rebuilt at each bar.
"""

import copy
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from riskcore.blas import add_scaled, product
from riskcore.covariance.shrunk import NOT_SHRUNK
from riskcore.model import MarketModel

Vector = NDArray[np.float64]

_DWARFED = 1e2
_MOVED = ("exposures", "corrected", "covered", "pull", "history", "missing", "paths", "own")


class BookVectors:
    """Exposures as applied, and what follows from them; see the module for the algebra.

    A change in one held instrument costs three passes of N, 4·window and P elements. When more than half of
    what is held moved at once, the products are computed afresh, which is cheaper and exact.
    """

    def __init__(self, model: MarketModel) -> None:
        self._model = model
        n = model.n_instruments
        self.exposures: Vector = np.zeros(n)
        """w as applied, shape (N,), base currency."""
        self.corrected: Vector = np.zeros(n)
        """u as applied, shape (N,)."""
        self.covered: NDArray[np.bool_] = np.zeros(n, np.bool_)
        """Held and priced, shape (N,)."""
        self.pull: Vector = np.zeros(n)
        self.history: Vector = np.zeros(model.window.depth)
        self.missing: NDArray[np.int64] = np.zeros(model.window.depth, np.int64)
        """In each slot, how many covered instruments had no return."""
        self.paths: Vector = np.zeros(model.settings.paths)
        self.own: Vector = np.zeros(0 if model.own_normals is None else model.settings.paths)
        self._gross = self._largest = 0.0
        self.drift = 0.0
        """Largest difference seen when paths were last rebuilt by schedule, over the largest of them."""
        self._correction = model.covariance.relative_correction
        self._today = model.scenario_volatility
        self._versions = model.covariance.version, model.bars, model.epoch
        self._slots: NDArray[np.intp] | None = None
        self._fewest: int | None = None
        self._whole = False
        """Known to have nothing missing in the newest bars."""

    def copy(self) -> "BookVectors":
        """The same vectors, to be moved elsewhere. One copy of each."""
        twin = copy.copy(self)
        for name in _MOVED:
            setattr(twin, name, getattr(self, name).copy())
        return twin

    def grow(self) -> None:
        """Follow the model to more instruments."""
        more = self._model.n_instruments - len(self.exposures)
        self.exposures, self.corrected = np.pad(self.exposures, (0, more)), np.pad(self.corrected, (0, more))
        self.covered, self.pull = np.pad(self.covered, (0, more)), np.pad(self.pull, (0, more))
        self._correction = np.pad(self._correction, (0, more))
        self._today = self._model.scenario_volatility

    def cover(self, covered: NDArray[np.bool_]) -> None:
        """Set which instruments are held and priced. O(window) for each that changed."""
        usable = self._model.window.usable
        for instrument in np.flatnonzero(covered & ~self.covered).tolist():
            self.missing += ~usable[instrument]
        for instrument in np.flatnonzero(self.covered & ~covered).tolist():
            self.missing -= ~usable[instrument]
        self.covered = covered
        self._forget_bars()

    def move_to(self, exposures: Vector) -> None:
        """Bring the vectors to these exposures, shape (N,)."""
        model = self._model
        version = model.covariance.version
        if self._versions[1:] != (model.bars, model.epoch):
            self.rebuild(exposures)
            return
        before, still = self._correction, self._versions[0] == version
        self._correction = correction = before if still else model.covariance.relative_correction
        self._versions = version, model.bars, model.epoch
        if exposures is self.exposures and correction is before:
            return
        moved = exposures != self.exposures
        if correction is not before:
            moved |= exposures * correction != self.corrected
        changed = moved.nonzero()[0]
        if len(changed) and 2 * len(changed) > np.count_nonzero(exposures):
            self.rebuild(exposures)
            return
        for instrument in changed.tolist():
            if not self.move_one(instrument, exposures.item(instrument)):
                self.rebuild(exposures)
                return

    def move_one(self, instrument: int, exposure: float) -> bool:
        """Bring the vectors to this exposure of one instrument: three axpys.

        False, and nothing done, when what would be taken away dwarfs all that stays, and with it its last
        digits: a huge position closed out, or a market that reopens after so long that its correction
        collapses.
        """
        model = self._model
        before, corrected = self.corrected.item(instrument), exposure * self._correction.item(instrument)
        gross = self._gross + abs(corrected) - abs(before)
        if self._largest > _DWARFED * gross:
            return False
        add_scaled(self.pull, corrected - before, model.covariance.raw[instrument])
        add_scaled(self.paths, corrected - before, model.paths.row(instrument))
        change = exposure - self.exposures.item(instrument)
        scale = 1.0 if self._today is None else self._today.item(instrument)
        add_scaled(self.history, change * scale, model.window.scenarios[instrument])
        if model.own_normals is not None:
            add_scaled(self.own, change, model.own_normals[instrument])
        self.exposures[instrument], self.corrected[instrument] = exposure, corrected
        self._gross, self._largest = gross, max(self._largest, abs(corrected))
        return True

    def follow_bar(self) -> bool:
        """Take in the model's last bar by the recursion; False when that cannot be, and a rebuild is needed."""
        model, step = self._model, self._model.step
        if step is None or self._versions[1:] != (model.bars - 1, model.epoch):
            return False
        move = float(step.returns @ self.corrected)
        add_scaled(self.pull, step.gain * move, step.returns)
        add_scaled(self.paths, move, step.shocks)
        if self._today is None:
            self.history[step.slot] = step.returns @ self.exposures
        else:
            self._today = model.scenario_volatility
            self.history = product(self.scaled, model.window.scenarios)
        missing = np.count_nonzero(self.covered > step.usable)
        self.missing[step.slot], self._slots = missing, None
        self._whole = self._whole and not missing
        self._fewest = None if missing or self._fewest is None else self._fewest + 1
        self._versions = self._versions[0], model.bars, model.epoch
        return True

    def rebuild(self, exposures: Vector) -> None:
        """Compute every vector from the matrices. O(N held) + O(window held) + O(P held)."""
        model = self._model
        self._correction = model.covariance.relative_correction
        self.exposures, self.corrected = exposures.copy(), exposures * self._correction
        self._today = model.scenario_volatility
        self.weigh()
        self.pull = product(self.corrected, model.covariance.raw)
        self.history = product(self.scaled, model.window.scenarios)
        self.paths = model.paths.product(self.corrected)
        if model.own_normals is not None:
            self.own = product(self.exposures, model.own_normals)
        if self._versions[1:] != (model.bars, model.epoch):
            self.missing = np.count_nonzero(~model.window.usable[self.covered], axis=0).astype(np.int64)
            self._forget_bars()
        self._versions = model.covariance.version, model.bars, model.epoch

    def weigh(self) -> None:
        """Forget the largest that was held until now: what it left in the last digits is being rebuilt. O(N)."""
        sizes = np.abs(self.corrected)
        self._gross, self._largest = float(sizes.sum()), float(sizes.max(initial=0.0))

    @property
    def scaled(self) -> Vector:
        """What scenarios are multiplied by, shape (N,): w, times today's volatilities where they are filtered."""
        return self.exposures if self._today is None else self.exposures * self._today

    def replace_paths(self, some: slice, afresh: Vector) -> None:
        """Set some paths to what was computed from the matrix, and note how far the recursion had drifted."""
        largest = float(np.max(np.abs(afresh), initial=0.0))
        apart = float(np.max(np.abs(self.paths[some] - afresh), initial=0.0))
        self.drift = apart / largest if largest > 0.0 else 0.0
        self.paths[some] = afresh

    @property
    def variance(self) -> float:
        """wᵀ Σ w of one bar, Σ as read, base currency squared; never negative."""
        covariance, shrunk = self._model.covariance, self._model.shrunk
        variance = max(float(self.corrected @ self.pull), 0.0) * self._unit(covariance.scale)
        opened = self._model.opened
        if opened is not None:
            return opened.kept * variance + opened.gain * self.running**2
        if shrunk is NOT_SHRUNK:
            return variance
        return shrunk.kept * variance + shrunk.ridge * float(self.exposures @ self.exposures)

    @property
    def covariances(self) -> Vector:
        """Σ w of one bar, Σ as read, shape (N,)."""
        covariances = self._correction * self.pull * self._unit(self._model.covariance.scale)
        opened = self._model.opened
        if opened is not None:
            return opened.kept * covariances + opened.gain * self.running * self._correction * opened.returns
        shrunk = self._model.shrunk
        if shrunk is NOT_SHRUNK:
            return covariances
        return shrunk.kept * covariances + shrunk.ridge * self.exposures

    @property
    def running(self) -> float:
        """rᵀ u of the bar that is still open, 0 where none counts."""
        opened = self._model.opened
        return 0.0 if opened is None else float(opened.returns @ self.corrected)

    @property
    def corrections(self) -> Vector:
        """E as applied, shape (N,)."""
        return self._correction

    @property
    def path_factor(self) -> float:
        """What the raw paths are multiplied by to be P&L of one bar."""
        return self._model.paths.scale * sqrt(self._unit(1.0))

    @property
    def slots(self) -> NDArray[np.intp]:
        """Slots of the last ``window`` bars in which every covered instrument had a return, oldest first."""
        if self._slots is None:
            window = self._model.window
            self._whole = self._whole or not np.count_nonzero(self.missing.take(window.newest))
            self._slots = window.newest if self._whole else window.newest_complete(self.missing)
        return self._slots

    @property
    def fewest_returns(self) -> int:
        """The fewest returns of any covered instrument; the bars seen when there is none."""
        if self._fewest is None:
            model = self._model
            self._fewest = int(np.minimum.reduce(model.observations, where=self.covered, initial=model.bars))
        return self._fewest

    def _forget_bars(self) -> None:
        self._slots = self._fewest = None
        self._whole = False

    def _unit(self, scale: float) -> float:
        full = self._model.covariance.full_weight
        return scale / full if full > 0.0 else 0.0

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The state as a flat set of arrays, to be packed."""
        own = {"own": self.own} if len(self.own) else {}
        return own | {
            "exposures": self.exposures,
            "corrected": self.corrected,
            "covered": self.covered,
            "pull": self.pull,
            "history": self.history,
            "missing": self.missing,
            "paths": self.paths,
            "correction": self._correction,
            "versions": np.array(self._versions, np.int64),
            "sizes": np.array([self._gross, self._largest, self.drift]),
        }

    def load(self, arrays: dict[str, NDArray[Any]]) -> None:
        """Take the state over from :meth:`arrays`."""
        self.exposures, self.corrected, self.covered = (
            arrays["exposures"],
            arrays["corrected"],
            arrays["covered"],
        )
        self.pull, self.history, self.missing = arrays["pull"], arrays["history"], arrays["missing"]
        self.paths, self._correction = arrays["paths"], arrays["correction"]
        self.own = arrays.get("own", self.own)
        version, bars, epoch = arrays["versions"].tolist()
        self._versions = version, bars, epoch
        self._gross, self._largest, self.drift = arrays["sizes"].tolist()
        self._forget_bars()
