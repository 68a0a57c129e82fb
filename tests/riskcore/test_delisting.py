"""An instrument that ends: its position goes, its room stays, and what is left is as if it had never been there."""

from dataclasses import replace

import numpy as np
import pytest

from riskcore import MarketModel, RiskBook, RiskSettings
from riskcore.state import State, pack, unpack

ENDED = 1
OPTIONS = [{}, {"covariance": "rolling"}, {"simulation": "cholesky"}, {"historical": "filtered"}]


def streamed(settings: RiskSettings, *, ended: bool, n_bars: int = 20) -> tuple[MarketModel, RiskBook]:
    """Three instruments in which one ends after so many bars, or which never had returns of it."""
    model = MarketModel(3, settings, np.float64)
    book = RiskBook(model)
    model.on_prices([100.0, 50.0 if ended else np.nan, 20.0])
    for instrument, quantity in ((0, 3.0), (2, -8.0), *([(ENDED, 5.0)] if ended else [])):
        book.on_trade(instrument, quantity)
    for bar, row in enumerate(np.random.default_rng(4).normal(0, 0.01, (n_bars, 3))):
        model.on_bar(bar, np.where(np.arange(3) == ENDED, row if ended else np.nan, row))
        book.on_bar()
        book.measures()
    return model, book


@pytest.fixture(params=OPTIONS, ids=str)
def settings(request, small_settings: RiskSettings) -> RiskSettings:
    return replace(small_settings, window=20, **request.param)


def test_figures_after_an_instrument_has_ended_are_those_of_a_market_that_never_had_it(settings: RiskSettings) -> None:
    (model, book), (_, without) = streamed(settings, ended=True), streamed(settings, ended=False)
    book.hold(ENDED, 0.0)
    model.forget(ENDED)
    for one, other in zip(book.measures(), without.measures(), strict=True):
        assert (one.var, one.es, one.scenarios, one.reason) == (
            pytest.approx(other.var, rel=1e-9),
            pytest.approx(other.es, rel=1e-9),
            other.scenarios,
            other.reason,
        )
    assert book.uncovered == ()


def test_the_covariance_stays_positive_semi_definite_and_the_others_keep_theirs(settings: RiskSettings) -> None:
    model, _ = streamed(settings, ended=True)
    before, others = model.read_covariance, np.ix_([0, 2], [0, 2])
    model.forget(ENDED)
    after = model.read_covariance
    np.testing.assert_allclose(after[others], before[others], rtol=1e-12)
    assert not after[ENDED].any()
    assert np.linalg.eigvalsh(after).min() >= -1e-18
    assert model.n_instruments == 3


def test_the_room_is_kept_and_can_be_listed_in_anew(settings: RiskSettings) -> None:
    model, book = streamed(settings, ended=True)
    book.hold(ENDED, 0.0)
    model.forget(ENDED)
    assert np.isnan(model.prices[ENDED])
    model.on_price(ENDED, 70.0)
    book.on_trade(ENDED, 1.0)
    assert {m.reason for m in book.measures()} == {"warming up: 0 of 5 bars"}
    for bar, row in enumerate(np.random.default_rng(5).normal(0, 0.02, (20, 3))):
        model.on_bar(100 + bar, row)
        book.on_bar()
    assert model.observations[ENDED] == 20
    assert {m.reason for m in book.measures()} == {None}


def test_the_pnl_of_what_has_ended_stays_in_the_day(small_settings: RiskSettings) -> None:
    model, book = streamed(small_settings, ended=True)
    book.start_day()
    model.on_price(ENDED, 46.0)
    book.hold(ENDED, 0.0)
    model.forget(ENDED)
    assert book.pnl == pytest.approx(-20.0)


def test_a_checkpoint_that_is_being_written_does_not_see_it_end(small_settings: RiskSettings) -> None:
    model, _ = streamed(small_settings, ended=True)
    expected, image = model.snapshot(), model.image()
    model.forget(ENDED)
    written = pack("market model", image.arrays, image.meta)
    kept: State = unpack("market model", written)
    for name, array in unpack("market model", expected).arrays.items():
        np.testing.assert_array_equal(kept.arrays[name], array)
