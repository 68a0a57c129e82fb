"""A book kept up to date against the same book recomputed from everything that happened."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from riskcore import MarketModel, RiskBook, RiskSettings
from riskcore.rebuild import REBUILD_EVERY
from tests.riskcore.readings import assert_agrees

Open = Callable[..., "object"]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("path_type", [np.float32, np.float64])
def test_every_reading_of_a_random_stream_equals_the_recomputation(
    open_market: Open, small_settings: RiskSettings, seed: int, path_type: type[np.floating]
) -> None:
    market = open_market(small_settings, n=5, seed=seed, path_type=path_type)
    covered = 0
    for _ in range(40):
        market.happen(6)
        assert_agrees(market)
        covered += market.book.measures()[0].var is not None
    assert covered > 15


@pytest.mark.parametrize("half_life", [0.5, 300.0])
def test_it_agrees_with_very_short_and_very_long_memory(
    open_market: Open, small_settings: RiskSettings, half_life: float
) -> None:
    market = open_market(replace(small_settings, half_life=half_life), n=4, seed=1)
    for _ in range(25):
        market.happen(10)
        assert_agrees(market)


def test_instruments_listed_late_join_the_book(open_market: Open, small_settings: RiskSettings) -> None:
    market = open_market(small_settings, n=2, seed=3)
    for _ in range(5):
        market.happen(30)
        market.model.add(2)
        market.happen(40)
        assert_agrees(market)
    assert market.model.n_instruments == 12


def test_history_first_and_then_live_bars(open_market: Open, small_settings: RiskSettings) -> None:
    market = open_market(small_settings, n=3, seed=4)
    for _ in range(20):
        row = market.rng.normal(size=3) * 0.01
        market.model.on_history(row)
        market.book.on_bar()
        market.told.past(row)
    for _ in range(10):
        market.happen(10)
        assert_agrees(market)


def test_long_drift_stays_far_below_the_promise(open_market: Open, small_settings: RiskSettings) -> None:
    # 64 bars without a rebuild, with thousands of ticks of the three axpys.
    market = open_market(replace(small_settings, half_life=200.0), n=20, seed=5)
    for i in range(20):
        market.model.on_price(i, 10.0)
        market.book.on_trade(i, float(i - 7))
    for bar in range(2 * REBUILD_EVERY):
        market.model.on_bar(bar, market.rng.standard_t(3, 20) * 0.01)
        market.book.on_bar()
        for _ in range(20):
            market.tick()
            market.book.measures()
    assert 0.0 < market.book.drift < 1e-12


@pytest.mark.parametrize("cut", [0, 30, 77])
def test_restored_in_mid_stream_it_goes_on_to_the_same_bits(
    open_market: Open, small_settings: RiskSettings, cut: int
) -> None:
    market = open_market(small_settings, seed=6)
    market.happen(cut)
    twin = open_market(small_settings, seed=6)
    twin.rng.bit_generator.state = market.rng.bit_generator.state
    twin.bar, twin.told = market.bar, market.told
    twin.model = MarketModel.restore(market.model.snapshot(), small_settings)
    twin.book = RiskBook.restore(market.book.snapshot(), twin.model)
    twin.told = open_market(small_settings).told
    twin.told.quantities = dict(market.told.quantities)
    for each in (market, twin):
        for _ in range(30):
            each.happen(7)
            each.book.measures()
    assert market.model.snapshot() == twin.model.snapshot()
    assert market.book.snapshot() == twin.book.snapshot()
    assert market.book.measures() == twin.book.measures()
    assert market.book.distribution() == twin.book.distribution()


def test_a_snapshot_changes_nothing(open_market: Open, small_settings: RiskSettings) -> None:
    runs = []
    for peek in (False, True):
        market = open_market(small_settings, seed=7)
        for _ in range(20):
            market.happen(7)
            if peek:
                market.book.snapshot()
                market.model.snapshot()
            market.book.measures()
        runs.append(market.book.snapshot())
    assert runs[0] == runs[1]


@pytest.mark.parametrize("historical", ["equal", "filtered"])
def test_what_a_book_remembers_of_the_bars_is_what_a_count_says(small_settings: RiskSettings, historical: str) -> None:
    model = MarketModel(3, replace(small_settings, historical=historical))
    book, rng = RiskBook(model, "main"), np.random.default_rng(12)
    model.on_prices([10.0, 20.0, 30.0])
    seen = set()
    for bar in range(120):
        absent = (bar % 40 > 25) & (rng.random(3) < 0.3)
        model.on_bar(bar, np.where(absent, np.nan, rng.normal(size=3) * 0.01))
        book.on_bar()
        if bar % 11 == 0:
            book.hold(int(rng.integers(3)), float(rng.integers(2)))
        if bar % 3:
            continue
        book.measures()
        vectors = book._vectors
        counts = model.observations[vectors.covered].tolist()
        assert book.observations == min(counts, default=model.bars)
        np.testing.assert_array_equal(vectors.slots, model.window.newest_complete(vectors.missing))
        seen.add(len(vectors.slots) == small_settings.window and np.array_equal(vectors.slots, model.window.newest))
    assert seen == {True, False}
