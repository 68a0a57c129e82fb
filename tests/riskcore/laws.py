"""Laws that every book obeys whatever happens to it, each of a story: what happened, in order.

Rounding is judged against the sizes that went in (``size_of``): a book whose positions nearly cancel has lost the
digits that they shared, however it is computed.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from riskcore import MarketModel, RiskBook, RiskSettings
from riskcore.messages import Measure, Method


@dataclass(frozen=True)
class Option:
    """Settings, and the precision of the path matrix."""

    settings: RiskSettings
    path_type: type[np.floating[Any]] = np.float64

    @property
    def rounding(self) -> float:
        """Of the sizes that went in: some tens of sums of 1e-16 each; of single precision, of 1e-7."""
        return 1e-11 if self.path_type is np.float64 else 3e-6


SMALL = RiskSettings(half_life=4.0, window=6, paths=16, min_observations=2)
OPTIONS = {
    "default": Option(SMALL),
    "single precision": Option(SMALL, np.float32),
    "t": Option(replace(SMALL, distribution="t")),
    "rolling": Option(replace(SMALL, covariance="rolling")),
    "shrunk": Option(replace(SMALL, shrinkage="ledoit-wolf")),
    "oas": Option(replace(SMALL, shrinkage="oas", covariance="rolling")),
    "age": Option(replace(SMALL, historical="age")),
    "filtered": Option(replace(SMALL, historical="filtered")),
    "cholesky": Option(replace(SMALL, simulation="cholesky")),
    "matched": Option(replace(SMALL, variance_reduction="both")),
}


@dataclass(frozen=True)
class Price:
    instrument: int
    price: float


@dataclass(frozen=True)
class Trade:
    instrument: int
    quantity: float


@dataclass(frozen=True)
class Bar:
    returns: tuple[float, ...]


Event = Price | Trade | Bar


@dataclass(frozen=True)
class Story:
    """What happened to a market of n instruments and the one book on it; every instrument has a price at first."""

    n: int
    events: tuple[Event, ...]


_PRICES = st.integers(1, 4_000).map(lambda x: x / 8.0)
_QUANTITIES = st.integers(-64, 64).map(lambda x: x / 4.0)
_RETURNS = st.one_of(st.integers(-64, 64).map(lambda x: x / 1024.0), st.just(0.0), st.just(float("nan")))


@st.composite
def stories(draw: st.DrawFn, most: int = 4, length: int = 24) -> Story:
    """A story of at most so many instruments and events; some bars come first, so that there are figures."""
    n = draw(st.integers(1, most))
    instruments = st.integers(0, n - 1)
    bars = st.tuples(*[_RETURNS] * n).map(Bar)
    first = st.lists(st.tuples(*[st.integers(-64, 64).map(lambda x: x / 1024.0)] * n).map(Bar), min_size=3, max_size=9)
    event = st.one_of(st.builds(Price, instruments, _PRICES), st.builds(Trade, instruments, _QUANTITIES), bars)
    return Story(n, (*draw(first), *draw(st.lists(event, max_size=length))))


def told(option: Option, story: Story, books: int = 1) -> tuple[MarketModel, list[RiskBook]]:
    """The market and books after the story; trades go round the books."""
    model = MarketModel(story.n, option.settings, option.path_type)
    model.on_prices(np.full(story.n, 100.0))
    held = [RiskBook(model, str(number)) for number in range(books)]
    go_on(model, held, story.events)
    return model, held


def go_on(model: MarketModel, books: Sequence[RiskBook], events: Iterable[Event], start: int = 0) -> None:
    """Let these events happen; they count from ``start``."""
    for at, event in enumerate(events, start=start):
        if isinstance(event, Price):
            model.on_price(event.instrument, event.price)
        elif isinstance(event, Trade):
            books[at % len(books)].on_trade(event.instrument, event.quantity)
        else:
            model.on_bar(at, event.returns)
            for book in books:
                book.on_bar()
        if at % 3 == 0:
            for book in books:
                book.measures()


def figures(measures: Iterable[Measure], *, drawn: bool = True) -> np.ndarray:
    """VaR and ES of every measure, NaN where there is none; without those of drawn paths, if not ``drawn``."""
    kept = [m for m in measures if drawn or m.method != "monte_carlo"]
    return np.array([[np.nan if x is None else x for x in (m.var, m.es)] for m in kept])


def size_of(book: RiskBook) -> float:
    """What the book's figures are made of: the largest loss that its positions could make without cancelling."""
    model = book.model
    largest = np.abs(model.window.scenarios).max(axis=1, initial=0.0)
    if model.scenario_volatility is not None:
        largest = largest * model.scenario_volatility
    moves = np.maximum(largest, 5.0 * model.volatility)
    return float(np.abs(book.exposures) @ moves) * model.settings.bars_in_horizon**0.5 + 1e-9


def assert_alike(got: np.ndarray, expected: np.ndarray, size: float) -> None:
    assert (np.isnan(got) == np.isnan(expected)).all()
    np.testing.assert_allclose(got, expected, rtol=0, atol=size)


# The laws


def relabelling_changes_nothing(option: Option, story: Story) -> None:
    new = np.random.default_rng(story.n).permutation(story.n)  # old instrument i is called new[i]

    def renamed(event: Event) -> Event:
        if isinstance(event, Bar):
            return Bar(tuple(event.returns[i] for i in np.argsort(new)))
        return replace(event, instrument=int(new[event.instrument]))

    _, (book,) = told(option, story)
    _, (other,) = told(option, Story(story.n, tuple(renamed(event) for event in story.events)))
    # Lasting normals belong to an instrument's number: there the draws are others.
    drawn = option.settings.simulation == "paths" and option.settings.shrinkage == "none"
    got, expected = figures(other.measures(), drawn=drawn), figures(book.measures(), drawn=drawn)
    assert_alike(got, expected, option.rounding * size_of(book))
    np.testing.assert_array_equal(other.exposures[new], book.exposures)


def the_order_between_two_bars_changes_nothing(option: Option, story: Story) -> None:
    rng = np.random.default_rng(len(story.events))
    reordered: list[Event] = []
    stretch: list[Event] = []
    for event in (*story.events, None):
        if event is None or isinstance(event, Bar):
            reordered += _shuffled(stretch, rng)
            stretch = []
            reordered += [] if event is None else [event]
        else:
            stretch.append(event)
    _, (book,) = told(option, story)
    _, (other,) = told(option, Story(story.n, tuple(reordered)))
    assert_alike(figures(other.measures()), figures(book.measures()), option.rounding * size_of(book))
    np.testing.assert_array_equal(other.quantities, book.quantities)


def _shuffled(events: list[Event], rng: np.random.Generator) -> list[Event]:
    # The prices of one instrument stay in their order: the last one counts.
    order = rng.permutation(len(events))
    slots: dict[object, list[int]] = {}
    for at in order.tolist():
        event = events[at]
        slots.setdefault(event.instrument if isinstance(event, Price) else (at,), []).append(at)
    queues = {key: sorted(ats) for key, ats in slots.items()}
    keys = [events[at].instrument if isinstance(events[at], Price) else (at,) for at in order.tolist()]
    return [events[queues[key].pop(0)] for key in keys]


def an_update_reverted_never_was(option: Option, story: Story) -> None:
    model, (book,) = told(option, story)
    before, size = figures(book.measures()), size_of(book)
    prices = model.prices.copy()
    for instrument in range(story.n):
        book.on_trade(instrument, 7.5)
        model.on_price(instrument, 3.0 * prices[instrument])
        book.measures()
    size = max(size, size_of(book))
    for instrument in range(story.n):
        model.on_price(instrument, prices[instrument])
        book.on_trade(instrument, -7.5)
    assert_alike(figures(book.measures()), before, option.rounding * size)


def exposure_scaled_is_risk_scaled(option: Option, story: Story) -> None:
    def larger(event: Event) -> Event:
        return replace(event, quantity=event.quantity * 3.0) if isinstance(event, Trade) else event

    _, (book,) = told(option, story)
    _, (other,) = told(option, Story(story.n, tuple(larger(event) for event in story.events)))
    assert_alike(figures(other.measures()), 3.0 * figures(book.measures()), 3.0 * option.rounding * size_of(book))


def a_book_turned_round_has_the_same_closed_form(option: Option, story: Story) -> None:
    def turned(event: Event) -> Event:
        return replace(event, quantity=-event.quantity) if isinstance(event, Trade) else event

    _, (book,) = told(option, story)
    _, (other,) = told(option, Story(story.n, tuple(turned(event) for event in story.events)))
    k = len(option.settings.confidence)
    assert_alike(figures(other.measures())[:k], figures(book.measures())[:k], option.rounding * size_of(book))


def shortfall_is_not_below_and_both_grow_with_confidence(option: Option, story: Story) -> None:
    _, (book,) = told(option, story)
    k = len(option.settings.confidence)
    for own in figures(book.measures()).reshape(-1, k, 2):
        if not np.isnan(own).any():
            slack = option.rounding * size_of(book)
            assert (own[:, 1] >= own[:, 0] - slack).all()
            assert (np.diff(own, axis=0) >= -slack).all()


def components_add_up(option: Option, story: Story) -> None:
    _, (book,) = told(option, story)
    measures = {(m.method, m.confidence): m for m in book.measures()}
    for confidence in option.settings.confidence:
        whole, drawn = measures["parametric", confidence], measures["monte_carlo", confidence]
        if whole.var is None or drawn.es is None:
            continue
        parts = book.components(confidence)
        size = option.rounding * size_of(book)
        assert abs(parts.component_var.sum() - whole.var) <= size + 1e-6 * whole.var * (
            whole.var < 1e-6 * size_of(book)
        )
        assert abs(parts.component_es.sum() - drawn.es) <= size


def shards_add_up_to_the_whole(option: Option, story: Story) -> None:
    if option.settings.moment_matched:
        return  # scaled on reading, after the sum
    _, (whole,) = told(option, story)
    _, shards = told(option, story, books=3)
    assert_sum(shards, whole, "monte_carlo", 1e-12 if option.path_type is np.float64 else option.rounding)
    _, (whole,) = told(option, without_holes(story))
    _, shards = told(option, without_holes(story), books=3)
    if option.settings.historical != "filtered":
        assert_sum(shards, whole, "historical", 1e-12)


def assert_sum(shards: Sequence[RiskBook], whole: RiskBook, method: Method, rounding: float) -> None:
    size = sum(size_of(shard) for shard in shards)
    parts = sum(shard.scenarios(method) for shard in shards)
    np.testing.assert_allclose(parts, whole.scenarios(method), rtol=0, atol=rounding * size)


def restored_in_mid_stream_it_is_the_same_to_the_last_bit(option: Option, story: Story) -> None:
    cut = len(story.events) // 2
    model, (book,) = told(option, Story(story.n, story.events[:cut]))
    twin = MarketModel.restore(model.snapshot(), option.settings)
    copy = RiskBook.restore(book.snapshot(), twin)
    for market, held in ((model, book), (twin, copy)):
        go_on(market, [held], story.events[cut:], start=cut)
    np.testing.assert_array_equal(figures(copy.measures()), figures(book.measures()))
    np.testing.assert_array_equal(copy.scenarios("monte_carlo"), book.scenarios("monte_carlo"))
    assert twin.snapshot() == model.snapshot()
    assert copy.snapshot() == book.snapshot()


def what_never_moves_and_what_is_not_held_add_nothing(option: Option, story: Story) -> None:
    if option.settings.shrinkage != "none":
        return  # shrinkage gives every instrument something of the mean variance, by its definition

    def wider(event: Event) -> Event:
        return Bar((*event.returns, 0.0, 0.125)) if isinstance(event, Bar) else event

    _, (book,) = told(option, story)
    if not len(book.held):
        return  # nothing held has no scenarios to wait for
    held = (*(wider(event) for event in story.events), Trade(story.n, 1e3))
    _, (other,) = told(option, Story(story.n + 2, held))
    assert_alike(figures(other.measures()), figures(book.measures()), option.rounding * size_of(book))


def a_hedge_by_a_twin_is_flat(option: Option, story: Story) -> None:
    if option.settings.shrinkage != "none":
        return  # shrinkage undoes the hedge, by its definition
    twice: list[Event] = []
    for event in story.events:
        if isinstance(event, Bar):
            twice.append(Bar(event.returns * 2))
        elif isinstance(event, Price):
            twice += [event, replace(event, instrument=event.instrument + story.n)]
        else:
            twice += [event, Trade(event.instrument + story.n, -event.quantity)]
    _, (book,) = told(option, Story(2 * story.n, tuple(twice)))
    got = figures(book.measures())
    # The variance cancels to its rounding, and the root of 1e-16 is 1e-8. Paths of single precision have more where a
    # reading fell between the prices of the two: a bar moved the vector in double precision, its row in single.
    np.testing.assert_allclose(got[~np.isnan(got)], 0.0, atol=max(1e-7, option.rounding) * size_of(book))


def shortfall_of_the_sum_is_at_most_the_sum(option: Option, story: Story) -> None:
    story = without_holes(story)
    _, (whole,) = told(option, story)
    _, shards = told(option, story, books=2)
    own, first, second = (figures(book.measures())[:, 1] for book in (whole, *shards))
    k = len(option.settings.confidence)
    known = ~np.isnan(own + first + second)
    known[2 * k :] &= not option.settings.moment_matched  # scaled on reading, after the sum
    slack = option.rounding * sum(size_of(book) for book in shards)
    assert (own[known] <= first[known] + second[known] + slack).all()


def without_holes(story: Story) -> Story:
    # A bar that is whole for one book may not be so for another: without holes all have the same scenarios.
    filled = (Bar(tuple(np.nan_to_num(e.returns).tolist())) if isinstance(e, Bar) else e for e in story.events)
    return Story(story.n, tuple(filled))


def nothing_that_is_no_number_leaves(option: Option, story: Story) -> None:
    model, (book,) = told(option, story)
    for measure in book.measures():
        assert (measure.var is None) == (measure.es is None) == bool(measure.reason)
        told_numbers = (measure.var, measure.es, measure.var_stderr, measure.es_stderr)
        assert all(np.isfinite(x) for x in told_numbers if x is not None)
    parts = book.components()
    shown = book.distribution()
    arrays = (
        parts.component_var, parts.component_es, parts.marginal_var, book.exposures, book.volatilities,
        book.scenarios("historical"), book.scenarios("monte_carlo"), model.read_covariance, model.covariance.covariance,
        model.factor().lower, np.array(shown.edges if shown else ()), np.array([s.pnl for s in book.stress_tests()]),
        np.array([book.market_value, book.gross, book.net, book.pnl, book.drift, book.effective_observations]),
    )  # fmt: skip
    assert all(np.isfinite(array).all() for array in arrays)
    correlation, volatility = model.covariance.correlation, model.volatility
    assert not np.isinf(correlation).any()
    undefined = np.outer(volatility > 0.0, volatility > 0.0)
    assert (np.isnan(correlation) == ~undefined).all()


LAWS: dict[str, Callable[[Option, Story], None]] = {
    law.__name__: law
    for law in (
        relabelling_changes_nothing,
        the_order_between_two_bars_changes_nothing,
        an_update_reverted_never_was,
        exposure_scaled_is_risk_scaled,
        a_book_turned_round_has_the_same_closed_form,
        shortfall_is_not_below_and_both_grow_with_confidence,
        components_add_up,
        shards_add_up_to_the_whole,
        restored_in_mid_stream_it_is_the_same_to_the_last_bit,
        what_never_moves_and_what_is_not_held_add_nothing,
        a_hedge_by_a_twin_is_flat,
        shortfall_of_the_sum_is_at_most_the_sum,
        nothing_that_is_no_number_leaves,
    )
}
