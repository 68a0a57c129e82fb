"""Value-at-Risk and Expected Shortfall of one portfolio by the three methods, read off its vectors."""

from collections.abc import Iterable
from functools import lru_cache
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from riskcore.messages import Forecast, Measure, Method
from riskcore.model import MarketModel
from riskcore.parametric import unit_risk
from riskcore.quantile import TailRisk, tail_risks, weighted_tail_risks
from riskcore.settings import RiskSettings
from riskcore.simulation import simulated, simulated_tails
from riskcore.vectors import BookVectors

METHODS: tuple[Method, ...] = ("parametric", "historical", "monte_carlo")
Measures = tuple[Measure, ...]
_ROUNDING = 1e-15
"""Of the positions' own variances: what their sum may be off by when they cancel."""


def all_measures(model: MarketModel, vectors: BookVectors) -> Measures:
    """Every method at every confidence of the settings. O(N) + O(window) + O(P), no full sort."""
    return (
        *parametric_measures(model, vectors),
        *historical_measures(model, vectors),
        *monte_carlo_measures(model, vectors),
    )


def parametric_measures(model: MarketModel, vectors: BookVectors) -> Measures:
    r"""Closed form from :math:`\sigma = \sqrt{k\, w^\top \Sigma w}`. O(N)."""
    settings = model.settings
    volatility = horizon_volatility(model, vectors)
    measures = []
    for confidence in settings.confidence:
        at_risk, shortfall = unit_risk(confidence, settings.distribution, settings.dof)
        measures.append(Measure("parametric", confidence, at_risk * volatility, shortfall * volatility))
    return tuple(measures)


def historical_measures(model: MarketModel, vectors: BookVectors) -> Measures:
    r"""From :math:`\sqrt{k}\, w^\top r_j` over the book's last ``window`` complete bars. O(window).

    Filtered, the return of bar j is divided by the volatility forecast before it, which takes ``min_observations``
    returns to exist, and multiplied by the present one. Source: Hull, White (1998); Barone-Adesi, Giannopoulos, Vosper
    (1999).
    """
    settings = model.settings
    scenarios = historical_scenarios(model, vectors)
    needed = scenarios_needed(settings)
    if len(scenarios) < needed:
        forecast = " and a volatility forecast before it" if settings.historical == "filtered" else ""
        reason = f"warming up: {len(scenarios)} of {needed} bars in which every instrument had a return{forecast}"
        return without_numbers(settings, reason, ("historical",))
    tails = _historical(settings, scenarios)
    return tuple([Measure("historical", *tail[:3], None, None, len(scenarios)) for tail in tails])


def _historical(settings: RiskSettings, scenarios: NDArray[np.float64]) -> tuple[TailRisk, ...]:
    if settings.historical != "age":
        return tail_risks(scenarios, settings.confidence)
    weights = age_weights(settings.decay, len(scenarios))
    return weighted_tail_risks(scenarios, weights, settings.confidence)


@lru_cache(maxsize=8)
def age_weights(decay: float, n: int) -> NDArray[np.float64]:
    r"""Weights of n scenarios, oldest first: :math:`\lambda^{n-1-j} (1-\lambda)/(1-\lambda^n)`, sum 1.

    Age counts the scenarios of the book, not the bars that were left out because an instrument had no return. Source:
    Boudoukh, Richardson, Whitelaw (1998), The best of both worlds; the half-life is that of the covariance.
    """
    weights = decay ** np.arange(n - 1.0, -1.0, -1.0)
    weights /= np.sum(weights)
    weights.setflags(write=False)
    return weights


def monte_carlo_measures(model: MarketModel, vectors: BookVectors) -> Measures:
    """From the book's path vector, with standard errors. O(P)."""
    simulation = simulated(model, vectors)
    paths = len(simulation.normal)
    return tuple([Measure("monte_carlo", *tail, paths) for tail in simulated_tails(model, simulation)])


def without_numbers(settings: RiskSettings, reason: str, methods: tuple[Method, ...] = METHODS) -> Measures:
    """Every method and confidence without a number, for this reason."""
    return tuple(
        Measure(method, confidence, None, None, reason=reason)
        for method in methods
        for confidence in settings.confidence
    )


def no_risk(settings: RiskSettings) -> Measures:
    """The measures of an empty book: 0."""
    return tuple(Measure(method, confidence, 0.0, 0.0) for method in METHODS for confidence in settings.confidence)


def next_bar(measures: Iterable[Measure], settings: RiskSettings) -> tuple[Forecast, ...]:
    r"""The same forecasts of one bar: every method's figure grows with :math:`\sqrt{k}`, and k = 1."""
    scale = sqrt(settings.bars_in_horizon)
    return tuple(
        Forecast(
            m.method, m.confidence, None if m.var is None else m.var / scale, None if m.es is None else m.es / scale
        )
        for m in measures
    )


def horizon_volatility(model: MarketModel, vectors: BookVectors) -> float:
    """Standard deviation of the P&L over the horizon, base currency."""
    return sqrt(model.settings.bars_in_horizon * vectors.variance)


def is_flat(model: MarketModel, vectors: BookVectors) -> bool:
    """Whether the positions hedge each other to the last digits: what is left of the variance is rounding. O(N)."""
    alone = float(np.square(vectors.exposures * model.volatility) @ vectors.covered)
    return vectors.variance <= _ROUNDING * alone


def historical_scenarios(model: MarketModel, vectors: BookVectors) -> NDArray[np.float64]:
    """P&L over the horizon of each historical scenario, oldest first, base currency."""
    settings, opened = model.settings, model.opened
    bars = vectors.history[vectors.slots]
    if opened is not None and opened.present[vectors.covered].all():
        bars = np.append(bars, opened.returns @ vectors.exposures)[-settings.window :]
    return bars * sqrt(settings.bars_in_horizon)


def historical_var_before(model: MarketModel, vectors: BookVectors, bars: int) -> NDArray[np.float64] | None:
    """Value-at-Risk of the scenarios there were so many bars ago, at each confidence; None when they were too few.

    Filtered scenarios are so seen at today's volatility: what has changed since is the volatility alone. O(window).
    """
    settings = model.settings
    slots = model.window.newest_complete(vectors.missing, bars)
    if len(slots) < scenarios_needed(settings):
        return None
    scenarios = vectors.history[slots] * sqrt(settings.bars_in_horizon)
    return np.array([tail.value_at_risk for tail in _historical(settings, scenarios)])


def scenarios_needed(settings: RiskSettings) -> int:
    """Historical scenarios without which there is no figure."""
    return max(min(settings.min_observations, settings.window), 1)


def monte_carlo_scenarios(model: MarketModel, vectors: BookVectors) -> NDArray[np.float64]:
    """P&L over the horizon on each path, shape (P,), base currency."""
    simulation = simulated(model, vectors)
    pnl = simulation.normal * simulation.factor
    return pnl if model.mixing is None else pnl * model.mixing
