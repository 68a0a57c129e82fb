"""The rolling run against sums over the whole past, day by day, by formulas that share nothing with it."""

from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from riskcore import RiskSettings, backtest
from riskcore.errors import InputError
from riskcore.normals import bar_normals
from riskcore.settings import MINUTE

Array = NDArray[np.float64]

SETTINGS = RiskSettings(half_life=15.0, window=40, paths=200, min_observations=10, confidence=(0.9, 0.95))
QUANTITIES = np.array([10.0, -4.0, 0.0, 7.0])


def _panel(days: int = 150, seed: int = 1) -> Array:
    rng = np.random.default_rng(seed)
    returns = rng.standard_t(4, (days, 4)) * np.array([0.01, 0.02, 0.015, 0.03])
    return np.array([20.0, 50.0, 5.0, 30.0]) * np.cumprod(1.0 + returns, axis=0)


def _found(results: list[backtest.Forecasts], method: str, confidence: float) -> backtest.Forecasts:
    (one,) = [r for r in results if (r.method, r.confidence) == (method, confidence)]
    return one


def _scenarios(prices: Array, day: int, exposures: Array, settings: RiskSettings) -> dict[str, Array]:
    past = prices[1 : day + 1] / prices[:day] - 1.0
    moves = past @ exposures
    ages = np.arange(len(moves))[::-1]
    weights = 0.5 ** (ages / settings.half_life)
    weights /= weights.sum()
    normals = np.array([bar_normals(settings.seed, bar, settings.paths) for bar in range(1, day + 1)])
    paths = (np.sqrt(weights) * moves) @ normals
    return {"sigma": np.sqrt(weights @ moves**2), "historical": moves[-settings.window :], "monte_carlo": paths}


def _empirical(pnl: Array, confidence: float) -> tuple[float, float]:
    # VaR by counting; ES as the mean of the quantile function over the tail (Acerbi, Tasche 2002).
    losses = sorted((-pnl).tolist())
    n = len(losses)
    at_risk = next(loss for rank, loss in enumerate(losses, start=1) if rank >= confidence * n - 1e-9)
    tail = [(max(min((k + 1) / n, 1.0) - max(k / n, confidence), 0.0), loss) for k, loss in enumerate(losses)]
    return at_risk, sum(width * loss for width, loss in tail) / (1.0 - confidence)


@pytest.mark.parametrize("hold", ["quantity", "exposure"])
def test_every_forecast_of_a_small_panel_equals_the_sum_over_its_past(hold: backtest.rolling.Hold) -> None:
    prices = _panel()
    results = backtest.rolling_backtest(prices, {"main": QUANTITIES}, [backtest.Variant(SETTINGS)], hold=hold)
    assert len(results) == 6
    for confidence in SETTINGS.confidence:
        unit = NormalDist().inv_cdf(confidence)
        parametric = _found(results, "parametric", confidence)
        np.testing.assert_array_equal(parametric.rows, np.arange(41, 150))
        for at, day in enumerate(parametric.rows.tolist()):
            base = prices[-1] if hold == "exposure" else prices[day - 1]
            exposures = QUANTITIES * base
            told = _scenarios(prices, day - 1, exposures, SETTINGS)
            pnl = exposures @ (prices[day] / prices[day - 1] - 1.0)
            expected = {
                "parametric": (unit * told["sigma"], told["sigma"] * NormalDist().pdf(unit) / (1 - confidence)),
                "historical": _empirical(told["historical"], confidence),
                "monte_carlo": _empirical(told["monte_carlo"], confidence),
            }
            for method, figures in expected.items():
                one = _found(results, method, confidence)
                got = (one.pnl[at], one.value_at_risk[at], one.expected_shortfall[at])
                near = 2e-6 if method == "monte_carlo" else 1e-9  # paths are kept in single precision
                np.testing.assert_allclose(got, (pnl, *figures), rtol=near, atol=1e-11)


def test_filtered_forecasts_are_past_returns_over_their_own_forecasts_times_the_present_one() -> None:
    prices = _panel()
    returns = prices[1:] / prices[:-1] - 1.0

    def volatility(before: int) -> Array:
        weights = 0.5 ** (np.arange(before)[::-1] / SETTINGS.half_life)
        return np.sqrt(weights @ returns[:before] ** 2 / weights.sum())

    filtered = backtest.Variant(replace(SETTINGS, historical="filtered"), ("historical",), "filtered")
    results = backtest.rolling_backtest(prices, {"main": QUANTITIES}, [filtered])
    one = _found(results, "historical filtered", 0.95)
    for at, day in enumerate(one.rows.tolist()):
        past = range(max(day - 1 - SETTINGS.window, SETTINGS.min_observations), day - 1)
        exposures = QUANTITIES * prices[day - 1] * volatility(day - 1)
        pnl = np.array([exposures @ (returns[bar] / volatility(bar)) for bar in past])
        got = (one.value_at_risk[at], one.expected_shortfall[at])
        np.testing.assert_allclose(got, _empirical(pnl, 0.95), rtol=1e-9)


def test_no_forecast_sees_its_own_day_or_a_later_one() -> None:
    prices = _panel()
    changed = prices.copy()
    changed[100:] *= 1.5
    before, after = (
        backtest.rolling_backtest(each, {"main": QUANTITIES}, [backtest.Variant(SETTINGS)])
        for each in (prices, changed)
    )
    for one, other in zip(before, after, strict=True):
        upto = one.rows <= 100
        np.testing.assert_array_equal(one.value_at_risk[upto], other.value_at_risk[upto])
        assert one.pnl[one.rows == 100] != other.pnl[other.rows == 100]


def test_first_and_last_day_are_those_asked_for_and_earlier_days_still_train() -> None:
    prices = _panel()
    whole = backtest.rolling_backtest(prices, {"main": QUANTITIES}, [backtest.Variant(SETTINGS)])
    part = backtest.rolling_backtest(prices, {"main": QUANTITIES}, [backtest.Variant(SETTINGS)], first=90, last=120)
    for one, other in zip(whole, part, strict=True):
        assert other.rows.tolist() == list(range(90, 121))
        inside = (one.rows >= 90) & (one.rows <= 120)
        np.testing.assert_allclose(other.value_at_risk, one.value_at_risk[inside], rtol=1e-9)


def test_days_before_the_first_forecast_are_not_judged() -> None:
    results = backtest.rolling_backtest(_panel(), {"main": QUANTITIES}, [backtest.Variant(SETTINGS)], first=0)
    assert {int(one.rows[0]) for one in results} == {SETTINGS.min_observations + 1}
    filtered = backtest.Variant(replace(SETTINGS, historical="filtered"), ("historical",), "filtered")
    both = backtest.rolling_backtest(_panel(), {"main": QUANTITIES}, [backtest.Variant(SETTINGS), filtered], first=0)
    assert {int(one.rows[0]) for one in both} == {2 * SETTINGS.min_observations + 1}
    for one, other in zip(results, both, strict=False):
        np.testing.assert_array_equal(one.value_at_risk[-len(other.rows) :], other.value_at_risk)
    short = backtest.rolling_backtest(_panel(41), {"main": QUANTITIES}, [backtest.Variant(SETTINGS)])
    assert all(len(one.rows) == len(one.pnl) == 0 for one in short)


def test_bar_and_horizon_of_the_settings_are_taken_as_a_day() -> None:
    live = replace(SETTINGS, bar=MINUTE, horizon_days=10.0)
    daily, other = (
        backtest.rolling_backtest(_panel(), {"main": QUANTITIES}, [backtest.Variant(each)]) for each in (SETTINGS, live)
    )
    for one, same in zip(daily, other, strict=True):
        np.testing.assert_array_equal(one.value_at_risk, same.value_at_risk)


def test_log_returns_move_the_forecast_and_never_the_pnl() -> None:
    simple, log = (
        _found(
            backtest.rolling_backtest(
                _panel(), {"main": QUANTITIES}, [backtest.Variant(replace(SETTINGS, returns=each))]
            ),
            "historical",
            0.95,
        )
        for each in ("simple", "log")
    )
    np.testing.assert_array_equal(simple.pnl, log.pnl)
    assert (simple.value_at_risk != log.value_at_risk).all()
    np.testing.assert_allclose(simple.value_at_risk, log.value_at_risk, rtol=0.1)


def test_several_books_and_variants_are_judged_each_by_itself() -> None:
    books = {"a": QUANTITIES, "b": np.array([0.0, 1.0, 1.0, 0.0])}
    variants = [
        backtest.Variant(SETTINGS),
        backtest.Variant(replace(SETTINGS, window=20), ("historical",), "short"),
    ]
    together = backtest.rolling_backtest(_panel(), books, variants)
    assert [(r.portfolio, r.method) for r in together if r.confidence == 0.9] == [
        *((name, method) for name in "ab" for method in ("parametric", "historical", "monte_carlo")),
        ("a", "historical short"),
        ("b", "historical short"),
    ]
    assert {int(one.rows[0]) for one in together} == {41}
    alone = backtest.rolling_backtest(_panel(), {"b": books["b"]}, variants[1:], first=41)
    # Another name rebuilds its vectors at other bars: same figures, other last digits.
    for one, other in zip(alone, [r for r in together if r.method == "historical short"][2:], strict=True):
        np.testing.assert_allclose(one.value_at_risk, other.value_at_risk, rtol=1e-9)


def test_a_day_without_a_held_price_has_no_pnl_and_is_an_exception() -> None:
    # M11. The day after spans the gap; what is not held may be missing.
    prices = _panel()
    prices[80, 3] = np.nan
    prices[90, 2] = np.nan
    results = backtest.rolling_backtest(prices, {"main": QUANTITIES}, [backtest.Variant(SETTINGS)])
    one = _found(results, "parametric", 0.95)
    at = one.rows.tolist().index(80)
    assert np.flatnonzero(np.isnan(one.pnl)).tolist() == [at]
    assert one.exceptions[at]
    moves = prices[81] - np.where(np.isnan(prices[80]), prices[79], prices[80])
    assert one.pnl[at + 1] == pytest.approx(QUANTITIES @ moves, rel=1e-12)
    assert np.isfinite(one.value_at_risk).all()


def test_a_forecast_that_fails_in_mid_stream_is_an_exception() -> None:
    # The book's instruments have so few days in common that the historical method cannot answer.
    prices = _panel()
    prices[60::2, 0] = np.nan
    prices[61::2, 1] = np.nan
    settings = replace(SETTINGS, window=10)
    one = _found(
        backtest.rolling_backtest(prices, {"main": QUANTITIES}, [backtest.Variant(settings)]), "historical", 0.95
    )
    missing = np.isnan(one.value_at_risk)
    assert missing.any()
    assert not missing[one.rows < 60].any()
    assert one.exceptions[missing].all()


def test_a_row_without_any_price_is_no_day() -> None:
    prices = _panel()
    gapped = np.insert(prices, 77, np.nan, axis=0)
    plain, holed = (
        _found(backtest.rolling_backtest(each, {"main": QUANTITIES}, [backtest.Variant(SETTINGS)]), "historical", 0.95)
        for each in (prices, gapped)
    )
    np.testing.assert_array_equal(plain.pnl, holed.pnl)
    np.testing.assert_array_equal(plain.value_at_risk, holed.value_at_risk)
    assert 77 not in holed.rows


def test_a_share_listed_late_joins_when_it_has_enough_returns() -> None:
    prices = _panel()
    prices[:70, 3] = np.nan
    joined = 70 + SETTINGS.min_observations
    one = _found(
        backtest.rolling_backtest(prices, {"main": QUANTITIES}, [backtest.Variant(SETTINGS)]), "parametric", 0.95
    )
    without = np.array([10.0, -4.0, 0.0, 0.0])
    for at, day in enumerate(one.rows.tolist()):
        held = QUANTITIES if day > joined else without
        assert one.pnl[at] == pytest.approx(np.nansum(held * (prices[day] - prices[day - 1])), rel=1e-9)
    assert not one.exceptions[np.isnan(one.pnl)].any()


@settings(max_examples=20)
@given(scale=st.sampled_from([-1.0, 1e-3, 7.0, 1e6]), order=st.permutations(range(4)), seed=st.integers(0, 9))
def test_size_and_order_of_instruments_change_nothing_but_the_size(scale: float, order: list[int], seed: int) -> None:
    prices = _panel(70, seed)
    plain = backtest.rolling_backtest(prices, {"main": QUANTITIES}, [backtest.Variant(SETTINGS)])
    other = backtest.rolling_backtest(
        prices[:, order], {"main": scale * QUANTITIES[order]}, [backtest.Variant(SETTINGS)]
    )
    for one, same in zip(plain, other, strict=True):
        size = np.max(np.abs(one.pnl))
        np.testing.assert_allclose(same.pnl, scale * one.pnl, rtol=1e-9, atol=abs(scale) * size * 1e-9)
        if scale > 0 or one.method == "parametric":
            np.testing.assert_allclose(same.value_at_risk, abs(scale) * one.value_at_risk, rtol=1e-9)
            np.testing.assert_allclose(same.expected_shortfall, abs(scale) * one.expected_shortfall, rtol=1e-9)


def test_an_empty_book_has_no_days() -> None:
    results = backtest.rolling_backtest(_panel(), {"none": np.zeros(4)}, [backtest.Variant(SETTINGS)])
    assert all(len(one.rows) == 0 for one in results)


def test_progress_is_told_day_by_day() -> None:
    said: list[tuple[int, int]] = []
    backtest.rolling_backtest(
        _panel(), {"main": QUANTITIES}, [backtest.Variant(SETTINGS)], progress=lambda *it: said.append(it)
    )
    assert said == [(day, 150) for day in range(1, 151)]


def test_prices_and_quantities_of_the_wrong_kind_are_refused() -> None:
    bad = _panel()
    bad[3, 1] = -1.0
    for prices in (bad, np.zeros((0, 4)), np.ones(4)):
        with pytest.raises(InputError, match="prices by day and instrument"):
            backtest.rolling_backtest(prices, {"main": QUANTITIES})
    for quantities in ([1.0], [1.0, 2.0, 3.0, float("nan")]):
        with pytest.raises(InputError, match="'main' needs one finite quantity"):
            backtest.rolling_backtest(_panel(), {"main": quantities})


def test_right_forecasts_of_a_known_law_are_found_right() -> None:
    # Normal returns of constant volatility and a long memory: what is left of estimation error is small beside
    # the 99.9 % binomial band of 3,000 days.
    from scipy import stats  # noqa: PLC0415

    rng = np.random.default_rng(20)
    prices = 100.0 * np.cumprod(1.0 + 0.01 * rng.standard_normal((3_501, 2)), axis=0)
    settings = RiskSettings(half_life=500.0, window=499, paths=2_000, confidence=(0.95, 0.99))
    for one in backtest.rolling_backtest(prices, {"main": [1.0, 1.0]}, [backtest.Variant(settings)], hold="exposure"):
        low, high = stats.binom.interval(0.999, 3_001, 1 - one.confidence)
        assert len(one.rows) == 3_001
        assert low <= one.exceptions.sum() <= high, (one.method, one.confidence)
