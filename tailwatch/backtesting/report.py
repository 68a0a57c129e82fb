"""The outcome of a backtest as NDJSON: how it was made, what each test says, and every day."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import groupby
from typing import Any

import msgspec

from tailwatch.backtesting.panel import Panel
from tailwatch.backtesting.table import Outcome

_encode = msgspec.json.Encoder().encode


def ndjson(panel: Panel, outcomes: Sequence[Outcome], made: dict[str, Any]) -> Iterator[bytes]:
    """One object a line, ``type`` first: ``backtest_run``, then ``backtest`` for each series, then every day.

    What cannot be given is null; there is neither NaN nor Infinity. Free of what a wall clock decides: the same
    input and settings give the same bytes.
    """
    uncovered = [
        {"portfolio": portfolio, "symbol": symbol, "reason": reason} for portfolio, symbol, reason in panel.uncovered
    ]
    head = {"type": "backtest_run", "schema": 1, **made, "symbols": panel.symbols, "uncovered": uncovered}
    yield _encode(head) + b"\n"
    for forecasts, judgement in outcomes:
        names = {"portfolio": forecasts.portfolio, "method": forecasts.method}
        yield _encode({"type": "backtest", **names, **asdict(judgement)}) + b"\n"
    for _, group in groupby(outcomes, lambda outcome: (outcome[0].portfolio, outcome[0].method)):
        yield from _days(panel, [forecasts for forecasts, _ in group])


def _days(panel: Panel, series: Sequence[Any]) -> Iterator[bytes]:
    one = series[0]
    happened = [each.exceptions.tolist() for each in series]
    at_risk = [each.value_at_risk.tolist() for each in series]
    shortfall = [each.expected_shortfall.tolist() for each in series]
    for at, (row, pnl) in enumerate(zip(one.rows.tolist(), one.pnl.tolist(), strict=True)):
        forecasts = [
            {
                "confidence": each.confidence,
                "var": _number(at_risk[k][at]),
                "es": _number(shortfall[k][at]),
                "exception": happened[k][at],
            }
            for k, each in enumerate(series)
        ]
        day = {"type": "backtest_day", "portfolio": one.portfolio, "method": one.method, "date": panel.dates[row]}
        yield _encode({**day, "pnl": _number(pnl), "forecasts": forecasts}) + b"\n"


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
