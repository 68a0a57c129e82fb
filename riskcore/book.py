"""One portfolio, kept up to date tick by tick."""

import copy
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from math import isnan
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from riskcore.components import Components, components_of
from riskcore.cost_basis import CostBasis, PositionPnl
from riskcore.distribution import distribution_of
from riskcore.diversification import effective_observations, observed_weights, stand_alone_var
from riskcore.errors import InputError
from riskcore.explain import VarExplainer
from riskcore.exposures import NO_PRICE, UNRATED, Exposures
from riskcore.measures import (
    METHODS,
    all_measures,
    historical_scenarios,
    horizon_volatility,
    is_flat,
    monte_carlo_scenarios,
    no_risk,
    without_numbers,
)
from riskcore.messages import Distribution, Explained, Measure, Method, StressResult
from riskcore.model import MarketModel
from riskcore.positions import NO_RETURNS, Positions, Rate
from riskcore.quantile import check_confidence
from riskcore.state import pack, unpack
from riskcore.stress import (
    Shock,
    built_in_stress,
    conditional_shocks,
    episode_moves,
    in_points,
    shock_moves,
    window_episode,
)
from riskcore.vectors import BookVectors

REBUILD_EVERY = 64
"""Bars between two rebuilds of a book's vectors, at the most."""
_KIND = "risk book, version 2"


@dataclass(frozen=True, slots=True)
class WhatIf:
    """A book as it is, and as it would be: both are books of their own, and neither is the one that was asked."""

    as_is: "RiskBook"
    as_if: "RiskBook"

    @property
    def before(self) -> tuple[Measure, ...]:
        """Measures without the trades, in the order of :meth:`RiskBook.measures`."""
        return self.as_is.measures()

    @property
    def after(self) -> tuple[Measure, ...]:
        """Measures with them, in the same order."""
        return self.as_if.measures()


class RiskBook:
    """Value-at-Risk and Expected Shortfall of one portfolio by three methods, without recomputation.

    Prices go to the model (``model.on_price``) and cost a book nothing until it is read: the book then
    moves its vectors by the net change of each instrument it holds, three axpys each, however many ticks
    came. What it does not hold costs nothing.

    Call :meth:`on_bar` once after each ``model.on_bar``; a book that missed one rebuilds.

    Parameters
    ----------
    model
        The shared market.
    name
        Of the portfolio; with the bar count it decides at which bars the vectors are rebuilt from the
        matrices.
    """

    def __init__(self, model: MarketModel, name: str = "portfolio") -> None:
        self.model = model
        self.name = name
        self.positions = Positions.flat(model.n_instruments)
        self._vectors = BookVectors(model)
        self._explainer: VarExplainer | None = None
        self._phase = zlib.crc32(name.encode()) % REBUILD_EVERY
        self._exposures = Exposures(self.positions, model)
        self._priced = -1
        self._applied: tuple[int, ...] = ()

    # What happens to it

    def describe(
        self,
        instrument: int,
        multiplier: float = 1.0,
        rate: float | Rate | None = 1.0,
        *,
        margined: bool = False,
        proxy: int | None = None,
    ) -> None:
        """Set what one unit of an instrument is.

        Parameters
        ----------
        multiplier
            Of the contract.
        rate
            Quote-to-base: a number that stays, the :class:`~riskcore.positions.Rate` that is another instrument's price
            (the book is then exposed to that, too), or None for not known: the position is uncovered.
        margined
            Gains and losses are settled as they come, as of a future: there is no value for the rate to move.
        proxy
            The instrument whose returns stand in for its own; ``NO_RETURNS`` for none, a position that is valued and in
            no figure of risk.
        """
        self._grow()
        column = instrument if proxy is None else proxy
        for number in (instrument, column if column != NO_RETURNS else instrument):
            self.positions.check(number)
        if isinstance(rate, Rate):
            self.positions.check(rate.instrument)
        lender = rate.instrument if isinstance(rate, Rate) else column
        if lender not in (instrument, NO_RETURNS) and self.model.absolute[lender]:
            raise InputError(f"instrument {lender} has returns in points: it can be neither a rate nor a proxy")
        if self.positions.describe(instrument, multiplier, rate, margined=margined, column=column):
            self.positions.restart(instrument, self.model.prices)
        self._retrade(instrument)

    def on_trade(self, instrument: int, quantity: float, price: float | None = None) -> None:
        """Add a signed quantity of one instrument, bought at ``price`` (by default the model's).

        Three axpys at the next reading. The price enters P&L only: a first position of the day has none to
        begin with.
        """
        self._grow()
        self.positions.check(instrument)
        paid = float(self.model.prices[instrument]) if price is None else price
        self.positions.trade(instrument, quantity, paid, self.model.prices)
        self._retrade(instrument)

    def hold(self, instrument: int, quantity: float, average_price: float | None = None) -> None:
        """State what is held of one instrument; where that is held already, nothing happens.

        For :attr:`pnl` a trade of the difference at the model's price; ``average_price`` is what was paid for the
        whole, None when that is not known.
        """
        self._grow()
        self.positions.check(instrument)
        self.positions.hold(instrument, quantity, average_price, self.model.prices)
        self._retrade(instrument)

    def on_price(self, instrument: int, price: float | None = None) -> None:
        """Take in the price of one instrument now, not at the next reading; ``price`` sets it in the model too."""
        if price is not None:
            self.model.on_price(instrument, price)
        self._grow()
        if self._explainer is not None or not self._exposures.plain:
            self._refresh()
        elif self._exposures.held[instrument]:
            exposure = self._exposures.scale.item(instrument) * self.model.marks.item(instrument)
            if not self._vectors.covered[instrument] or not self._vectors.move_one(instrument, exposure):
                self._refresh()

    def before_bar(self) -> None:
        """Take in trades and prices before the model takes a bar, so that :meth:`explain` can tell them from it.

        Nothing is done, and nothing need be called, in a book that is never asked to explain itself.
        """
        if self._explainer is not None:
            self._refresh()
            self._explainer.turn("model")

    def on_bar(self) -> None:
        """Follow the bar that the model has just taken. O(N) + O(P); a rebuild every 64th bar.

        Where the vectors cannot follow (paths that are drawn anew, a bar that was missed) they are rebuilt when read.
        """
        self._grow()
        if self._explainer is not None:
            self._explainer.on_bar()
        if self._vectors.follow_bar() and (self.model.bars + self._phase) % REBUILD_EVERY == 0:
            self._vectors.rebuild_measured(self._vectors.exposures)

    def start_day(self) -> None:
        """Count :attr:`pnl` from the present prices on."""
        self._grow()
        self.positions.start(self.model.prices)

    # What is read off it

    def measures(self) -> tuple[Measure, ...]:
        """Parametric, historical and Monte Carlo, each at every confidence of the settings.

        An empty book has 0. While an instrument that it holds and that has a price lacks
        ``min_observations`` returns, and when no position has a price, the numbers are None with a reason.
        O(N) + O(window) + O(P).
        """
        self._refresh()
        measures = self._measures()
        if self._explainer is not None:
            self._explainer.on_reading(measures)
        return measures

    def explain(self, since_seq: int = 0) -> tuple[Explained, ...]:
        """Why Value-at-Risk moved since the last call, per method and confidence; the parts add up to the change.

        Empty at the first call, and without what had no number then or has none now. ``since_seq`` is the number of
        the reading of the last call, to be repeated in the answer. Call :meth:`before_bar` before each
        ``model.on_bar``: the parts then come in the order trades, prices, covariance, scenarios, however the three
        happened. Each reading, and each bar, closes a stretch of its own whose parts are added. See
        :class:`~riskcore.explain.VarExplainer` for the definition and the cost.
        """
        if self._explainer is None:
            self._explainer = VarExplainer(self.model, self._vectors)
        self._refresh()
        if self._explainer.unread:
            self.measures()
        return self._explainer.explain(since_seq)

    def _measures(self) -> tuple[Measure, ...]:
        settings, vectors = self.model.settings, self._vectors
        if not self._exposures.held.any():
            return no_risk(settings)
        if not vectors.covered.any():
            return without_numbers(settings, self._why_none())
        if vectors.fewest_returns < settings.min_observations:
            reason = f"warming up: {vectors.fewest_returns} of {settings.min_observations} bars"
            return without_numbers(settings, reason)
        return all_measures(self.model, self._vectors)

    def _why_none(self) -> str:
        reasons = set(self._exposures.missing(self.model.prices).values())
        if NO_PRICE in reasons:
            return "no position has a price"
        return "no position has a rate" if UNRATED in reasons else "no position has returns of its own or of a proxy"

    def components(self, confidence: float | None = None) -> Components:
        """What each covered position and each rate adds, at ``confidence`` (by default the highest of the settings)."""
        at = max(self.model.settings.confidence) if confidence is None else confidence
        check_confidence(at)
        self._refresh()
        lines = self._exposures.lines(self.model.prices, self.model.marks)
        return components_of(self.model, self._vectors, lines, at)

    def diversification(self, method: Method = "parametric", confidence: float | None = None) -> float | None:
        """The Value-at-Risks of the positions, each alone, less that of all together, base currency.

        At one confidence of the settings, the highest by default; None without figures. Not negative for the
        parametric method. Cost: :func:`~riskcore.diversification.stand_alone_var`.
        """
        settings = self.model.settings
        at = max(settings.confidence) if confidence is None else confidence
        if method not in METHODS or at not in settings.confidence:
            known = ", ".join(map(str, (*METHODS, *settings.confidence)))
            raise InputError(f"there are figures by {known}: none by {method} at {at}")
        whole = next((m.var for m in self.measures() if (m.method, m.confidence) == (method, at)), None)
        if whole is None:
            return None
        return float(stand_alone_var(self.model, self._vectors, method, at).sum()) - whole

    def distribution(self, method: Method = "monte_carlo") -> Distribution | None:
        """Histogram of the P&L scenarios, in bins that do not jump between readings; None without risk."""
        if self.observations < self.model.settings.min_observations or is_flat(self.model, self._vectors):
            return None
        scenarios = self.scenarios(method)
        return distribution_of(method, scenarios, horizon_volatility(self.model, self._vectors))

    def scenarios(self, method: Method) -> NDArray[np.float64]:
        """P&L scenarios over the horizon, base currency: (P,) paths, or (n,) past bars, oldest first."""
        self._refresh()
        if method == "monte_carlo":
            return monte_carlo_scenarios(self.model, self._vectors)
        if method == "historical":
            return historical_scenarios(self.model, self._vectors)
        raise InputError(f"{method} has no scenarios: ask for historical or monte_carlo")

    @property
    def exposures(self) -> NDArray[np.float64]:
        """w: change of value for a return of 1 of each instrument, shape (N,), base currency; 0 without a price.

        What is in base currency has w = q m f p; a rate has the values of all positions that it converts.
        """
        self._grow()
        return self._exposures.at(self.model.prices, self.model.marks)

    @property
    def values(self) -> NDArray[np.float64]:
        """Market value q m f p of each position, shape (N,), base currency; 0 where there is no price or rate."""
        self._grow()
        return self._exposures.values(self.model.marks)

    @property
    def quantities(self) -> NDArray[np.float64]:
        """Signed quantity held of each instrument, shape (N,)."""
        return self.positions.quantity

    @property
    def held(self) -> NDArray[np.intp]:
        """Instruments with a quantity that is not 0."""
        return np.flatnonzero(self._exposures.held)

    @property
    def uncovered(self) -> tuple[tuple[int, str], ...]:
        """Held instruments that no figure of risk contains, with the reason."""
        self._grow()
        return tuple(self._exposures.missing(self.model.prices).items())

    @property
    def observations(self) -> int:
        """The fewest returns of any covered instrument; the bars seen when there is none."""
        self._refresh()
        return self._vectors.fewest_returns

    @property
    def effective_observations(self) -> float:
        """The fewest of any covered instrument, :math:`(\\sum w)^2 / \\sum w^2` over the weights of its returns.

        How many equally weighted bars would give as sure a covariance; 0 when nothing is covered. O(window) each.
        """
        self._refresh()
        covered = np.flatnonzero(self._vectors.covered).tolist()
        return min((effective_observations(observed_weights(self.model, i)) for i in covered), default=0.0)

    @property
    def market_value(self) -> float:
        """Sum of the positions' market values, base currency."""
        return float(self.values.sum()) + 0.0

    @property
    def gross(self) -> float:
        """Sum of the market values' sizes, base currency."""
        return float(np.abs(self.values).sum())

    @property
    def net(self) -> float:
        """Long less short market value, base currency."""
        return self.market_value

    @property
    def pnl(self) -> float:
        """P&L since :meth:`start_day`, or since the book began, trades at their own price, base currency.

        Positions in another currency are converted at the rate of each moment: its moves are in the P&L.
        """
        self._grow()
        return self.positions.pnl(self.model.prices)

    def position_pnl(self, instrument: int) -> PositionPnl:
        """Average price, realised and unrealised P&L of one instrument, quote currency; None where not known."""
        self._grow()
        self.positions.check(instrument)
        basis, price = self.positions.bases.get(instrument, CostBasis()), self.model.prices.item(instrument)
        return basis.pnl(None if isnan(price) else price, self.positions.multiplier.item(instrument))

    @property
    def volatilities(self) -> NDArray[np.float64]:
        """Standard deviation of one bar's return of each held instrument, in the order of :attr:`held`."""
        return self.model.volatility[self.held]

    @property
    def drift(self) -> float:
        """Relative difference of the kept path vector from the product, at the last scheduled rebuild."""
        return self._vectors.drift

    # Keeping up

    def _retrade(self, instrument: int) -> None:
        self._exposures.follow(instrument)
        self._priced, self._applied = -1, ()
        if self._explainer is not None:
            self._explainer.traded = True

    def _refresh(self) -> None:
        model = self.model
        now = model.quoted, model.bars, model.epoch, model.covariance.version
        if now == self._applied:
            return
        self._grow()
        if self._explainer is not None:
            self._explainer.take_in(self._exposures)
        self._cover()
        self._vectors.move_to(self._exposures.at(model.prices, model.marks))
        self._applied = now

    def _cover(self) -> None:
        if self._priced != self.model.priced:
            self._priced = self.model.priced
            self.positions.settle(self.model.prices)
            self._vectors.cover(self._exposures.covered(self.model.prices))

    def _grow(self) -> None:
        if self.model.n_instruments > len(self.positions.quantity):
            self.positions.grow(self.model.n_instruments)
            self._vectors.grow()
            self._exposures.grow()

    # State

    def snapshot(self) -> bytes:
        """The book as bytes; restore it on the model restored from the same moment."""
        positions = {f"positions.{name}": array for name, array in self.positions.arrays().items()}
        meta = {"name": self.name, "priced": self._priced, "paid": self.positions.meta()}
        explainer = {} if self._explainer is None else self._explainer.arrays()
        explained = {f"explain.{name}": array for name, array in explainer.items()}
        return pack(_KIND, self._vectors.arrays() | positions | explained, meta)

    @classmethod
    def restore(cls, state: bytes, model: MarketModel) -> "RiskBook":
        """The book as it was at :meth:`snapshot`, on its model; what follows is the same to the last bit."""
        packed = unpack(_KIND, state)
        book = cls(model, packed.meta["name"])
        arrays: dict[str, Any] = packed.arrays
        of_positions = {n.removeprefix("positions."): arrays[n] for n in arrays if n.startswith("positions.")}
        book.positions = Positions.load(of_positions, packed.meta["paid"])
        book._vectors.load(arrays)
        book._exposures = Exposures(book.positions, model)
        book._priced = packed.meta["priced"]
        explained = {n.removeprefix("explain."): arrays[n] for n in arrays if n.startswith("explain.")}
        if explained:
            book._explainer = VarExplainer(model, book._vectors)
            book._explainer.load(explained)
        return book

    # Asking what would be

    def what_if(self, trades: Mapping[int, float]) -> "WhatIf":
        """Risk before and after trades of these quantities; nothing is booked.

        Exact, not an approximation by marginals: the kept vectors plus one column for each trade. The book itself is
        left alone to the last bit, so whether it was asked does not show in what it says later. O(N) + O(P) a trade.
        """
        as_is = self.copy()
        as_is._refresh()
        as_if = as_is.copy()
        for instrument, quantity in trades.items():
            as_if.on_trade(instrument, quantity)
        return WhatIf(as_is, as_if)

    def copy(self) -> "RiskBook":
        """A book of the same positions on the same model, which explains nothing. O(N) + O(window) + O(P)."""
        twin = copy.copy(self)
        twin.positions, twin._vectors = self.positions.copy(), self._vectors.copy()
        twin._exposures, twin._explainer = Exposures(twin.positions, self.model), None
        return twin

    def stress(self, shocks: Shock | Mapping[int, float], *, propagate: bool = False) -> NDArray[np.float64]:
        """P&L of each position, shape (N,), base currency, when prices move by these returns.

        What is not shocked stays where it is, or with ``propagate`` follows by the conditional mean of the covariance:
        :func:`~riskcore.stress.conditional_moves`, which refuses shocks that contradict it. Positions in another
        currency are revalued and converted at the shocked rate, not to first order; a shock of ``everything`` leaves
        rates alone that only convert. O(N); O(N²) to propagate.
        """
        self._grow()
        shock, n = shocks if isinstance(shocks, Shock) else Shock(instruments=shocks), self.model.n_instruments
        still = set(self._exposures.rates.tolist()) - set(self.held.tolist())
        told = in_points(shock.by_instrument(n, still), self.model)
        if propagate:
            return self._revalued(conditional_shocks(self.model, told))
        return self._revalued(shock_moves(Shock(instruments=told), n))

    def stress_episode(self, episode: slice | ArrayLike) -> NDArray[np.float64]:
        """P&L of each position, shape (N,), base currency, if an episode of the past came again.

        ``episode`` is a range of the bars that the scenario window keeps, oldest first (``slice(-60, None)``: the last
        60), or returns of shape (T, N), NaN = none, of the kind of the settings; they are compounded.
        """
        if isinstance(episode, slice):
            return self._revalued(window_episode(self.model, episode))
        moves = episode_moves(episode, self.model.settings.returns, self.model.absolute)
        return self._revalued(moves)

    def _revalued(self, moves: NDArray[np.float64]) -> NDArray[np.float64]:
        self._grow()
        return self._exposures.pnl(self.model.prices, self.model.marks, moves) + 0.0

    def stress_tests(self) -> tuple[StressResult, ...]:
        """The built-in scenarios of every snapshot, defined in :func:`~riskcore.stress.built_in_stress`."""
        self._refresh()
        return built_in_stress(self.model, self._vectors, self._exposures)
