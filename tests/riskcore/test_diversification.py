"""Stand-alone figures against books of one position, effective observations against the weights written out."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskcore import MarketModel, RiskBook, RiskSettings
from riskcore.diversification import effective_observations, observed_weights, stand_alone_var
from riskcore.errors import InputError

QUANTITIES = (2.0, -3.0, 0.0, 5.0)
METHODS = ("parametric", "historical", "monte_carlo")


def model_of(settings: RiskSettings, bars: int = 40, missing: float = 0.0, n: int = 4) -> MarketModel:
    rng = np.random.default_rng(3)
    model = MarketModel(n, settings)
    for bar in range(bars):
        returns = rng.normal(size=n) * 0.01
        returns[rng.random(n) < missing] = np.nan
        model.on_bar(bar, returns)
    model.on_prices(np.arange(n) * 10.0 + 10.0)
    return model


def book_of(model: MarketModel, quantities: tuple[float, ...] = QUANTITIES) -> RiskBook:
    book = RiskBook(model)
    for instrument, quantity in enumerate(quantities):
        book.on_trade(instrument, quantity)
    return book


def var(book: RiskBook, method: str, confidence: float) -> float:
    return next(m.var for m in book.measures() if (m.method, m.confidence) == (method, confidence))  # type: ignore[return-value]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("distribution", ["normal", "t"])
def test_it_is_what_books_of_one_position_have_more(
    small_settings: RiskSettings, method: str, distribution: str
) -> None:
    model = model_of(replace(small_settings, distribution=distribution))
    book = book_of(model)
    for confidence in small_settings.confidence:
        alone = []
        for i, quantity in enumerate(QUANTITIES):
            single = RiskBook(model)
            single.on_trade(i, quantity)
            alone.append(var(single, method, confidence))
        whole = var(book, method, confidence)
        assert book.diversification(method, confidence) == pytest.approx(sum(alone) - whole, rel=1e-9)  # type: ignore[arg-type]


def test_it_is_of_the_highest_confidence_and_parametric_unless_asked(small_settings: RiskSettings) -> None:
    model = model_of(small_settings)
    book = book_of(model)
    sizes = np.abs(book.exposures) * np.sqrt(np.diag(model.read_covariance) * small_settings.bars_in_horizon)
    assert book.diversification() == pytest.approx(2.3263478740408408 * sizes.sum() - var(book, "parametric", 0.99))


@given(st.lists(st.integers(-9, 9), min_size=4, max_size=4))
@settings(deadline=None, max_examples=30)
def test_parametric_diversification_is_never_negative_and_nothing_for_one_position(quantities: list[int]) -> None:
    settings = RiskSettings(half_life=8.0, window=12, paths=16, min_observations=5)
    book = book_of(model_of(settings), tuple(map(float, quantities)))
    found = book.diversification()
    assert found is not None
    assert found >= -1e-9
    if np.count_nonzero(quantities) <= 1:
        assert found == pytest.approx(0.0, abs=1e-9)


def test_stand_alone_figures_use_the_bars_of_the_whole_book(small_settings: RiskSettings) -> None:
    model = model_of(small_settings, missing=0.5)
    book = book_of(model)
    book.measures()
    slots = book._vectors.slots
    rows = model.window.returns[:, slots] * np.sqrt(small_settings.bars_in_horizon)
    held = [0, 1, 3]
    worst = [np.sort(-book.exposures[i] * rows[i])[-1] for i in held]
    assert stand_alone_var(model, book._vectors, "historical", 0.99) == pytest.approx(worst)


def test_without_figures_there_is_none(small_settings: RiskSettings) -> None:
    assert book_of(model_of(small_settings, bars=3)).diversification() is None
    assert RiskBook(model_of(small_settings)).diversification() == 0.0


@given(st.lists(st.floats(0, 1e150), max_size=20))
@settings(deadline=None)
def test_effective_observations_lie_between_one_and_their_number(weights: list[float]) -> None:
    found = effective_observations(weights)
    positive = sum(w > 0 for w in weights)
    assert (found == 0.0) == (positive == 0)
    assert min(positive, 1) * (1 - 1e-12) <= found <= positive * (1 + 1e-12)


@pytest.mark.parametrize("weights", [[-1.0], [np.nan], [[1.0]]])
def test_weights_that_are_none_are_refused(weights: object) -> None:
    with pytest.raises(InputError, match="weights"):
        effective_observations(weights)  # type: ignore[arg-type]


@pytest.mark.parametrize("bars", [5, 40, 200])
def test_an_unbroken_history_has_the_closed_form(small_settings: RiskSettings, bars: int) -> None:
    decay = small_settings.decay
    closed = (1 - decay**bars) * (1 + decay) / ((1 + decay**bars) * (1 - decay))
    assert book_of(model_of(small_settings, bars)).effective_observations == pytest.approx(closed, rel=1e-9)


def test_the_weights_are_those_of_the_covariance(small_settings: RiskSettings) -> None:
    # Their sum is W of the recursion, which knows nothing of single bars.
    model = model_of(small_settings, bars=45, missing=0.3)
    for instrument in range(4):
        total = (1 - small_settings.decay) * observed_weights(model, instrument).sum()
        assert total == pytest.approx(model.covariance.weights[instrument], rel=1e-9)  # type: ignore[union-attr]


def test_the_weakest_position_counts_and_a_window_counts_bars(small_settings: RiskSettings) -> None:
    model = model_of(small_settings)
    model.add(1)
    model.on_bar(100, np.full(5, 0.01))
    model.on_bar(101, np.full(5, 0.02))
    model.on_price(4, 5.0)
    assert book_of(model, (1.0, 0.0, 0.0, 0.0, 1.0)).effective_observations == pytest.approx(2.0, rel=0.01)
    rolling = model_of(replace(small_settings, covariance="rolling"))
    assert book_of(rolling).effective_observations == small_settings.window
    assert RiskBook(model).effective_observations == 0.0


def test_what_there_are_no_figures_of_is_refused_with_what_there_are(small_settings: RiskSettings) -> None:
    book = book_of(model_of(small_settings))
    known = ", ".join(map(str, ("parametric", "historical", "monte_carlo", *small_settings.confidence)))
    with pytest.raises(InputError, match=f"^there are figures by {known}: none by parametric at 0.5$"):
        book.diversification("parametric", 0.5)


def test_a_histogram_says_of_which_method_it_is_and_is_there_with_the_last_observation_needed(
    small_settings: RiskSettings,
) -> None:
    needed = small_settings.min_observations
    assert book_of(model_of(small_settings, bars=needed - 1)).distribution() is None
    book = book_of(model_of(small_settings, bars=needed))
    assert book.observations == needed
    found = book.distribution("historical"), book.distribution("monte_carlo")
    assert [each.method for each in found if each is not None] == ["historical", "monte_carlo"]
