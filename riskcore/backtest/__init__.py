"""Was the risk right? Forecasts against what happened: how often, how clustered, and how deep.

An *exception* is a period whose loss exceeds the Value-at-Risk forecast for it; a forecast or P&L that is
missing counts as one (BCBS MAR32). What cannot be told (no exceptions, no two in a row, too few periods) is
an answer with a ``reason``, not an error.

:mod:`coverage <riskcore.backtest.coverage>` counts them, :mod:`basel <riskcore.backtest.basel>` gives
them a colour, :mod:`shortfall <riskcore.backtest.shortfall>` judges Expected Shortfall,
:mod:`rolling <riskcore.backtest.rolling>` makes the forecasts over a panel of daily prices, and
:mod:`judgement <riskcore.backtest.judgement>` says it all of one series, also in words.
"""

from riskcore.backtest.basel import TrafficLight, desk_within_limits, green_share, most_in_window, traffic_light
from riskcore.backtest.coverage import (
    LikelihoodRatio,
    christoffersen_conditional_coverage,
    christoffersen_independence,
    exceptions,
    first_exception,
    kupiec_pof,
    time_to_first_failure,
    transitions,
)
from riskcore.backtest.judgement import Judgement, judge
from riskcore.backtest.rolling import Forecasts, Variant, rolling_backtest
from riskcore.backtest.shortfall import ShortfallTest, acerbi_szekely_z1, acerbi_szekely_z2

__all__ = [
    "Forecasts",
    "Judgement",
    "LikelihoodRatio",
    "ShortfallTest",
    "TrafficLight",
    "Variant",
    "acerbi_szekely_z1",
    "acerbi_szekely_z2",
    "christoffersen_conditional_coverage",
    "christoffersen_independence",
    "desk_within_limits",
    "exceptions",
    "first_exception",
    "green_share",
    "judge",
    "kupiec_pof",
    "most_in_window",
    "rolling_backtest",
    "time_to_first_failure",
    "traffic_light",
    "transitions",
]
