"""The risk of one portfolio, read off what is kept up to date tick by tick."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from riskcore.components import Components, components_of
from riskcore.distribution import distribution_of
from riskcore.diversification import effective_observations, observed_weights, stand_alone_var
from riskcore.errors import InputError
from riskcore.explain import VarExplainer
from riskcore.exposures import NO_PRICE, UNRATED
from riskcore.kept_book import KeptBook
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
from riskcore.quantile import check_confidence
from riskcore.stress import (
    Shock,
    built_in_stress,
    conditional_shocks,
    episode_moves,
    in_points,
    shock_moves,
    window_episode,
)


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


class RiskBook(KeptBook):
    """Value-at-Risk and Expected Shortfall of one portfolio by three methods, without recomputation.

    Prices go to the model (``model.on_price``) and cost a book nothing until it is read: the book then
    moves its vectors by the net change of each instrument it holds, three axpys each, however many ticks
    came. What it does not hold costs nothing.

    Call :meth:`on_bar` once after each ``model.on_bar``, or for many books at once and cheaper
    :func:`~riskcore.kept_book.follow_bar`; a book that missed one rebuilds.

    Parameters
    ----------
    model
        The shared market.
    name
        Of the portfolio; with the bar count it decides at which bars the vectors are rebuilt from the
        matrices.
    """

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
        if not np.count_nonzero(self._exposures.held):
            return no_risk(settings)
        if not np.count_nonzero(vectors.covered):
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
    def volatilities(self) -> NDArray[np.float64]:
        """Standard deviation of one bar's return of each held instrument, in the order of :attr:`held`."""
        return self.model.volatility[self.held]

    @property
    def drift(self) -> float:
        """Relative difference of the kept path vector from the product, at the last scheduled rebuild."""
        return self._vectors.drift

    # Asking what would be

    def what_if(self, trades: Mapping[int, float]) -> "WhatIf":
        """Risk before and after trades of these quantities; nothing is booked.

        Exact, not an approximation by marginals: the kept vectors plus one column for each trade. The book itself is
        left alone to the last bit, so whether it was asked does not show in what it says later. O(N) + O(P) a trade.
        """
        if not isinstance(trades, Mapping):
            raise InputError(f"what_if takes quantities by instrument, as {{0: 100.0}}, not {trades!r}")
        as_is = self.copy()
        as_is._refresh()
        as_if = as_is.copy()
        for instrument, quantity in trades.items():
            as_if.on_trade(instrument, quantity)
        return WhatIf(as_is, as_if)

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
