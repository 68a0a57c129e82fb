"""riskcore: streaming Value-at-Risk and Expected Shortfall, usable on its own.

Arrays are float64, losses positive. ``docs/maths`` derives the formulas; each docstring names its source.
"""

from riskcore import backtest
from riskcore.bars import Bar, BarSampler
from riskcore.book import RiskBook, WhatIf
from riskcore.cornish_fisher import cornish_fisher_risk
from riskcore.covariance import (
    EwmaCovariance,
    RollingCovariance,
    ledoit_wolf,
    nearest_correlation,
    oas,
    psd_factor,
)
from riskcore.diversification import effective_observations
from riskcore.model import MarketModel
from riskcore.monte_carlo import monte_carlo_pnl
from riskcore.parametric import component_var, marginal_var, parametric_risk
from riskcore.quantile import expected_shortfall, value_at_risk
from riskcore.settings import RiskSettings
from riskcore.stress import Shock, conditional_moves, episode_moves

__all__ = [
    "Bar",
    "BarSampler",
    "EwmaCovariance",
    "MarketModel",
    "RiskBook",
    "RiskSettings",
    "RollingCovariance",
    "Shock",
    "WhatIf",
    "backtest",
    "component_var",
    "conditional_moves",
    "cornish_fisher_risk",
    "effective_observations",
    "episode_moves",
    "expected_shortfall",
    "ledoit_wolf",
    "marginal_var",
    "monte_carlo_pnl",
    "nearest_correlation",
    "oas",
    "parametric_risk",
    "psd_factor",
    "value_at_risk",
]
