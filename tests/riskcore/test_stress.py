"""Stress by other formulas: regression for the conditional mean, price paths for episodes, books priced twice."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from riskcore import MarketModel, RiskBook, RiskSettings
from riskcore.errors import InputError
from riskcore.stress import Shock, conditional_moves, episode_moves, shock_moves

N = 4


def covariance_of(seed: int, n: int = N, rank: int | None = None) -> np.ndarray:
    factors = np.random.default_rng(seed).normal(size=(rank or n + 3, n)) * np.geomspace(1e-4, 1e2, n)
    return factors.T @ factors


@pytest.fixture
def model(small_settings: RiskSettings) -> MarketModel:
    rng = np.random.default_rng(5)
    model = MarketModel(N, small_settings)
    for bar in range(60):
        returns = rng.normal(size=N) * 0.01
        returns[rng.random(N) < 0.05] = np.nan
        model.on_bar(bar, returns)
    model.on_prices([100.0, 50.0, 20.0, 10.0])
    return model


@pytest.fixture
def book(model: MarketModel) -> RiskBook:
    book = RiskBook(model)
    for instrument, quantity in enumerate((2.0, -3.0, 0.0, 5.0)):
        book.on_trade(instrument, quantity)
    return book


def test_the_most_particular_shock_counts() -> None:
    shock = Shock(everything=-0.1, groups=(([0, 1], -0.2), ([1, 2], 0.3)), instruments={2: 0.5})
    assert shock_moves(shock, 5).tolist() == [-0.2, 0.3, 0.5, -0.1, -0.1]
    assert shock_moves(Shock(groups=(([3], 0.1),)), 4).tolist() == [0.0, 0.0, 0.0, 0.1]
    assert Shock().by_instrument(3) == {}


@pytest.mark.parametrize(
    "shock",
    [
        Shock(everything=np.inf),
        Shock(groups=(([0, 9], 0.1),)),
        Shock(instruments={-1: 0.1}),
        Shock(instruments={0: np.nan}),
    ],
)
def test_a_shock_of_nothing_or_by_no_number_is_refused(shock: Shock) -> None:
    with pytest.raises(InputError, match="shock"):
        shock_moves(shock, N)


def test_a_stress_is_the_book_priced_before_and_after(book: RiskBook, model: MarketModel) -> None:
    shock = Shock(everything=-0.1, instruments={1: 0.2})
    before = book.exposures
    pnl = book.stress(shock)
    model.on_prices(model.prices * (1.0 + shock_moves(shock, N)))
    np.testing.assert_allclose(book.exposures - before, pnl, rtol=1e-12, atol=1e-12)
    assert not np.signbit(pnl[2])


@given(arrays(np.float64, (7, 3), elements=st.floats(-0.5, 0.5)), st.sampled_from(["simple", "log"]))
@settings(deadline=None)
def test_an_episode_is_the_last_price_over_the_first(returns: np.ndarray, kind: str) -> None:
    prices = np.ones(3)
    for row in returns:
        prices = prices * (np.exp(row) if kind == "log" else 1.0 + row)
    np.testing.assert_allclose(episode_moves(returns, kind), prices - 1.0, rtol=1e-9, atol=1e-12)  # type: ignore[arg-type]


def test_a_price_that_is_missing_in_an_episode_stays() -> None:
    assert episode_moves([[0.1, np.nan], [0.1, 0.5]]) == pytest.approx([0.21, 0.5])
    assert episode_moves([0.1, np.nan]) == pytest.approx([0.1, 0.0])


@pytest.mark.parametrize("returns", [np.empty((0, 3)), [[np.inf]], np.zeros((1, 1, 1))])
def test_an_episode_without_bars_or_numbers_is_refused(returns: object) -> None:
    with pytest.raises(InputError, match="episode"):
        episode_moves(returns)  # type: ignore[arg-type]


@pytest.mark.parametrize("bars", [60, 30])
def test_an_episode_of_the_window_is_that_of_the_same_returns(small_settings: RiskSettings, bars: int) -> None:
    settings = replace(small_settings, window=10)
    rows = np.random.default_rng(1).normal(size=(bars, N)) * 0.02
    model = MarketModel(N, settings)
    for bar, row in enumerate(rows):
        model.on_bar(bar, row)
    model.on_prices(np.full(N, 10.0))
    book = RiskBook(model)
    book.on_trade(0, 3.0)
    kept = rows[-40:]
    for episode in (slice(None), slice(-5, None), slice(3, 9), slice(-20, -10)):
        np.testing.assert_allclose(book.stress_episode(episode), book.stress_episode(kept[episode]), rtol=1e-12)
    with pytest.raises(InputError, match="kept"):
        book.stress_episode(slice(50, None))
    with pytest.raises(InputError, match="4 instruments"):
        book.stress_episode(np.zeros((3, 2)))


@pytest.mark.parametrize("seed", range(5))
def test_the_conditional_mean_is_the_regression_on_the_shocked(seed: int) -> None:
    # Regression without constant of b on a over samples whose second moments are the covariance exactly.
    rows = np.random.default_rng(seed).normal(size=(50, 6)) * np.geomspace(1e-3, 1e3, 6)
    shocks = {4: 0.3, 1: -0.2}
    moves = conditional_moves(rows.T @ rows / 50, shocks)
    slopes = np.linalg.lstsq(rows[:, [4, 1]], rows[:, [0, 2, 3, 5]], rcond=None)[0]
    np.testing.assert_allclose(moves[[0, 2, 3, 5]], np.array([0.3, -0.2]) @ slopes, rtol=1e-9)
    assert (moves[4], moves[1]) == (0.3, -0.2)


@given(st.integers(0, 2**16), st.floats(-5, 5), st.integers(1, 3))
@settings(deadline=None)
def test_it_is_linear_and_blind_to_units_and_singular_matrices(seed: int, size: float, rank: int) -> None:
    # A shock that the factors can make is in the range, however singular the matrix.
    covariance = covariance_of(seed, rank=rank)
    possible = covariance @ np.random.default_rng(seed + 1).normal(size=N)
    shocks = {i: float(possible[i]) for i in (0, 2)}
    moves = conditional_moves(covariance, shocks)
    scaled = conditional_moves(covariance * 1e4, {i: size * s for i, s in shocks.items()})
    scales = np.sqrt(np.diag(covariance))
    np.testing.assert_allclose(scaled / scales, size * moves / scales, rtol=1e-6, atol=1e-6 * abs(size))


def test_a_shock_of_all_is_itself_and_of_none_is_nothing() -> None:
    covariance = covariance_of(1)
    assert conditional_moves(covariance, dict.fromkeys(range(N), -0.1)).tolist() == [-0.1] * N
    assert conditional_moves(covariance, {}).tolist() == [0.0] * N


def test_twins_must_be_shocked_alike() -> None:
    twins = np.array([[4.0, 2.0, 1.0], [2.0, 1.0, 0.5], [1.0, 0.5, 9.0]])
    assert conditional_moves(twins, {0: -0.2, 1: -0.1}) == pytest.approx([-0.2, -0.1, -0.05])
    with pytest.raises(InputError, match="contradict"):
        conditional_moves(twins, {0: -0.2, 1: 0.1})


@given(st.integers(0, 2**16), st.integers(1, 2))
@settings(deadline=None)
def test_shocks_that_no_factor_can_make_are_refused(seed: int, rank: int) -> None:
    # Three instruments of one or two factors: what is at right angles to all factors cannot happen.
    rng = np.random.default_rng(seed)
    deviations = np.geomspace(1e-3, 1e2, 4)
    factors = rng.normal(size=(rank, 4)) * deviations
    impossible = np.linalg.svd(factors[:, :3] / deviations[:3])[2][-1] * deviations[:3]
    with pytest.raises(InputError, match="contradict"):
        conditional_moves(factors.T @ factors, {i: 0.1 * float(impossible[i]) for i in range(3)})


def test_what_never_moved_tells_nothing_and_stays() -> None:
    still = np.diag([0.04, 0.0])
    assert conditional_moves(still, {0: -0.1}).tolist() == [-0.1, 0.0]
    assert conditional_moves(still, {0: -0.1, 1: 0.0}).tolist() == [-0.1, 0.0]
    with pytest.raises(InputError, match="instrument 1 has not moved"):
        conditional_moves(still, {1: -0.1})


@pytest.mark.parametrize("covariance", [np.zeros((2, 3)), np.zeros(3), np.full((2, 2), np.nan)])
def test_a_covariance_that_is_none_is_refused(covariance: np.ndarray) -> None:
    with pytest.raises(InputError, match="covariance"):
        conditional_moves(covariance, {0: 0.1})


def test_a_book_propagates_by_the_covariance_that_its_figures_use(book: RiskBook, model: MarketModel) -> None:
    shock = Shock(groups=(([0, 1], -0.1),))
    moves = conditional_moves(model.read_covariance, {0: -0.1, 1: -0.1})
    assert book.stress(shock, propagate=True) == pytest.approx(book.exposures * moves)
    assert book.stress({0: -0.1, 1: -0.1}, propagate=True)[3] != 0.0


def test_the_built_in_scenarios_are_what_their_names_say(book: RiskBook, model: MarketModel) -> None:
    found = {result.scenario: result.pnl for result in book.stress_tests()}
    worst = book.scenarios("historical").min()
    assert found == pytest.approx(
        {
            "all prices -10 %": -0.1 * (200 - 150 + 50),
            "all prices +10 %": 0.1 * (200 - 150 + 50),
            "every position 10 % against it": -0.1 * (200 + 150 + 50),
            "worst bar of the window": worst / model.settings.bars_in_horizon**0.5,
            "worst bar of the window, scaled to the horizon": worst,
        }
    )
    slots = model.window.order
    whole = model.window.present[[0, 1, 3]][:, slots].all(axis=0)
    bars = [float(book.stress_episode(model.window.returns[:, slot]).sum()) for slot in slots[whole][-12:]]
    assert found["worst bar of the window"] == pytest.approx(min(bars))


def test_the_worst_bar_is_what_it_did_also_where_scenarios_are_filtered(small_settings: RiskSettings) -> None:
    worst = []
    rows = np.random.default_rng(8).normal(size=(12, 2)) * np.geomspace(0.05, 0.001, 12)[:, None]
    for historical in ("equal", "filtered"):
        model = MarketModel(2, replace(small_settings, historical=historical, min_observations=2))  # type: ignore[arg-type]
        for bar, row in enumerate([[0.01, 0.01], [0.01, 0.02], *rows.tolist()]):
            model.on_bar(bar, row)
        model.on_prices([100.0, 50.0])
        book = RiskBook(model)
        book.on_trade(0, 2.0)
        book.on_trade(1, -1.0)
        worst.append([result.pnl for result in book.stress_tests()][3])
    assert worst == pytest.approx([min(rows @ [200.0, -50.0])] * 2)


def test_an_empty_book_loses_nothing_and_a_cold_one_has_no_worst_bar(small_settings: RiskSettings) -> None:
    empty = RiskBook(MarketModel(2, small_settings)).stress_tests()
    assert [(result.pnl, bool(np.signbit(result.pnl))) for result in empty] == [(0.0, False)] * 3


def test_a_propagated_shock_of_log_returns_is_carried_over_as_their_logarithm(small_settings: RiskSettings) -> None:
    model = MarketModel(2, replace(small_settings, returns="log"))
    book = RiskBook(model)
    model.on_prices([100.0, 50.0])
    book.on_trade(0, 1.0)
    book.on_trade(1, 1.0)
    for bar, move in enumerate(np.random.default_rng(3).normal(0, 0.1, 10)):
        model.on_bar(bar, [move, 2 * move])  # the second price is the square of the first
        book.on_bar()
    pnl = book.stress({0: -0.3}, propagate=True)
    assert pnl == pytest.approx([100 * -0.3, 50 * (0.7**2 - 1)])


def test_an_episode_of_log_returns_is_compounded_as_such(small_settings: RiskSettings) -> None:
    model = MarketModel(1, replace(small_settings, returns="log"))
    model.on_price(0, 100.0)
    book = RiskBook(model)
    book.on_trade(0, 2.0)
    assert book.stress_episode([[0.1], [-0.3]])[0] == pytest.approx(200.0 * np.expm1(-0.2), rel=1e-12)
