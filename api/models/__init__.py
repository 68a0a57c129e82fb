"""The payloads of the API, one module for each subject; ``python -m api.openapi`` prints their schema."""

from api.models.alert import Alert
from api.models.backtest import Backtest, BacktestPoint, ForecastTest, Light, LikelihoodTest
from api.models.book import Position
from api.models.covariance import Conditioning, Covariance
from api.models.explanation import Explanation
from api.models.health import Account, Feed, Health, Ledger, Part, Readiness
from api.models.history import History, HistoryPoint
from api.models.instrument import Instrument, NewInstrument, NewInstruments
from api.models.job import (
    BacktestResult,
    DailyForecasts,
    Histories,
    Job,
    MonteCarloResult,
    NewBacktest,
    NewJob,
    NewMonteCarlo,
)
from api.models.limit import Limit, NewLimit, NewLimits, NewSilence, Silence
from api.models.portfolio import PortfolioSummary
from api.models.problem import Problem
from api.models.reconciliation import PositionDifference, Reconciliation
from api.models.replay import Replay, Steer
from api.models.risk import (
    BarBacktest,
    CurrencyRisk,
    Distribution,
    Explained,
    Forecast,
    Measure,
    PositionRisk,
    Quality,
    RiskSnapshot,
    StressResult,
    Uncovered,
)
from api.models.session import NewSession, SessionInfo
from api.models.stream import Reset
from api.models.stress import (
    AskedScenario,
    Episode,
    NewScenario,
    PositionPnl,
    Scenario,
    ScenarioPnl,
    ShockedGroup,
    Stress,
)
from api.models.trade import BookedTrade, BookedTrades, NewTrade, NewTrades
from api.models.what_if import Candidate, Candidates, ComponentChange, MeasureChange, WhatIf

__all__ = [
    "Account",
    "Alert",
    "AskedScenario",
    "Backtest",
    "BacktestPoint",
    "BacktestResult",
    "BarBacktest",
    "BookedTrade",
    "BookedTrades",
    "Candidate",
    "Candidates",
    "ComponentChange",
    "Conditioning",
    "Covariance",
    "CurrencyRisk",
    "DailyForecasts",
    "Distribution",
    "Episode",
    "Explained",
    "Explanation",
    "Feed",
    "Forecast",
    "ForecastTest",
    "Health",
    "Histories",
    "History",
    "HistoryPoint",
    "Instrument",
    "Job",
    "Ledger",
    "Light",
    "LikelihoodTest",
    "Limit",
    "Measure",
    "MeasureChange",
    "MonteCarloResult",
    "NewBacktest",
    "NewInstrument",
    "NewInstruments",
    "NewJob",
    "NewLimit",
    "NewLimits",
    "NewMonteCarlo",
    "NewScenario",
    "NewSession",
    "NewSilence",
    "NewTrade",
    "NewTrades",
    "Part",
    "PortfolioSummary",
    "Position",
    "PositionDifference",
    "PositionPnl",
    "PositionRisk",
    "Problem",
    "Quality",
    "Readiness",
    "Reconciliation",
    "Replay",
    "Reset",
    "RiskSnapshot",
    "Scenario",
    "ScenarioPnl",
    "SessionInfo",
    "ShockedGroup",
    "Silence",
    "Steer",
    "Stress",
    "StressResult",
    "Uncovered",
    "WhatIf",
]
