"""What the jobs compute; the results are those of the API, as JSON."""

import math
from base64 import b64decode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from api.backtesting import tested
from api.models import BacktestResult, DailyForecasts, MonteCarloResult, NewBacktest, NewMonteCarlo, Uncovered
from files.positions import Position
from riskcore.backtest import Forecasts, judge, rolling_backtest
from riskcore.distribution import distribution_of
from riskcore.errors import InputError, TailwatchError
from riskcore.messages import Measure
from riskcore.monte_carlo import monte_carlo_pnl
from riskcore.quantile import tail_risks
from riskcore.settings import RiskSettings
from storage.jobs import JobRow, JobStore
from tailwatch.backtesting.panel import Panel, join
from tailwatch.backtesting.variants import variants_of
from tailwatch.history import read_history
from tailwatch.jobs.histories import find_history

Vector = NDArray[np.float64]
_ANSWER_S = 30.0


@dataclass(frozen=True, slots=True)
class Work:
    """A job, and what is needed to do it."""

    job: JobRow
    store: JobStore
    histories: Path
    on_progress: Callable[[float, float], None]
    """Called with (done, of all); raises where no more is wanted."""


class _Linear(msgspec.Struct, frozen=True):
    event_time: str
    journal_offset: int
    base_currency: str
    horizon: str
    instruments: int
    exposures: str
    covariance: str
    confidence: tuple[float, ...]
    distribution: str
    dof: float
    uncovered: list[dict[str, str]]


def monte_carlo(work: Work) -> bytes:
    """VaR and ES over many paths, drawn afresh from the covariance that the engine has now."""
    job = work.job
    wanted = _request(job, NewMonteCarlo)
    book = _linear(work)
    exposures, covariance = _array(book.exposures), _symmetric(_array(book.covariance), book.instruments)
    pnl = np.zeros(wanted.paths)
    if book.instruments:
        law: Any = {"distribution": book.distribution, "dof": book.dof if book.distribution == "t" else None}
        pnl = monte_carlo_pnl(exposures, covariance, wanted.paths, wanted.seed, **law, progress=work.on_progress)
    measures = [
        Measure("monte_carlo", tail.confidence, *tail[1:], scenarios=wanted.paths)
        for tail in tail_risks(pnl, book.confidence, errors=True)
    ]
    volatility = math.sqrt(max(float(exposures @ covariance @ exposures), 0.0))
    result = {
        "kind": job.kind,
        "event_time": book.event_time,
        "journal_offset": book.journal_offset,
        "base_currency": book.base_currency,
        "horizon": book.horizon,
        "paths": wanted.paths,
        "seed": wanted.seed,
        "measures": measures,
        "distribution": distribution_of("monte_carlo", pnl, volatility),
        "uncovered": book.uncovered,
    }
    return MonteCarloResult.model_validate_json(msgspec.json.encode(result)).model_dump_json().encode()


def _linear(work: Work) -> _Linear:
    question = msgspec.json.encode({"question": "linear", "portfolio": work.job.portfolio})
    answer = work.store.ask(work.job.run, question, _ANSWER_S)
    if answer.status != 200:
        raise TailwatchError(msgspec.json.decode(answer.payload)["detail"])
    return msgspec.json.decode(answer.payload, type=_Linear)


def _array(text: str) -> Vector:
    return np.frombuffer(b64decode(text), "<f8")


def _symmetric(triangle: Vector, n: int) -> Vector:
    matrix = np.zeros((n, n))
    matrix[np.triu_indices(n)] = triangle
    return matrix + np.triu(matrix, 1).T


def backtest(work: Work) -> bytes:
    """What is held now over a history of daily prices; a bar and the horizon are a day."""
    job = work.job
    wanted = _request(job, NewBacktest)
    settings = msgspec.json.decode(work.store.settings(job.run), type=RiskSettings)
    panel = join(
        read_history(find_history(work.histories, wanted.history)), _positions(work, settings), settings.base_currency
    )
    forecasts = rolling_backtest(
        panel.prices,
        panel.quantities,
        variants_of(settings),
        panel.first_row(wanted.start),
        panel.last_row(wanted.end),
        hold=wanted.hold,
        progress=work.on_progress,
    )
    if not forecasts or not len(forecasts[0].rows):
        raise InputError(f"history: its {len(panel.dates):,d} days leave none to judge; name an earlier start")
    return _judged(wanted, panel, forecasts, settings.base_currency).model_dump_json().encode()


def _positions(work: Work, settings: RiskSettings) -> list[Position]:
    rows = work.store.positions(work.job.run, work.job.portfolio)
    held = [
        Position(row.portfolio, row.symbol, row.quantity, row.average_price, row.multiplier, row.currency)
        for row in rows
        if row.quantity
    ]
    if not held:
        raise InputError(f"portfolio {work.job.portfolio!r} holds nothing")
    return held


def _judged(wanted: NewBacktest, panel: Panel, forecasts: Sequence[Forecasts], currency: str) -> BacktestResult:
    one = forecasts[0]
    return BacktestResult(
        kind="backtest",
        base_currency=currency,
        hold=wanted.hold,
        dates=[panel.dates[row] for row in one.rows.tolist()],
        pnl=_numbers(one.pnl),
        forecasts=[
            DailyForecasts(method=each.method, confidence=each.confidence, var=_numbers(each.value_at_risk))
            for each in forecasts
        ],
        tests=[
            tested(
                each.method,
                "hypothetical",
                judge(each.pnl, each.value_at_risk, each.expected_shortfall, each.confidence),
            )
            for each in forecasts
        ],
        uncovered=[Uncovered(symbol=symbol, reason=reason) for _, symbol, reason in panel.uncovered],
    )


def _numbers(figures: Vector) -> list[float | None]:
    return [figure if math.isfinite(figure) else None for figure in figures.tolist()]


def _request(job: JobRow, model: Any) -> Any:
    asked = {"kind": job.kind, "portfolio": job.portfolio, **msgspec.json.decode(job.request)}
    return model.model_validate_json(msgspec.json.encode(asked))


WORKS: dict[str, Callable[[Work], bytes]] = {"monte_carlo": monte_carlo, "backtest": backtest}
