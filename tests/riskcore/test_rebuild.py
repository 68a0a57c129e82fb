"""The scheduled rebuild: nothing wrong outlives 64 bars, and no book is another for the company it is in."""

from dataclasses import replace

import numpy as np
import pytest

from riskcore import MarketModel, RiskBook, RiskSettings
from riskcore.blas import products
from riskcore.kept_book import follow_bar
from riskcore.rebuild import REBUILD_EVERY

NAMES = ("main", "desk a", "7", "options", "hedge", "x", "a book of few", "firm")
OPTIONS = ({}, {"shrinkage": 0.3}, {"historical": "filtered"})


def opened(
    settings: RiskSettings, n: int = 12, path_type: type[np.floating] = np.float64
) -> tuple[MarketModel, np.random.Generator]:
    rng = np.random.default_rng(8)
    model = MarketModel(n, settings, path_type)
    model.on_prices(rng.uniform(10.0, 100.0, n))
    return model, rng


def filled(model: MarketModel, name: str) -> RiskBook:
    """All instruments, or if its name says so two of them."""
    book, rng = RiskBook(model, name), np.random.default_rng(len(name))
    for instrument in range(2 if name == "a book of few" else model.n_instruments):
        book.on_trade(instrument, float(rng.normal() * 100.0))
    book.measures()
    return book


@pytest.mark.parametrize("options", OPTIONS, ids=["plain", "shrunk", "filtered"])
@pytest.mark.parametrize("name", ["main", "desk a", "a book of few"])
def test_whatever_is_wrong_with_what_a_book_keeps_is_gone_after_64_bars(
    small_settings: RiskSettings, name: str, options: dict[str, object]
) -> None:
    model, rng = opened(replace(small_settings, half_life=200.0, **options))
    book = filled(model, name)
    for bar in range(5):
        model.on_bar(bar, rng.normal(size=12) * 0.01)
        book.on_bar()
    book.measures()
    kept = book._vectors
    for vector in (kept.pull, kept.history, kept.paths, kept.own):
        np.add(vector, rng.normal(size=vector.shape), out=vector)
    for bar in range(5, 5 + REBUILD_EVERY):
        model.on_bar(bar, rng.normal(size=12) * 0.01)
        book.on_bar()
    fresh = book.copy()._vectors
    fresh.rebuild(kept.exposures)
    for vector, right in zip(
        (kept.pull, kept.history, kept.paths, kept.own),
        (fresh.pull, fresh.history, fresh.paths, fresh.own),
        strict=True,
    ):
        np.testing.assert_allclose(vector, right, rtol=0.0, atol=1e-11 * np.max(np.abs(right), initial=0.0))


@pytest.mark.parametrize("options", OPTIONS, ids=["plain", "shrunk", "filtered"])
def test_a_quarter_of_the_paths_is_computed_afresh_at_a_time_and_the_rest_once_in_64_bars(
    small_settings: RiskSettings, options: dict[str, object]
) -> None:
    model, rng = opened(replace(small_settings, paths=100, **options))
    book = filled(model, "main")
    for bar in range(5):
        model.on_bar(bar, rng.normal(size=12) * 0.01)
        book.on_bar()
    book.measures()
    kept, quarters, own, rest = book._vectors, [], [], []
    for bar in range(5, 5 + REBUILD_EVERY):
        # Without a return nothing moves what a book keeps but its rebuild.
        before = [vector + 1.0 for vector in (kept.paths, kept.own, kept.pull)]
        kept.paths, kept.own, kept.pull = (vector.copy() for vector in before)
        model.on_bar(bar, np.zeros(12))
        book.on_bar()
        pairs = zip((kept.paths, kept.own, kept.pull), before, strict=True)
        for changed, (now, then) in zip((quarters, own, rest), pairs, strict=True):
            if (now != then).any():
                changed.append(np.flatnonzero(now != then).tolist())
    assert sorted(quarters) == [list(range(start, start + 25)) for start in range(0, 100, 25)]
    assert own == (quarters if len(kept.own) else [])
    assert rest == [list(range(12))]


@pytest.mark.parametrize("options", OPTIONS, ids=["plain", "shrunk", "filtered"])
def test_a_book_has_the_same_bits_alone_and_in_whatever_company(
    small_settings: RiskSettings, options: dict[str, object]
) -> None:
    settings = replace(small_settings, **options)
    states = []
    for names in (*((name,) for name in NAMES), NAMES, NAMES[::-1]):
        model, rng = opened(settings, path_type=np.float32)
        books = [filled(model, name) for name in names]
        for bar in range(REBUILD_EVERY + 20):
            model.on_prices(rng.uniform(10.0, 100.0, 12))
            model.on_bar(bar, rng.normal(size=12) * 0.01)
            follow_bar(model, books)
            for book in books:
                book.measures()
        states.append({book.name: book.snapshot() for book in books})
    *alone, together, turned = states
    assert together == turned == {name: state for one in alone for name, state in one.items()}


def test_drift_is_how_far_the_paths_last_rebuilt_were_off_over_the_largest(small_settings: RiskSettings) -> None:
    model, rng = opened(small_settings)
    book = filled(model, "main")
    for bar in range(20):
        model.on_bar(bar, rng.normal(size=12) * 0.01)
        book.on_bar()
        book.measures()
    assert 0.0 < book.drift < 1e-12
    book._vectors.paths *= 1.25
    for bar in range(20, 36):
        model.on_bar(bar, np.zeros(12))
        book.on_bar()
    assert book.drift == pytest.approx(0.25, rel=1e-9)


def test_books_are_due_at_every_second_bar_so_that_no_bar_rebuilds_all(small_settings: RiskSettings) -> None:
    # Of 400 names an eighth is due at a bar; what a bar has more than that is chance.
    model, _ = opened(replace(small_settings, paths=64), n=1)
    books = [RiskBook(model, f"portfolio {number}") for number in range(400)]
    due = []
    for bar in range(32):
        model.on_bar(bar, [0.01])
        for book in books:
            book._vectors.drift = -1.0
        follow_bar(model, books)
        due.append(sum(book.drift >= 0.0 for book in books))
    assert sum(due) == 800
    assert not any(due[0::2])
    assert max(due[1::2]) < 80


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_products_of_several_are_those_of_each_to_the_last_bit(dtype: type[np.floating]) -> None:
    rng = np.random.default_rng(9)
    rows = rng.normal(size=(300, 2_500)).astype(dtype)[:, 500:1_500]
    factors = list(rng.normal(size=(5, 300)))
    factors[1][7:] = 0.0
    factors[3][:] = 0.0
    several = products(factors, rows)
    for each, one in zip(factors, several, strict=True):
        np.testing.assert_array_equal(one, products((each,), rows)[0])
        right = each @ rows.astype(np.float64)
        np.testing.assert_allclose(one, right, rtol=0.0, atol=1e-12 * np.max(np.abs(right)))


@pytest.mark.parametrize("name", ["main", "a book of few"])
@pytest.mark.parametrize("paths", [1, 2, 3, 5])
def test_so_few_paths_that_a_quarter_of_them_may_be_none_are_rebuilt_too(
    small_settings: RiskSettings, paths: int, name: str
) -> None:
    model, rng = opened(replace(small_settings, paths=paths))
    book = filled(model, name)
    for bar in range(5 + REBUILD_EVERY):
        model.on_bar(bar, rng.normal(size=12) * 0.01)
        book.on_bar()
        book.measures()
    fresh = book.copy()._vectors
    fresh.rebuild(book._vectors.exposures)
    np.testing.assert_allclose(book._vectors.paths, fresh.paths, rtol=1e-9)
    assert np.all(fresh.paths != 0.0)
