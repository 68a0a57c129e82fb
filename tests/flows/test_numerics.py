"""The engine's word on its own numbers."""

from dataclasses import replace

import numpy as np

from flows.numerics import Numerics, numerics_of, told
from riskcore import MarketModel, RiskBook, RiskSettings


def shard(settings: RiskSettings) -> tuple[MarketModel, RiskBook]:
    model, rng = MarketModel(3, settings), np.random.default_rng(1)
    model.on_prices([10.0, 20.0, 30.0])
    book = RiskBook(model)
    for instrument in range(3):
        book.on_trade(instrument, 1.0)
    for bar in range(150):
        model.on_bar(bar, rng.normal(size=3) * 0.01)
        book.on_bar()
        book.measures()
        book.components()
    return model, book


def test_rebuilds_tell_the_drift_of_vectors_and_of_a_rolling_covariance() -> None:
    settings = RiskSettings(window=40, paths=200)
    model, book = shard(settings)
    found = numerics_of(model, [book])
    assert 0.0 < found.vector_drift == book.drift < 1e-5
    assert (found.covariance_drift, found.factors_asked) == (0.0, 0)
    rolling, _ = shard(replace(settings, covariance="rolling"))
    assert 0.0 < numerics_of(rolling, []).covariance_drift < 1e-9


def test_the_hit_rate_counts_the_factors_that_were_there() -> None:
    model, book = shard(RiskSettings(window=40, paths=200, simulation="cholesky"))
    found = numerics_of(model, [book])
    assert 0 < found.factors_found < found.factors_asked
    assert told([found])["factor_hit_rate"] == model.factors.hit_rate


def test_the_worst_shard_is_told_and_no_rate_where_nothing_was_asked_for() -> None:
    shards = [Numerics(1e-7, 0.0, 0, 0), Numerics(3e-7, 1e-12, 0, 0)]
    assert told(shards) == {"vector_drift": 3e-7, "covariance_drift": 1e-12, "factor_hit_rate": None}
