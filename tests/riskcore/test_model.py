"""The shared market."""

from dataclasses import replace

import numpy as np
import pytest

from riskcore import EwmaCovariance, MarketModel, RiskBook, RiskSettings
from riskcore.errors import InputError, TailwatchError
from riskcore.normals import history_normals


def test_prices_one_by_one_and_all_at_once(small_settings: RiskSettings) -> None:
    model = MarketModel(3, small_settings)
    model.on_price(1, 5.0)
    assert model.priced == 1
    model.on_prices([1.0, np.nan, 3.0])
    np.testing.assert_array_equal(model.prices, [1.0, 5.0, 3.0])
    np.testing.assert_array_equal(model.marks, [1.0, 5.0, 3.0])
    assert model.priced == 3


def test_covariance_is_that_of_the_estimator_alone(small_settings: RiskSettings) -> None:
    rng = np.random.default_rng(0)
    model, alone = MarketModel(4, small_settings), EwmaCovariance(4, small_settings.half_life)
    for bar in range(50):
        row = np.where(rng.random(4) < 0.2, np.nan, rng.normal(size=4))
        model.on_bar(bar, row)
        alone.update(row)
    np.testing.assert_array_equal(model.covariance.covariance, alone.covariance)
    np.testing.assert_array_equal(model.observations, alone.observations)
    np.testing.assert_allclose(model.volatility**2, np.diagonal(alone.covariance), rtol=1e-12)


def test_two_models_told_the_same_are_the_same_to_the_last_bit(small_settings: RiskSettings) -> None:
    rows = np.random.default_rng(1).normal(size=(30, 3))
    snapshots = []
    for _ in range(2):
        model = MarketModel(3, small_settings)
        for bar, row in enumerate(rows):
            model.on_bar(bar, row)
        snapshots.append(model.snapshot())
    assert snapshots[0] == snapshots[1]


def test_history_draws_from_a_domain_of_its_own_and_comes_first(small_settings: RiskSettings) -> None:
    model = MarketModel(1, small_settings)
    model.on_history([1.0])
    expected = history_normals(small_settings.seed, 0, small_settings.paths) * np.sqrt(1 - small_settings.decay)
    np.testing.assert_allclose(model.paths.raw[0] * model.paths.scale, expected, rtol=2e-7)  # single precision
    assert (model.history_rows, model.bars, model.last_bar) == (1, 1, None)
    model.on_bar(0, [0.5])
    with pytest.raises(InputError, match="before the first live bar"):
        model.on_history([1.0])


@pytest.mark.parametrize("bar", [4, 5, -1])
def test_bars_come_in_order(small_settings: RiskSettings, bar: int) -> None:
    model = MarketModel(1, small_settings)
    model.on_bar(5, [0.1])
    with pytest.raises(InputError, match="in order"):
        model.on_bar(bar, [0.1])


@pytest.mark.parametrize("row", [[0.1], [[0.1, 0.2]], [0.1, np.inf]])
def test_a_bad_bar_is_refused_and_changes_nothing(small_settings: RiskSettings, row: list[float]) -> None:
    model = MarketModel(2, small_settings)
    before = model.snapshot()
    with pytest.raises(InputError):
        model.on_bar(1, row)
    assert model.snapshot() == before


def test_added_instruments_leave_the_others_as_they_were(small_settings: RiskSettings) -> None:
    rng = np.random.default_rng(2)
    model = MarketModel(2, small_settings)
    for bar in range(9):
        model.on_bar(bar, rng.normal(size=2))
    before = model.covariance.covariance
    model.add(2)
    np.testing.assert_array_equal(model.covariance.covariance[:2, :2], before)
    assert not model.covariance.covariance[2:].any()
    model.on_bar(9, rng.normal(size=4))
    assert model.observations.tolist() == [10, 10, 1, 1]


def test_a_model_grown_from_nothing_is_one_made_whole(small_settings: RiskSettings) -> None:
    rows = np.random.default_rng(3).normal(size=(20, 3))
    grown, whole = MarketModel(0, small_settings), MarketModel(3, small_settings)
    grown.add(1)
    grown.add(2)
    for bar, row in enumerate(rows):
        grown.on_bar(bar, row)
        whole.on_bar(bar, row)
    np.testing.assert_array_equal(grown.paths.raw, whole.paths.raw)
    np.testing.assert_array_equal(grown.covariance.covariance, whole.covariance.covariance)


def test_a_state_made_with_other_settings_is_refused_and_both_are_named(small_settings: RiskSettings) -> None:
    state = MarketModel(1, small_settings).snapshot()
    with pytest.raises(InputError, match=r"'half_life': 8\.0.*'half_life': 9\.0"):
        MarketModel.restore(state, replace(small_settings, half_life=9.0))
    with pytest.raises(TailwatchError, match="market model"):
        RiskBook.restore(state, MarketModel(1, small_settings))


def test_rescaled_matrices_go_on_and_books_follow(small_settings: RiskSettings) -> None:
    # A half-life of 1/50 bar folds 2⁻⁵⁰ a bar into the scale: it is renormalised every few bars.
    settings = replace(small_settings, half_life=0.02, min_observations=1)
    model = MarketModel(2, settings, np.float64)
    model.on_prices([10.0, 20.0])
    book = RiskBook(model)
    book.on_trade(0, 1.0)
    book.on_trade(1, 1.0)
    rng = np.random.default_rng(4)
    for bar in range(60):
        row = rng.normal(size=2) * 0.01
        if bar % 7 == 3:
            row[1] = np.nan
        model.on_bar(bar, row)
        book.on_bar()
        fresh = RiskBook(model)
        fresh.on_trade(0, 1.0)
        fresh.on_trade(1, 1.0)
        for ours, theirs in zip(book.measures(), fresh.measures(), strict=True):
            assert (ours.var, ours.es) == pytest.approx((theirs.var, theirs.es), rel=1e-9)
    assert model.epoch > 3


@pytest.mark.parametrize(
    "changed",
    [
        {"distribution": "t", "dof": 2.0},
        {"window": 0},
        {"paths": 0},
        {"seed": -1},
        {"confidence": ()},
        {"confidence": (1.0,)},
        {"horizon_days": 0.0},
        {"half_life": 0.0},
    ],
)
def test_settings_out_of_range_are_refused(small_settings: RiskSettings, changed: dict[str, object]) -> None:
    with pytest.raises(InputError):
        MarketModel(1, replace(small_settings, **changed))  # type: ignore[arg-type]


def test_defaults_are_those_of_the_contract() -> None:
    assert MarketModel(1).settings == RiskSettings()


def test_an_instrument_closed_for_ages_is_renormalised_and_keeps_its_risk(small_settings: RiskSettings) -> None:
    # Half-life of a tenth of a bar: its weight would underflow after a hundred bars without a return.
    model = MarketModel(2, replace(small_settings, half_life=0.1, paths=4_000, min_observations=1))
    model.on_prices([10.0, 10.0])
    book = RiskBook(model)
    book.on_trade(0, 1.0)
    model.on_bar(0, [0.01, 0.02])
    book.on_bar()
    before = [(m.var, m.es) for m in book.measures() if m.method != "historical"]
    for bar in range(1, 300):
        model.on_bar(bar, [np.nan, 0.02])
        book.on_bar()
    after = [(m.var, m.es) for m in book.measures() if m.method != "historical"]
    np.testing.assert_allclose(after, before, rtol=1e-9)
    assert model.epoch > 0
    assert model.paths.raw[0].any()


@pytest.mark.parametrize("price", [float("nan"), float("inf"), -float("inf")])
def test_a_price_that_is_no_number_is_refused(small_settings: RiskSettings, price: float) -> None:
    with pytest.raises(InputError, match="finite"):
        MarketModel(1, small_settings).on_price(0, price)


@pytest.mark.parametrize("prices", [[1.0], [1.0, np.inf]])
def test_prices_that_do_not_fit_are_refused(small_settings: RiskSettings, prices: list[float]) -> None:
    with pytest.raises(InputError, match="2 prices"):
        MarketModel(2, small_settings).on_prices(prices)
