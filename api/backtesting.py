"""Judges the stored bars of the running backtest."""

from collections.abc import Sequence
from itertools import dropwhile
from typing import Any, get_args

import msgspec
import numpy as np

from api.models.backtest import BacktestPoint, ForecastTest, Light, LikelihoodTest, Pnl
from api.models.risk import Method
from api.moments import text
from riskcore.backtest import Judgement, judge
from storage.rows import BacktestRow

Key = tuple[Method, float]


class _Forecast(msgspec.Struct, frozen=True):
    method: Method
    confidence: float
    var: float | None
    es: float | None


class _Bar(msgspec.Struct, frozen=True):
    hypothetical_pnl: float
    actual_pnl: float
    forecasts: list[_Forecast]


_bar = msgspec.json.Decoder(_Bar)


class Series:
    """What came of the forecasts of one portfolio, bar by bar, oldest first."""

    def __init__(self, rows: Sequence[BacktestRow]) -> None:
        self._bars: dict[Key, list[BacktestPoint]] = {}
        for row in rows:
            bar = _bar.decode(row.backtest)
            for one in bar.forecasts:
                self._bars.setdefault((one.method, one.confidence), []).append(_point(row.event_time, bar, one))

    @property
    def confidences(self) -> list[float]:
        """The levels that there are forecasts at."""
        return sorted({confidence for _, confidence in self._bars})

    def points(self, method: Method, confidence: float) -> list[BacktestPoint]:
        """The bars of one method and confidence, from its first forecast on: warming up is no failure."""
        return list(dropwhile(lambda point: point.var is None, self._bars.get((method, confidence), [])))

    def tests(self) -> list[ForecastTest]:
        """Put every method and confidence through every test, by hypothetical and by actual P&L."""
        return [_judged(key, pnl, self.points(*key)) for key in self._bars for pnl in get_args(Pnl)]


def _point(event_time: int, bar: _Bar, forecast: _Forecast) -> BacktestPoint:
    return BacktestPoint(
        event_time=text(event_time),
        hypothetical_pnl=bar.hypothetical_pnl,
        actual_pnl=bar.actual_pnl,
        var=forecast.var,
        es=forecast.es,
        hypothetical_exception=forecast.var is None or bar.hypothetical_pnl < -forecast.var,
        actual_exception=forecast.var is None or bar.actual_pnl < -forecast.var,
    )


def _judged(key: Key, pnl: Pnl, points: Sequence[BacktestPoint]) -> ForecastTest:
    earned = [getattr(point, f"{pnl}_pnl") for point in points]
    at_risk, shortfall = ([getattr(point, name) for point in points] for name in ("var", "es"))
    return tested(key[0], pnl, judge(_array(earned), _array(at_risk), _array(shortfall), key[1], "bar"))


def tested(method: str, pnl: Pnl, told: Judgement) -> ForecastTest:
    """A judgement as the API gives it."""
    return ForecastTest(
        method=method,
        confidence=told.confidence,
        pnl=pnl,
        bars=told.days,
        exceptions=told.exceptions,
        expected=told.expected,
        missing=told.missing,
        kupiec=_test(told.kupiec),
        independence=_test(told.independence),
        conditional_coverage=_test(told.conditional_coverage),
        first_failure=_test(told.first_failure),
        light=Light(
            zone=told.light.zone,
            cumulative_probability=told.light.cumulative_probability,
            reason=told.light.reason,
        ),
        z2=_test(told.z2),
        findings=list(told.findings),
        verdict=told.verdict,
    )


def _array(figures: Sequence[float | None]) -> Any:
    return np.array(figures, np.float64)


def _test(result: Any) -> LikelihoodTest:
    return LikelihoodTest(statistic=result.statistic, p_value=result.p_value, reason=result.reason)
