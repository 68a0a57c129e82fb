"""The open bar: reading with it is reading after it has closed, and leaves no trace."""

from dataclasses import replace

import numpy as np
import pytest

from riskcore import BarSampler, MarketModel, RiskBook, RiskSettings
from riskcore.errors import InputError

SECOND = 10**9


@pytest.fixture(params=[{}, {"distribution": "t"}, {"historical": "age"}, {"variance_reduction": "both"}], ids=str)
def settings(request, small_settings: RiskSettings) -> RiskSettings:
    return replace(small_settings, open_bar="on", **request.param)


def streamed(settings: RiskSettings, n_bars: int = 20) -> tuple[MarketModel, RiskBook]:
    model = MarketModel(4, settings, np.float64)
    book = RiskBook(model)
    for instrument, quantity in enumerate((3.0, -5.0, 2.0)):
        book.on_trade(instrument, quantity)
    model.on_prices([100.0, 50.0, 20.0, 10.0])
    for bar, row in enumerate(np.random.default_rng(4).normal(0, 0.01, (n_bars, 4))):
        model.on_bar(bar, row)
        book.on_bar()
    return model, book


RUNNING = np.array([0.03, -0.04, 0.01, 0.0])


def figures(book: RiskBook) -> list[float]:
    shown = [figure for m in book.measures() for figure in (m.var, m.es, m.var_stderr, m.es_stderr)]
    parts = book.components()
    return [figure for figure in shown if figure is not None] + [*parts.component_var, *parts.component_es]


@pytest.mark.parametrize("n_bars", [6, 20])
def test_figures_with_the_open_bar_are_those_of_the_moment_after_it_closes(settings: RiskSettings, n_bars: int) -> None:
    model, book = streamed(settings, n_bars)
    before = figures(book)
    model.on_open_bar(99, RUNNING)
    open_figures = figures(book)
    model.on_bar(99, RUNNING)
    book.on_bar()
    assert open_figures == pytest.approx(figures(book), rel=1e-9)
    assert open_figures != pytest.approx(before, rel=1e-3)


def test_the_parametric_figure_is_the_weighted_sum_that_it_is_defined_as(small_settings: RiskSettings) -> None:
    settings = replace(small_settings, open_bar="on")
    model, book = streamed(settings, 400)
    w, sigma, decay = book.exposures, model.read_covariance, settings.decay
    model.on_open_bar(999, RUNNING)
    expected = decay * w @ sigma @ w + (1 - decay) * (w @ RUNNING) ** 2
    told = {(m.method, m.confidence): m.var for m in book.measures()}
    factor = told["parametric", 0.99] / np.sqrt(settings.bars_in_horizon)
    assert factor == pytest.approx(2.3263478740408408 * np.sqrt(expected), rel=1e-9)


def test_what_is_read_on_the_way_leaves_no_trace(settings: RiskSettings) -> None:
    (model, book), (quiet_model, quiet) = streamed(settings), streamed(settings)
    state = model.snapshot()
    for step in range(5):
        model.on_open_bar(99, RUNNING * step)
        figures(book)
    assert model.snapshot() == state
    figures(quiet)
    for one_model, one in ((model, book), (quiet_model, quiet)):
        one_model.on_bar(99, RUNNING)
        one.on_bar()
    assert book.measures() == quiet.measures()
    assert book.snapshot() == quiet.snapshot()


def test_an_instrument_without_a_running_return_makes_no_scenario_and_leaves_the_others(settings: RiskSettings) -> None:
    model, book = streamed(settings)
    scenarios = book.scenarios("historical")
    model.on_open_bar(99, [np.nan, -0.04, 0.01, 0.0])
    assert book.scenarios("historical").tolist() == scenarios.tolist()
    model.on_open_bar(99, [0.0, -0.04, 0.01, np.nan])
    assert len(book.scenarios("historical")) == len(scenarios)
    assert book.scenarios("historical").tolist() != scenarios.tolist()


@pytest.mark.parametrize(
    ("name", "value"),
    [("covariance", "rolling"), ("simulation", "cholesky"), ("shrinkage", 0.1), ("historical", "filtered")],
)
def test_where_it_cannot_be_defined_it_is_refused(small_settings: RiskSettings, name: str, value: object) -> None:
    with pytest.raises(InputError, match="open_bar needs"):
        MarketModel(1, replace(small_settings, open_bar="on", **{name: value}))
    with pytest.raises(InputError, match="open_bar on only"):
        MarketModel(1, small_settings).on_open_bar(1, [0.0])


def test_the_running_return_is_since_the_last_bars_end_and_of_the_next_bar_to_close() -> None:
    sampler = BarSampler(2, RiskSettings(bar=SECOND, lateness=SECOND))
    for at, price in ((0.2, 100.0), (0.9, 102.0), (1.5, 103.0), (2.1, 104.0)):
        sampler.on_tick(0, "sim", int(at * SECOND), price, int(at * SECOND))
    assert [bar.index for bar in sampler.closed()] == [0]
    found = sampler.running()
    assert found is not None
    index, returns = found
    assert index == 1
    assert returns == pytest.approx([104.0 / 102.0 - 1, np.nan], nan_ok=True)
