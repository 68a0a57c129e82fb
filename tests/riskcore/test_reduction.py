"""Variance reduction: the figures scatter as their standard errors say."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from riskcore import MarketModel, RiskBook, RiskSettings
from riskcore.messages import Measure
from riskcore.normals import Draw
from riskcore.quantile import tail_risks
from riskcore.reduction import with_reduced_errors

PATHS = 4_000
REPETITIONS = 400


def readings(settings: RiskSettings) -> Iterator[dict[float, Measure]]:
    """The simulated figures of one book in one market, drawn with many seeds."""
    rows = np.random.default_rng(0).normal(size=(6, 2)) * 0.01
    for seed in range(REPETITIONS):
        model = MarketModel(2, replace(settings, seed=seed))
        model.on_prices([100.0, 100.0])
        book = RiskBook(model)
        book.on_trade(0, 1.0)
        book.on_trade(1, -0.5)
        for bar, row in enumerate(rows):
            model.on_bar(bar, row)
        yield {m.confidence: m for m in book.measures() if m.method == "monte_carlo"}


@pytest.mark.parametrize("distribution", ["normal", "t"])
@pytest.mark.parametrize("reduction", ["none", "moment", "antithetic", "both"])
def test_figures_scatter_as_their_standard_errors_say(
    small_settings: RiskSettings, reduction: str, distribution: str
) -> None:
    settings = replace(
        small_settings, paths=PATHS, variance_reduction=reduction, distribution=distribution, confidence=(0.95, 0.99)
    )
    drawn = list(readings(settings))
    for confidence in settings.confidence:
        for figure in ("var", "es"):
            values = np.array([getattr(each[confidence], figure) for each in drawn])
            said = np.mean([getattr(each[confidence], f"{figure}_stderr") for each in drawn])
            # A standard deviation from 400 figures has an error of 3.5 %: four of these, and the density's own.
            assert values.std(ddof=1) == pytest.approx(said, rel=0.17), (confidence, figure)


@pytest.mark.parametrize(
    ("reduction", "expected"), [("none", 0.01605), ("moment", 0.01441), ("antithetic", 0.01597), ("both", 0.01245)]
)
def test_a_normal_figure_has_the_error_of_the_theory(reduction: str, expected: float) -> None:
    # sqrt(α(1-α)/f² - z²/2)/z/100 and so on, at 99 % and P = 10,000, averaged over draws.
    errors = []
    for seed in range(40):
        pnl = Draw(seed, 10_000, antithetic=reduction in {"antithetic", "both"}).bar(0)
        tail = tail_risks(pnl, (0.99,), errors=True)[0]
        matched = pnl / pnl.std() if reduction in {"moment", "both"} else None
        reduced = with_reduced_errors(tail, pnl, matched, paired=reduction in {"antithetic", "both"})
        errors.append(reduced.value_at_risk_stderr / 2.3263)
    assert np.mean(errors) == pytest.approx(expected, rel=0.05)


def test_antithetic_paths_mirror_each_other(small_settings: RiskSettings) -> None:
    draw = Draw(3, 100, antithetic=True)
    for normals in (draw.bar(5), draw.bar(-2), draw.own(1), draw.factor(2)):
        np.testing.assert_array_equal(normals[:50], -normals[50:])
    assert len({draw.bar(5)[0], draw.bar(-2)[0], draw.own(1)[0], draw.factor(2)[0], draw.own(2)[0]}) == 5
    with pytest.raises(ValueError, match="even number"):
        MarketModel(1, replace(small_settings, variance_reduction="both", paths=101))


def test_a_flat_book_stays_flat_under_matching(small_settings: RiskSettings) -> None:
    model = MarketModel(1, replace(small_settings, variance_reduction="both", paths=1_000))
    model.on_price(0, 10.0)
    book = RiskBook(model)
    book.on_trade(0, 5.0)
    for bar in range(8):
        model.on_bar(bar, [0.0])
    for m in book.measures():
        assert (m.var, m.es) == (0.0, 0.0)
        assert m.method != "monte_carlo" or (m.var_stderr, m.es_stderr) == (0.0, 0.0)


def test_matched_paths_have_the_exact_volatility_and_sums_are_matched_afterwards(small_settings: RiskSettings) -> None:
    settings = replace(small_settings, variance_reduction="moment", confidence=(0.99,))
    model = MarketModel(2, settings)
    model.on_prices([100.0, 50.0])
    books = [RiskBook(model, name) for name in ("one", "two", "both")]
    for book, quantities in zip(books, ((1.0, 0.0), (0.0, -3.0), (1.0, -3.0)), strict=True):
        for instrument, quantity in enumerate(quantities):
            book.on_trade(instrument, quantity)
    for bar, row in enumerate(np.random.default_rng(1).normal(size=(12, 2)) * 0.01):
        model.on_bar(bar, row)
    exposures = [book.exposures for book in books]
    for book, w in zip(books, exposures, strict=True):
        exact = np.sqrt(settings.bars_in_horizon * w @ model.read_covariance @ w)
        assert book.scenarios("monte_carlo").std() == pytest.approx(exact, rel=1e-12)
    one, two, both = (book.scenarios("monte_carlo") for book in books)
    assert np.abs(one + two - both).max() > 1e-3 * np.abs(both).max()
