"""P&L against -VaR as an inline SVG: no script, nothing from elsewhere, and no larger for a longer history."""

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from math import floor, isfinite, log10

import numpy as np
from numpy.typing import NDArray

from riskcore.backtest import Forecasts

Vector = NDArray[np.float64]
WIDTH, HEIGHT = 1080, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 84, 10, 10, 24
_INNER = WIDTH - _LEFT - _RIGHT
_TICKS = 5
_YEARS = 15


def svg(series: Sequence[Forecasts], dates: Sequence[datetime.date]) -> str:
    """One portfolio and method: its P&L, -VaR at each confidence, and the exceptions of the highest one marked.

    Days share columns of one pixel where there are more days than pixels; the extremes of each column are drawn.
    Every exception is marked, with date and figures as its tooltip.
    """
    ordered = sorted(series, key=lambda one: one.confidence)
    highest = ordered[-1]
    title = f"P&L of {highest.portfolio} against VaR, {highest.method.replace('_', ' ')}"
    head = f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">'
    if not len(highest.rows):
        return f'{head}<text x="{WIDTH / 2:g}" y="{HEIGHT / 2:g}">no day could be judged</text></svg>'
    frame = _Frame.around(ordered)
    days = [dates[row] for row in highest.rows.tolist()]
    parts = [*_grid(frame), *_years(days, frame), _bars(highest.pnl, frame)]
    parts += [_line(one, frame, rank) for rank, one in enumerate(reversed(ordered))]
    return "".join((head, *parts, *_marks(highest, days, frame), "</svg>"))


@dataclass(frozen=True, slots=True)
class _Frame:
    starts: NDArray[np.intp]
    """The first day of each column."""
    x: Vector
    """Of each day."""
    low: float
    high: float

    @classmethod
    def around(cls, series: Sequence[Forecasts]) -> "_Frame":
        values = np.concatenate([series[0].pnl, *(-one.value_at_risk for one in series), [0.0]])
        low, high = float(np.nanmin(values)), float(np.nanmax(values))
        room = (high - low) * 0.03 or 1.0
        days = len(series[0].rows)
        columns = np.arange(days) * min(days, _INNER) // days
        x = _LEFT + (columns + 0.5) * _INNER / (columns[-1] + 1)
        return cls(np.unique(columns, return_index=True)[1], x, low - room, high + room)

    def y(self, value: float) -> str:
        return f"{_TOP + (self.high - value) / (self.high - self.low) * (HEIGHT - _TOP - _BOTTOM):.1f}"


def _bars(pnl: Vector, frame: _Frame) -> str:
    known = np.nan_to_num(pnl, nan=0.0)
    tops = np.maximum(np.maximum.reduceat(known, frame.starts), 0.0).tolist()
    bottoms = np.minimum(np.minimum.reduceat(known, frame.starts), 0.0).tolist()
    at = frame.x[frame.starts].tolist()
    path = "".join(
        f"M{x:.1f} {frame.y(top)}V{frame.y(bottom)}" for x, top, bottom in zip(at, tops, bottoms, strict=True)
    )
    return f'<path class="pnl" d="{path}"/>'


def _line(one: Forecasts, frame: _Frame, rank: int) -> str:
    largest = np.fmax.reduceat(one.value_at_risk, frame.starts).tolist()
    path, pen = [], "M"
    for x, at_risk in zip(frame.x[frame.starts].tolist(), largest, strict=True):
        if isfinite(at_risk):
            path.append(f"{pen}{x:.1f} {frame.y(-at_risk)}")
        pen = "L" if isfinite(at_risk) else "M"
    return f'<path class="var var{min(rank, 2)}" d="{"".join(path)}"/>'


def _marks(one: Forecasts, days: Sequence[datetime.date], frame: _Frame) -> Iterator[str]:
    for at in np.flatnonzero(one.exceptions).tolist():
        pnl, at_risk = one.pnl.item(at), one.value_at_risk.item(at)
        told = [_figure("P&L", pnl), _figure("VaR", at_risk)]
        place = pnl if isfinite(pnl) else -at_risk if isfinite(at_risk) else 0.0
        title = escape(f"{days[at]}: {', '.join(told)}")
        yield f'<circle cx="{frame.x[at]:.1f}" cy="{frame.y(place)}" r="3"><title>{title}</title></circle>'


def _figure(name: str, value: float) -> str:
    return f"{name} {value:,.0f}" if isfinite(value) else f"no {name}"


def _grid(frame: _Frame) -> Iterator[str]:
    rough = (frame.high - frame.low) / _TICKS
    unit = 10.0 ** floor(log10(rough))
    step = unit * next(factor for factor in (1, 2, 5, 10) if unit * factor >= rough * 0.999)
    for number in range(floor(frame.low / step) + 1, floor(frame.high / step) + 1):
        y = frame.y(number * step)
        yield f'<path class="{"zero" if number == 0 else "grid"}" d="M{_LEFT} {y}H{WIDTH - _RIGHT}"/>'
        yield f'<text class="left" x="{_LEFT - 6}" y="{y}">{number * step:,.6g}</text>'


def _years(days: Sequence[datetime.date], frame: _Frame) -> Iterator[str]:
    turns = [at for at in range(1, len(days)) if days[at].year != days[at - 1].year]
    every = len(turns) // _YEARS + 1
    shown = [at for at in turns if days[at].year % every == 0]
    for at in shown or [0, len(days) - 1]:
        x = f"{frame.x[at]:.1f}"
        yield f'<path class="grid" d="M{x} {_TOP}V{HEIGHT - _BOTTOM}"/>'
        label = str(days[at].year if shown else days[at])
        yield f'<text x="{x}" y="{HEIGHT - 7}">{label}</text>'
