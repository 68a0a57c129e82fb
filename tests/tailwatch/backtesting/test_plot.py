"""The plot keeps its size, marks every exception, and draws no line where there was no forecast."""

import datetime
from xml.etree import ElementTree

import numpy as np
import pytest

from riskcore.backtest import Forecasts
from tailwatch.backtesting.plot import WIDTH, svg

DATES = [datetime.date(1990, 1, 1) + datetime.timedelta(days=day) for day in range(12_000)]


def _series(days: int, confidence: float = 0.99, seed: int = 1) -> Forecasts:
    pnl = np.random.default_rng(seed).standard_normal(days) * 1e4
    at_risk = np.full(days, confidence * 2e4)
    return Forecasts("a & <b>", "monte_carlo", confidence, np.arange(days), pnl, at_risk, at_risk * 1.2)


def test_every_exception_of_the_highest_confidence_is_marked_with_date_and_figures() -> None:
    high, low = _series(3_000), _series(3_000, 0.9)
    drawn = ElementTree.fromstring(svg([low, high], DATES))
    titles = [title.text or "" for title in drawn.iter("title")]
    assert len(titles) == high.exceptions.sum() > 10
    first = int(np.flatnonzero(high.exceptions)[0])
    assert titles[0] == f"{DATES[first]}: P&L {high.pnl[first]:,.0f}, VaR 19,800"
    assert drawn.get("aria-label") == "P&L of a & <b> against VaR, monte carlo"


def test_no_exception_is_lost_where_days_share_a_pixel() -> None:
    series = _series(12_000)
    series.pnl[7_001] = -9e4
    drawn = ElementTree.fromstring(svg([series], DATES))
    lowest = max(float(circle.get("cy", "0")) for circle in drawn.iter("circle"))
    (bars,) = [path.get("d", "") for path in drawn.iter("path") if path.get("class") == "pnl"]
    assert f"V{lowest:.1f}" in bars
    assert bars.count("M") <= WIDTH


def test_a_missing_forecast_breaks_the_line_and_is_marked() -> None:
    series = _series(10)
    series.value_at_risk[4:6] = np.nan
    series.pnl[5] = series.pnl[8] = np.nan
    drawn = ElementTree.fromstring(svg([series], DATES))
    (line,) = [path.get("d", "") for path in drawn.iter("path") if "var0" in path.get("class", "")]
    assert (line.count("M"), line.count("L")) == (2, 6)
    titles = [title.text for title in drawn.iter("title")]
    assert f"{DATES[5]}: no P&L, no VaR" in titles
    assert f"{DATES[8]}: no P&L, VaR 19,800" in titles
    assert "nan" not in svg([series], DATES)


@pytest.mark.parametrize("days", [0, 1, 2])
def test_hardly_any_days_are_a_plot_too(days: int) -> None:
    drawn = ElementTree.fromstring(svg([_series(days)], DATES))
    assert [text.text for text in drawn.iter("text")] == ["no day could be judged"] or days > 0


def test_a_flat_book_is_a_plot_too() -> None:
    zeros = np.zeros(300)
    flat = Forecasts("flat", "parametric", 0.99, np.arange(300), zeros, zeros, zeros)
    assert "nan" not in svg([flat], DATES)
