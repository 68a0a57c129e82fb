r"""Forecasts as they would have been made, day by day over a panel of prices, beside what then happened.

At the end of day t every model has seen the days up to t and no later one; a :class:`RiskBook` on it says VaR
and ES of one day. The P&L of day t+1 is that of the positions held at the end of t (hypothetical P&L: no
trades, no fees). One pass, one day at a time; the state is that of the models, and what is kept grows by a
few numbers a day.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from riskcore.backtest.coverage import exceptions
from riskcore.book import RiskBook
from riskcore.checks import numbers
from riskcore.errors import InputError
from riskcore.messages import Method
from riskcore.model import MarketModel
from riskcore.settings import DAY, RiskSettings

Vector = NDArray[np.float64]
Hold = Literal["quantity", "exposure"]
METHODS: tuple[Method, ...] = ("parametric", "historical", "monte_carlo")


@dataclass(frozen=True, slots=True)
class Variant:
    """One way of measuring risk to be judged: settings, and the methods that are read off them."""

    settings: RiskSettings
    methods: tuple[Method, ...] = METHODS
    label: str = ""
    """Stands behind the method's name: ``filtered``."""

    def name(self, method: Method) -> str:
        """How the method is called under this variant."""
        return f"{method} {self.label}".rstrip()

    @property
    def daily(self) -> RiskSettings:
        """The settings with a bar of one day and a horizon of one day: k = 1."""
        return replace(self.settings, bar=DAY, day=DAY, horizon=DAY, horizon_days=1.0)


@dataclass(frozen=True, slots=True)
class Forecasts:
    """One portfolio by one method at one confidence: what was forecast for each day, and what happened."""

    portfolio: str
    method: str
    confidence: float
    rows: NDArray[np.int64]
    """The day's row in the panel, shape (T,)."""
    pnl: Vector
    """Of that day, shape (T,), base currency; NaN where a held instrument had no price."""
    value_at_risk: Vector
    """Forecast at the end of the day before, shape (T,), losses positive; NaN where there was none."""
    expected_shortfall: Vector

    @property
    def exceptions(self) -> NDArray[np.bool_]:
        """Days whose loss exceeded the forecast, or that lack either, shape (T,)."""
        return exceptions(self.pnl, self.value_at_risk)


def rolling_backtest(
    prices: ArrayLike,
    books: Mapping[str, ArrayLike],
    variants: Sequence[Variant] = (Variant(RiskSettings()),),
    first: int | None = None,
    last: int | None = None,
    hold: Hold = "quantity",
    progress: Callable[[int, int], None] | None = None,
) -> list[Forecasts]:
    """Forecast each day's VaR and ES from the days before it, and set the day's P&L beside them.

    Parameters
    ----------
    prices
        Shape (T, N), oldest first, in base currency, positive; NaN = no price that day. A row without any
        price is no day.
    books
        For each portfolio the signed quantity of each instrument, shape (N,), multipliers included. An
        instrument joins its book at the end of the day on which it has ``min_observations`` returns.
    variants
        What is to be judged. Bar and horizon of their settings are taken as one day each.
    first, last
        Rows of the first and the last day to be judged, both included; those before ``first`` train the
        models all the same. By default the first is the one before which a whole ``window`` of scenarios was
        seen.
    hold
        What stays the same through the years: ``quantity`` (a small book then where prices were small), or
        ``exposure`` (the value of each position at its last price of the panel, set up anew every day).
    progress
        Called with (days done, days in all).

    Returns
    -------
    list of Forecasts
        By variant, portfolio, method and confidence, each of a portfolio over the same days: those before all
        of them had made a first forecast are left out (of one that never makes any, all). A later day without
        forecast or P&L is there, with NaN. The P&L of the day after a missing price spans the gap.

    Raises
    ------
    InputError
        Prices or quantities of the wrong shape, not finite, or prices not positive.

    Notes
    -----
    A day costs one ``on_bar`` of each variant and one reading of each book. No forecast sees a later day.
    """
    panel = _panel(prices)
    end = len(panel) - 1 if last is None else last
    days = [row for row in np.flatnonzero(~np.isnan(panel).all(axis=1)).tolist() if row <= end]
    begin = _default_first(days, variants) if first is None else first
    units = {name: _units(name, held, panel, hold) for name, held in books.items()}
    runs = [_Run(variant, units, begin) for variant in variants]
    marks = np.full(panel.shape[1], np.nan)
    for done, row in enumerate(days, start=1):
        now = panel[row]
        relative = now / marks - 1.0
        moves = relative if hold == "exposure" else now - marks
        following = days[done] if done < len(days) else None
        values = np.where(np.isnan(now), np.nan, 1.0) if hold == "exposure" else now
        for run in runs:
            run.realise(row, moves)
            run.close(row, values, np.log1p(relative) if run.settings.returns == "log" else relative)
            run.forecast(following)
        marks = np.where(np.isnan(now), marks, now)
        if progress is not None:
            progress(done, len(days))
    return _same_days([series for run in runs for series in run.series()])


@dataclass
class _Held:
    book: RiskBook
    units: Vector
    joined: NDArray[np.bool_]
    pending: Vector | None = None
    rows: list[int] = field(default_factory=list)
    pnl: list[float] = field(default_factory=list)
    risks: list[Vector] = field(default_factory=list)


class _Run:
    def __init__(self, variant: Variant, units: Mapping[str, Vector], first: int) -> None:
        self.settings = variant.daily
        self._variant, self._first = variant, first
        n = len(next(iter(units.values()), np.empty(0)))
        self._model = MarketModel(n, self.settings)
        self._books = [_Held(RiskBook(self._model, name), held, np.zeros(n, np.bool_)) for name, held in units.items()]

    def realise(self, row: int, moves: Vector) -> None:
        for held in self._books:
            if held.pending is not None:
                held.rows.append(row)
                held.pnl.append(float(held.units[held.joined] @ moves[held.joined]))
                held.risks.append(held.pending)

    def close(self, row: int, values: Vector, returns: Vector) -> None:
        model = self._model
        model.on_prices(values)
        if np.isnan(returns).all():
            return
        model.on_bar(row, returns)
        ready = model.observations >= self.settings.min_observations
        for held in self._books:
            held.book.on_bar()
            for instrument in np.flatnonzero(ready & ~held.joined & (held.units != 0.0)).tolist():
                held.book.on_trade(instrument, held.units.item(instrument))
                held.joined[instrument] = True

    def forecast(self, following: int | None) -> None:
        for held in self._books:
            wanted = following is not None and following >= self._first and held.joined.any()
            risks = self._read(held.book) if wanted else None
            begun = risks is not None and (bool(held.rows) or not np.isnan(risks).any())
            held.pending = risks if begun else None

    def _read(self, book: RiskBook) -> Vector:
        found = [measure for measure in book.measures() if measure.method in self._variant.methods]
        numbers = [(one.var, one.es) for one in found]
        return np.array([[np.nan if number is None else number for number in pair] for pair in numbers])

    def series(self) -> list[Forecasts]:
        return [one for held in self._books for one in self._series(held)]

    def _series(self, held: _Held) -> list[Forecasts]:
        columns = [(m, c) for m in METHODS if m in self._variant.methods for c in self.settings.confidence]
        risks = np.array(held.risks, dtype=np.float64).reshape(len(held.rows), len(columns), 2)
        rows, pnl = np.array(held.rows, dtype=np.int64), np.array(held.pnl, dtype=np.float64)
        return [
            Forecasts(
                held.book.name, self._variant.name(method), confidence, rows, pnl, risks[:, at, 0], risks[:, at, 1]
            )
            for at, (method, confidence) in enumerate(columns)
        ]


def _panel(prices: ArrayLike) -> Vector:
    panel = numbers(prices, "prices")
    if panel.ndim != 2 or not panel.size or not (np.isnan(panel) | ((panel > 0.0) & (panel < np.inf))).all():
        raise InputError("need prices by day and instrument, each a positive number or NaN for none")
    return panel


def _default_first(days: list[int], variants: Sequence[Variant]) -> int:
    needed = max((_full_window(variant.settings) for variant in variants), default=0) + 1
    return days[needed] if needed < len(days) else (days[-1] + 1 if days else 0)


def _full_window(settings: RiskSettings) -> int:
    # A filtered scenario needs a forecast before its day, which needs observations of its own.
    return settings.window + (settings.min_observations if settings.historical == "filtered" else 0)


def _same_days(series: list[Forecasts]) -> list[Forecasts]:
    starts: dict[str, int] = {}
    for one in series:
        if len(one.rows):
            starts[one.portfolio] = max(starts.get(one.portfolio, 0), one.rows.item(0))
    return [_from(one, int(np.searchsorted(one.rows, starts.get(one.portfolio, 0)))) for one in series]


def _from(one: Forecasts, at: int) -> Forecasts:
    return replace(
        one,
        rows=one.rows[at:],
        pnl=one.pnl[at:],
        value_at_risk=one.value_at_risk[at:],
        expected_shortfall=one.expected_shortfall[at:],
    )


def _units(name: str, quantities: ArrayLike, panel: Vector, hold: Hold) -> Vector:
    held = numbers(quantities, f"the quantities of {name!r}")
    if held.shape != panel.shape[1:] or not np.isfinite(held).all():
        raise InputError(f"portfolio {name!r} needs one finite quantity for each of {panel.shape[1]} instruments")
    if hold == "quantity":
        return held
    last = len(panel) - 1 - np.argmax(~np.isnan(panel[::-1]), axis=0)
    exposures: Vector = held * np.nan_to_num(panel[last, np.arange(len(held))], nan=0.0)
    return exposures
