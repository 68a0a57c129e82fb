"""What a newcomer types: lists, integers, single precision, read-only arrays; and what is no input, told in a line."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import riskcore
from riskcore import (
    EwmaCovariance,
    MarketModel,
    RiskBook,
    RiskSettings,
    RollingCovariance,
    backtest,
    component_var,
    expected_shortfall,
    ledoit_wolf,
    marginal_var,
    monte_carlo_pnl,
    nearest_correlation,
    oas,
    parametric_risk,
    psd_factor,
    value_at_risk,
)
from riskcore.errors import InputError

PNL = [-3, -1, 0, 2]
COVARIANCE = [[4, 1], [1, 9]]
ROWS = [[1, 2], [3, 4], [5, 7]]


def _covariance(estimator: EwmaCovariance | RollingCovariance, *rows: Any) -> Any:
    for row in rows:
        estimator.update(row)
    return estimator.covariance


def _all_pnl(panel: Any) -> Any:
    settings = RiskSettings(window=1, min_observations=0, paths=4)
    return backtest.rolling_backtest(panel, {"a": [1, 2]}, [backtest.Variant(settings)], first=1)[0].pnl


def _prices(prices: Any) -> Any:
    model = MarketModel(2)
    model.on_prices(prices)
    return model.prices


def _bar(returns: Any) -> Any:
    model = MarketModel(2, RiskSettings(paths=4))
    model.on_bar(0, returns)
    return model.covariance.covariance


CALLS: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "value_at_risk": (lambda x: value_at_risk(x, 0.75), PNL),
    "value_at_risk by weights": (lambda x: value_at_risk(PNL, 0.75, x), [1, 2, 3, 4]),
    "expected_shortfall": (lambda x: expected_shortfall(x, 0.75), PNL),
    "component_var of exposures": (lambda x: component_var(x, COVARIANCE, 0.99), [1, 2]),
    "component_var of covariance": (lambda x: component_var([1, 2], x, 0.99), COVARIANCE),
    "marginal_var": (lambda x: marginal_var([1, 2], x, 0.99), COVARIANCE),
    "EwmaCovariance.update": (lambda x: _covariance(EwmaCovariance(2, 60), x), [1, 2]),
    "EwmaCovariance of initial": (lambda x: _covariance(EwmaCovariance(2, 60, x), [1, 2]), COVARIANCE),
    "RollingCovariance.update": (lambda x: _covariance(RollingCovariance(2, 5), [0, 0], x), [1, 2]),
    "nearest_correlation": (nearest_correlation, [[1, 1, 0], [1, 1, 1], [0, 1, 1]]),
    "psd_factor": (lambda x: psd_factor(x).lower, COVARIANCE),
    "ledoit_wolf": (lambda x: ledoit_wolf(x)[0], ROWS),
    "oas": (lambda x: oas(x)[0], ROWS),
    "monte_carlo_pnl": (lambda x: monte_carlo_pnl(x, COVARIANCE, 4, 7), [1, 2]),
    "acerbi_szekely_z2": (lambda x: backtest.acerbi_szekely_z2(x, 1.5, 2.0, 0.975).statistic, PNL),
    "judge": (lambda x: backtest.judge(x, [1, 1, 1, 1], [2, 2, 2, 2], 0.99).exceptions, PNL),
    "rolling_backtest": (_all_pnl, [[1, 2], [3, 4], [5, 7]]),
    "MarketModel.on_prices": (_prices, [1, 2]),
    "MarketModel.on_bar": (_bar, [1, 2]),
}


@pytest.mark.parametrize("name", CALLS)
def test_lists_integers_and_single_precision_give_what_doubles_give(name: str) -> None:
    call, given = CALLS[name]
    doubles = np.array(given, dtype=np.float64)
    expected = np.asarray(call(doubles))
    assert np.isfinite(expected).all()
    assert expected.size
    read_only = doubles.copy()
    read_only.setflags(write=False)
    for other in (given, np.array(given), doubles.astype(np.float32), read_only, np.asfortranarray(doubles)):
        got = np.asarray(call(other))
        np.testing.assert_array_equal(got, expected)  # these numbers are the same in every type
        assert got.dtype == expected.dtype
    np.testing.assert_array_equal(doubles, given)


@pytest.mark.parametrize("name", CALLS)
def test_what_are_no_numbers_is_told(name: str) -> None:
    call, _ = CALLS[name]
    for given in (["BTC", "ETH"], [[1], [1, 2]], 1j, "1,2"):
        with pytest.raises(InputError, match="must be real numbers, in rows of one length; not "):
            call(given)


@pytest.mark.parametrize("name", [name for name in CALLS if name != "judge"])
def test_what_is_of_another_shape_or_infinite_is_told(name: str) -> None:
    call, given = CALLS[name]
    for bad in ([], 3.0, np.ones((2, 2, 2)), np.full(np.shape(given), np.inf)):
        with pytest.raises(InputError):
            call(bad)


REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "no scenarios": (lambda: value_at_risk([], 0.99), "at least one: leave out or mend the others"),
    "words for scenarios": (lambda: value_at_risk(["a"], 0.99), "^scenarios must be real numbers"),
    "words for weights": (lambda: value_at_risk(PNL, 0.9, "abcd"), "^weights must be real numbers"),
    "no confidence": (lambda: value_at_risk(PNL, None), "a confidence is one real number, not None"),
    "confidences": (lambda: value_at_risk(PNL, np.array([0.9, 0.99])), "a confidence is one real number, not array"),
    "99 per cent": (lambda: value_at_risk(PNL, 99), "strictly between 0 and 1, as 0.99; not 99"),
    "weights of others": (lambda: value_at_risk(PNL, 0.9, [1.0]), "weights must be 4 numbers, none negative"),
    "weights without end": (lambda: value_at_risk(PNL, 0.9, [1, 1, 1, np.inf]), "with a positive sum"),
    "a volatility in words": (lambda: parametric_risk("2 %", 0.99), "a volatility is one real number, not '2 %'"),
    "another law": (lambda: parametric_risk(1.0, 0.99, "cauchy"), "the distribution is normal or t, not cauchy"),
    "a covariance that is none": (lambda: component_var([1, -1], [[1, 2], [2, 1]], 0.9), "repair it, see nearest"),
    "half a share": (lambda: EwmaCovariance(1.5, 60), "the number of instruments is a whole number of at least 0"),
    "a half-life of nothing": (lambda: EwmaCovariance(2, 0), "a half-life is a positive number of bars, not 0"),
    "an initial variance below 0": (lambda: EwmaCovariance(2, 60, [[-1, 0], [0, 1]]), "gives a negative variance"),
    "an initial vector": (lambda: EwmaCovariance(2, 60, [1, 2]), r"must be a finite \(2, 2\) matrix"),
    "a window of one": (lambda: RollingCovariance(2, 1), "a window is a whole number of at least 2, not 1"),
    "too large to square": (lambda: EwmaCovariance(1, 60).update([1e200]), r"no larger than 1e\+27"),
    "too large to square in a window": (lambda: RollingCovariance(1, 6).update([1e200]), r"no larger than 1e\+27"),
    "a row too short": (lambda: EwmaCovariance(2, 60).update([0.1]), r"a bar must have 2 .* not shape \(1,\)"),
    "words for returns": (lambda: ledoit_wolf("ab"), "^returns must be real numbers"),
    "words to start from": (lambda: EwmaCovariance(1, 60, "a"), "^the initial covariance must be real numbers"),
    "one row": (lambda: ledoit_wolf([[1, 2]]), r"of shape \(T, N\) with at least two rows, not \(1, 2\)"),
    "no square": (lambda: nearest_correlation(ROWS), r"a square matrix of finite numbers, not one of shape \(3, 2\)"),
    "no paths": (lambda: monte_carlo_pnl([1, 2], COVARIANCE, 0, 7), "n_paths is a whole number of at least 1, not 0"),
    "no seed": (lambda: monte_carlo_pnl([1, 2], COVARIANCE, 9, None), "a seed is a whole number of at least 0"),
    "a seed too long": (lambda: monte_carlo_pnl([1, 2], COVARIANCE, 9, 2**64), "at most 2"),
    "more exceptions than days": (lambda: backtest.kupiec_pof(5, 6, 0.01), "no more exceptions than observations"),
    "a count of nothing": (lambda: backtest.kupiec_pof(5, float("nan"), 0.01), "is a whole number of at least 0"),
    "forecasts of other days": (lambda: backtest.exceptions(PNL, [1, 2]), "one number or one for each P&L"),
    "shortfalls of other days": (lambda: backtest.acerbi_szekely_z2(PNL, 1, [1, 2], 0.9), "ES is one number or one"),
    "a judgement of other days": (lambda: backtest.judge(PNL, [1, 2], [1, 2], 0.9), "one number for each period"),
    "fewer than no instruments": (lambda: MarketModel(-1), "is a whole number of at least 0, not -1"),
    "a price of nothing": (
        lambda: MarketModel(2).on_price(2, 1.0),
        "no instrument 2: the model has 2, numbered from 0",
    ),
    "a price counted from the end": (lambda: MarketModel(2).on_price(-1, 1.0), "there is no instrument -1"),
    "a price by name": (lambda: MarketModel(2).on_price("BTC", 1.0), "there is no instrument 'BTC': the model has 2"),
    "half an instrument": (lambda: MarketModel(2).on_price(0.5, 1.0), "there is no instrument 0.5"),
    "a tick of nothing": (lambda: RiskBook(MarketModel(2)).on_price(2), r"no instrument 2: .* add\(\) makes room"),
    "a tick counted from the end": (lambda: RiskBook(MarketModel(2)).on_price(-1), "there is no instrument -1"),
    "a tick by name": (lambda: RiskBook(MarketModel(2)).on_price("BTC"), "there is no instrument 'BTC'"),
    "a trade by name": (lambda: RiskBook(MarketModel(2)).on_trade("BTC", 1.0), "there is no instrument 'BTC'"),
    "a position by name": (lambda: RiskBook(MarketModel(2)).hold("BTC", 1.0), "there is no instrument 'BTC'"),
    "the P&L of a name": (lambda: RiskBook(MarketModel(2)).position_pnl("BTC"), "there is no instrument 'BTC'"),
    "trades in a list": (
        lambda: RiskBook(MarketModel(2)).what_if([1.0, 2.0]),
        r"what_if takes quantities by instrument, as \{0: 100.0\}, not \[1.0, 2.0\]",
    ),
    "trades by name": (lambda: RiskBook(MarketModel(2)).what_if({"BTC": 1.0}), "there is no instrument 'BTC'"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_is_refused_with_what_is_wanted(name: str) -> None:
    call, words = REFUSED[name]
    with pytest.raises(InputError, match=words):
        call()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"distribution": "cauchy"}, "distribution is one of normal, t, not 'cauchy'"),
        ({"historical": "recent"}, "historical is one of equal, age, filtered, not 'recent'"),
        ({"shrinkage": "much"}, "shrinkage is one of none, ledoit-wolf, oas, not 'much'"),
        ({"shrinkage": 1.5}, "a shrinkage lies from 0 to 1, not 1.5"),
        ({"bar": 0}, "bar is a whole number of at least 1, not 0"),
        ({"paths": 100.5}, "paths is a whole number of at least 1, not 100.5"),
        ({"min_observations": -1}, "min_observations is a whole number of at least 0, not -1"),
        ({"confidence": 0.99}, r"confidence is a tuple, as \(0.99,\); not 0.99"),
        ({"confidence": (99,)}, "strictly between 0 and 1"),
        ({"seed": 2**64}, "a seed is at most 2"),
    ],
)
def test_settings_that_no_model_can_have_are_refused_by_name(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        MarketModel(2, replace(RiskSettings(), **changes))


def test_a_whole_number_of_paths_may_be_written_as_a_power_of_ten() -> None:
    np.testing.assert_array_equal(
        monte_carlo_pnl([1, 2], COVARIANCE, 1e2, 7), monte_carlo_pnl([1, 2], COVARIANCE, 100, 7)
    )


def test_a_figure_in_single_precision_comes_out_as_a_double() -> None:
    assert parametric_risk(np.float32(2.0), 0.99) == parametric_risk(2.0, 0.99)
    assert all(type(figure) is float for figure in parametric_risk(np.float32(2.0), 0.99))


def test_a_book_says_which_confidences_and_methods_it_has(small_settings: RiskSettings) -> None:
    book = RiskBook(MarketModel(1, small_settings))
    for ask in (lambda: book.components(0.0), lambda: book.components(99)):
        with pytest.raises(InputError, match="strictly between 0 and 1"):
            ask()
    for arguments in (("bootstrap",), ("parametric", 0.5), ("historical", 0.0)):
        with pytest.raises(InputError, match="there are figures by parametric, historical, monte_carlo, "):
            book.diversification(*arguments)


def test_nothing_at_all_has_no_risk() -> None:
    none = np.zeros((0, 0))
    assert component_var([], none, 0.99).shape == (0,)
    assert monte_carlo_pnl([], none, 3, 7).tolist() == [0.0, 0.0, 0.0]
    assert EwmaCovariance(0, 60).covariance.shape == (0, 0)
    book = riskcore.RiskBook(riskcore.MarketModel(0))
    assert {(m.var, m.es) for m in book.measures()} == {(0.0, 0.0)}
