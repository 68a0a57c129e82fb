"""The rolling backtest of 20 real shares, 1995 to 2022, against the same recomputed from scratch every day."""

import csv
import gzip
import math
from dataclasses import replace
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest

from riskcore import RiskSettings, backtest

pytestmark = pytest.mark.recordings

HALF_LIFE, WINDOW = 60.0, 500
LEVELS = (0.95, 0.975, 0.99)
PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "backtest.md"


@pytest.fixture(scope="module")
def shares(recordings):
    """(dates, prices) of the file, read by other means than the program's."""
    path = recordings / "daily" / "sp500_dataset.csv.gz"
    if not path.is_file():
        pytest.skip(f"not run: {path} is not there (TAILWATCH_DATA)")
    with gzip.open(path, "rt") as file:
        rows = list(csv.reader(file))[1:]
    return [row[0] for row in rows], np.array([[float(cell) for cell in row[1:]] for row in rows])


def tail(worst, level):
    """VaR and ES of losses, worst first, by counting."""
    share = (1.0 - level) * len(worst)
    beyond = math.floor(round(share, 6))
    return worst[beyond], (sum(worst[:beyond]) + (share - beyond) * worst[beyond]) / share


def recomputed(prices, exposures_on, first):
    """Exceptions, VaR and ES by (method, confidence): each day from all returns before it."""
    returns = prices[1:] / prices[:-1] - 1.0
    ages = 0.5 ** (np.arange(len(returns)) / HALF_LIFE)
    volatility = np.full_like(prices, np.nan)
    for n in range(first - WINDOW - 1, len(prices)):
        volatility[n] = np.sqrt(ages[:n][::-1] @ returns[:n] ** 2 / ages[:n].sum())
    standardised = returns / volatility[:-1]
    told = {(method, level): [] for method in ("parametric", "historical", "historical filtered") for level in LEVELS}
    for day in range(first, len(prices)):
        w = exposures_on(day - 1)
        past = (returns[: day - 1] @ w)[::-1]
        weights = ages[: day - 1]
        sigma = math.sqrt(np.sum(weights * past**2) / np.sum(weights))
        filtered = standardised[day - 1 - WINDOW : day - 1] @ (w * volatility[day - 1])
        losses = {"historical": sorted(-past[:WINDOW], reverse=True)}
        losses["historical filtered"] = sorted(-filtered, reverse=True)
        loss = -float(returns[day - 1] @ w)
        for level in LEVELS:
            z = NormalDist().inv_cdf(level)
            told["parametric", level].append((z * sigma, sigma * NormalDist().pdf(z) / (1.0 - level), loss > z * sigma))
            for method, worst in losses.items():
                at_risk, shortfall = tail(worst, level)
                told[method, level].append((at_risk, shortfall, loss > at_risk))
    return told


@pytest.mark.parametrize("hold", ["quantity", "exposure"])
def test_exceptions_and_forecasts_are_those_recomputed_from_scratch_every_day(shares, hold):
    dates, prices = shares
    first = next(row for row, date in enumerate(dates) if date >= "1995-01-01")
    quantities = 50_000.0 / prices[-1]
    settings = RiskSettings(half_life=HALF_LIFE, window=WINDOW, paths=2, confidence=LEVELS)
    variants = [
        backtest.Variant(settings, ("parametric", "historical")),
        backtest.Variant(replace(settings, historical="filtered"), ("historical",), "filtered"),
    ]
    found = backtest.rolling_backtest(prices, {"shares": quantities}, variants, first=first, hold=hold)
    told = recomputed(prices, lambda day: quantities * prices[-1 if hold == "exposure" else day], first)
    assert len(found) == len(told)
    for one in found:
        at_risk, shortfall, happened = zip(*told[one.method, one.confidence], strict=True)
        assert dates[one.rows[0]] == "1995-01-03"
        assert dates[one.rows[-1]] == "2022-12-28"
        np.testing.assert_allclose(one.value_at_risk, at_risk, rtol=1e-9)
        np.testing.assert_allclose(one.expected_shortfall, shortfall, rtol=1e-9)
        np.testing.assert_array_equal(one.exceptions, happened)
        row = f"| {one.method} | {one.confidence * 100:g} % | {one.exceptions.sum()} |"
        assert hold == "quantity" or row in PAGE.read_text(), f"not as {PAGE.name} says: {row}"
