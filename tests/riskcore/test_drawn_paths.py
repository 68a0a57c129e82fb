"""Paths that are drawn anew at each bar, against the matrix that they stand for and that is never formed."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from riskcore import MarketModel, RiskBook, RiskSettings
from riskcore.drawn_paths import DrawnPaths

N = 70
"""Three blocks of rows, the last not full."""
KINDS: list[dict[str, object]] = [
    {"covariance": "rolling"},
    {"simulation": "cholesky"},
    {"simulation": "cholesky", "covariance": "rolling"},
]
Kind = dict[str, object]


def drawn(settings: RiskSettings, kind: Kind, bars: int = 90) -> MarketModel:
    model, rng = MarketModel(N, replace(settings, window=80, **kind), np.float64), np.random.default_rng(1)
    for bar in range(bars):
        row = rng.normal(size=N) * 0.01
        row[3] = np.nan if bar % 3 else row[3]
        model.on_bar(bar, row)
    return model


@pytest.mark.parametrize("kind", KINDS)
def test_rows_products_and_weighted_sums_are_those_of_the_whole_matrix(
    small_settings: RiskSettings, kind: Kind
) -> None:
    paths = drawn(small_settings, kind).paths
    assert isinstance(paths, DrawnPaths)
    factor, normals = paths.factored()
    whole = np.einsum("mi,mp->ip", factor, normals)
    rng = np.random.default_rng(2)
    for instrument in (0, 31, 32, 69):
        np.testing.assert_allclose(paths.row(instrument), whole[instrument], rtol=1e-10, atol=1e-16)
    exposures, weights = rng.normal(size=N), rng.normal(size=9)
    np.testing.assert_allclose(paths.product(exposures), exposures @ whole, rtol=1e-9, atol=1e-15)
    some, tail = np.array([5, 1, 69]), np.array([2, 60, 7, 8, 9, 10, 11, 40, 3])
    np.testing.assert_allclose(paths.weighted(some, tail, weights), whole[some][:, tail] @ weights, rtol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_the_bits_of_a_row_do_not_depend_on_which_rows_were_asked_for_before(
    small_settings: RiskSettings, kind: Kind
) -> None:
    one, other = drawn(small_settings, kind).paths, drawn(small_settings, kind).paths
    for instrument in range(N):
        one.row(instrument)
    for instrument in (69, 40, 3):
        np.testing.assert_array_equal(other.row(instrument), one.row(instrument))


@pytest.mark.parametrize("kind", KINDS)
def test_a_bar_or_a_late_listing_forgets_the_rows(small_settings: RiskSettings, kind: Kind) -> None:
    changes: list[Callable[[MarketModel], None]] = [
        lambda model: model.on_bar(500, np.full(N, 0.02)),
        lambda model: model.add(1),
    ]
    for change in changes:
        model, fresh = drawn(small_settings, kind), drawn(small_settings, kind)
        model.paths.row(0)
        for each in (model, fresh):
            change(each)
        np.testing.assert_array_equal(model.paths.row(0), fresh.paths.row(0))
        assert model.paths.row(N - 1).shape == (small_settings.paths,)


@pytest.mark.parametrize("kind", KINDS)
def test_a_bar_that_nobody_reads_forms_nothing(small_settings: RiskSettings, kind: Kind) -> None:
    model = drawn(small_settings, kind)
    model.on_prices(np.full(N, 10.0))
    book = RiskBook(model)
    for instrument in range(N):
        book.on_trade(instrument, 1.0)
    book.measures()
    seen = model.factors.misses
    for bar in range(500, 510):
        model.on_bar(bar, np.full(N, 0.01))
        book.on_bar()
    assert model.factors.misses == seen
    assert book.measures() == book.measures()
    assert model.factors.misses <= seen + 1
