"""Every option of the model on a random stream, against matrices recomputed from all that happened."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskcore import (
    MarketModel,
    RiskBook,
    RiskSettings,
    expected_shortfall,
    parametric_risk,
    value_at_risk,
)
from riskcore.normals import Draw, student_mixing

Open = Callable[..., "object"]


@dataclass
class Expected:
    """What the definitions give for all bars told so far, by whole matrices and plain sums: nothing is kept."""

    settings: RiskSettings
    returns: np.ndarray
    words: list[int]
    exposures: np.ndarray

    @property
    def horizon(self) -> float:
        return sqrt(self.settings.bars_in_horizon)

    def loadings(self) -> np.ndarray:
        """A of shape (bars, N) with Σ = AᵀA: the recursion's or the window's bars, each with its weight."""
        present = ~np.isnan(self.returns)
        ages = np.arange(len(self.returns))[::-1]
        if self.settings.covariance == "rolling":
            present &= (ages < self.settings.window)[:, None]
            counts = present.sum(axis=0)
            mean = np.array([np.mean(r[p]) if p.any() else 0.0 for r, p in zip(self.returns.T, present.T, strict=True)])
            return np.where(present, self.returns - mean, 0.0) / np.sqrt(np.maximum(counts - 1, 1))
        weights = self.settings.decay ** ages.astype(float)
        mass = present.T @ weights
        safe = np.where(mass > 0, mass, 1.0)
        return np.sqrt(weights)[:, None] * np.where(present, self.returns, 0.0) / np.sqrt(safe)

    def weights(self) -> np.ndarray:
        """What each bar counts in Σ; sums to 1."""
        ages = np.arange(len(self.returns))[::-1]
        if self.settings.covariance == "rolling":
            weights = 1.0 * (ages < self.settings.window)
        else:
            weights = self.settings.decay ** ages.astype(float) * ~np.isnan(self.returns).all(axis=1)
        return weights / weights.sum()

    def shrinkage(self) -> tuple[float, float]:
        """δ and μ, the former by the distance of each bar's own product from Σ."""
        loadings, weights = self.loadings(), self.weights()
        sample = loadings.T @ loadings
        counts = (~np.isnan(self.returns[-self.settings.window :])).sum(axis=0)
        n = (
            int((counts >= 2).sum())
            if self.settings.covariance == "rolling"
            else (~np.isnan(self.returns)).any(0).sum()
        )
        mu, square = np.trace(sample) / n, np.linalg.norm(sample) ** 2
        distance = square - n * mu**2
        if not isinstance(self.settings.shrinkage, str):
            return self.settings.shrinkage, mu
        if self.settings.shrinkage == "oas":
            t = 1 / np.sum(weights**2)
            return min(1.0, ((1 - 2 / n) * square + (n * mu) ** 2) / ((t + 1 - 2 / n) * distance)), mu
        bars = [(w, row / np.sqrt(w)) for w, row in zip(weights, loadings, strict=True) if w > 0]
        noise = sum(w * np.linalg.norm(np.outer(row, row) - sample) ** 2 for w, row in bars) * np.sum(weights**2)
        return min(noise / distance, 1.0), mu

    def covariance(self) -> np.ndarray:
        loadings = self.loadings()
        sample = np.einsum("ti,tj->ij", loadings, loadings)
        if self.settings.shrinkage == "none":
            return sample
        delta, mu = self.shrinkage()
        return (1 - delta) * sample + delta * mu * np.eye(len(sample))

    def volatility(self) -> float:
        return self.horizon * sqrt(float(self.exposures @ self.covariance() @ self.exposures))

    def draw(self) -> Draw:
        return Draw(self.settings.seed, self.settings.paths, antithetic="both" in self.how or "antithetic" in self.how)

    @property
    def how(self) -> str:
        return self.settings.variance_reduction

    def paths(self) -> np.ndarray:
        pnl = self.normal_paths()
        if self.how in {"moment", "both"} and pnl.any():
            pnl = pnl * (self.volatility() / sqrt(np.mean((pnl - pnl.mean()) ** 2)))
        return pnl

    def normal_paths(self) -> np.ndarray:
        normals = np.array([self.draw().bar(word) for word in self.words])
        pnl = normals.T @ (self.loadings() @ self.exposures)
        if self.settings.simulation == "cholesky":
            held = np.flatnonzero(np.diagonal(self.covariance()))
            normals = np.array([self.draw().factor(int(i)) for i in held])
            return self.horizon * (self.exposures[held] @ cholesky(self.covariance()[np.ix_(held, held)]) @ normals)
        if self.settings.shrinkage != "none":
            delta, mu = self.shrinkage()
            own = np.array([self.draw().own(i) for i in range(len(self.exposures))])
            pnl = sqrt(1 - delta) * pnl + sqrt(delta * mu) * (self.exposures @ own)
        return self.horizon * pnl

    def volatilities(self, bars: int) -> tuple[np.ndarray, np.ndarray]:
        """Of each instrument after so many bars, and its returns up to there (in the window, if rolling)."""
        before = replace(self, returns=self.returns[:bars], words=self.words[:bars])
        loadings = before.loadings()
        seen = ~np.isnan(before.returns)
        if self.settings.covariance == "rolling":
            seen = seen[-self.settings.window :]
        return np.sqrt((loadings**2).sum(axis=0)), seen.sum(axis=0)

    def scenarios(self) -> np.ndarray:
        """P&L of the book's last complete bars among those held, oldest first."""
        held, found = self.exposures != 0, []
        today, _ = self.volatilities(len(self.returns))
        for bar in range(max(len(self.returns) - 4 * self.settings.window, 0), len(self.returns)):
            row = self.returns[bar].copy()
            if self.settings.historical == "filtered":
                forecast, count = self.volatilities(bar)
                with np.errstate(divide="ignore", invalid="ignore"):
                    row = np.where(row == 0.0, 0.0, row / forecast) * today
                row[(count < self.settings.min_observations) | np.isinf(row)] = np.nan
            if not np.isnan(row[held]).any():
                found.append(self.horizon * float(np.nansum(row * self.exposures)))
        return np.array(found[-self.settings.window :])

    def historical_weights(self, n: int) -> np.ndarray | None:
        return 2.0 ** (-np.arange(n)[::-1] / self.settings.half_life) if self.settings.historical == "age" else None


def cholesky(matrix: np.ndarray) -> np.ndarray:
    """Row by row, as the books have it (Cholesky-Banachiewicz)."""
    lower = np.zeros_like(matrix)
    for i in range(len(matrix)):
        for j in range(i + 1):
            rest = matrix[i, j] - lower[i, :j] @ lower[j, :j]
            lower[i, j] = sqrt(rest) if i == j else rest / lower[j, j]
    return lower


def expected(market) -> Expected:  # type: ignore[no-untyped-def]
    n, told = market.model.n_instruments, market.told
    returns = np.full((len(told.rows), n), np.nan)
    for t, row in enumerate(told.rows):
        returns[t, : len(row)] = row
    exposures = np.zeros(n)
    for i, exposure in told.exposures.items():
        exposures[i] = exposure
    return Expected(market.settings, returns, told.words, exposures)


def closed_form(right: Expected, confidence: float) -> tuple[float, float]:
    settings = right.settings
    dof = settings.dof if settings.distribution == "t" else None
    return parametric_risk(right.volatility(), confidence, settings.distribution, dof)


def mixing(settings: RiskSettings) -> np.ndarray | float:
    return student_mixing(settings.seed, settings.dof, settings.paths) if settings.distribution == "t" else 1.0


def assert_components_add_up(market) -> None:  # type: ignore[no-untyped-def]
    parts = market.book.components()
    highest = {m.method: m for m in market.book.measures() if m.confidence == 0.99}
    assert parts.component_var.sum() == pytest.approx(highest["parametric"].var, rel=1e-9, abs=1e-9)
    assert parts.component_es.sum() == pytest.approx(highest["monte_carlo"].es, rel=1e-9, abs=1e-9)


def assert_agrees(market) -> bool:  # type: ignore[no-untyped-def]
    measures = market.book.measures()
    if measures[0].reason or not market.told.exposures:
        return False
    right = expected(market)
    for m in measures:
        if m.method == "parametric":
            assert (m.var, m.es) == pytest.approx(closed_form(right, m.confidence), rel=1e-9, abs=1e-9)
    scenarios = right.scenarios()
    np.testing.assert_allclose(
        market.book.scenarios("historical"), scenarios, rtol=1e-9, atol=1e-10 * np.abs(scenarios).max(initial=0.0)
    )
    for m in measures:
        if m.method == "historical" and m.var is not None:
            weights = right.historical_weights(len(scenarios))
            given = (
                value_at_risk(scenarios, m.confidence, weights),
                expected_shortfall(scenarios, m.confidence, weights),
            )
            assert (m.var, m.es) == pytest.approx(given, rel=1e-9, abs=1e-9)
    assert_components_add_up(market)
    if market.settings.simulation == "cholesky" and market.model.factor().distance > 0.0:
        return True
    paths = right.paths() * mixing(market.settings)
    np.testing.assert_allclose(
        market.book.scenarios("monte_carlo"), paths, rtol=1e-9, atol=1e-10 * np.abs(paths).max(initial=0.0)
    )
    return True


OPTIONS = {
    "rolling": {"covariance": "rolling"},
    # With a window of 60 every bar of the test is still held.
    "Ledoit-Wolf": {"shrinkage": "ledoit-wolf", "window": 60},
    "OAS": {"shrinkage": "oas", "window": 60},
    "a third": {"shrinkage": 1 / 3, "distribution": "t"},
    "rolling Ledoit-Wolf": {"covariance": "rolling", "shrinkage": "ledoit-wolf"},
    "age": {"historical": "age"},
    "filtered": {"historical": "filtered"},
    "filtered, rolling": {"historical": "filtered", "covariance": "rolling"},
    "cholesky": {"simulation": "cholesky"},
    "cholesky, rolling, shrunk, t": {
        "simulation": "cholesky",
        "covariance": "rolling",
        "shrinkage": "oas",
        "distribution": "t",
    },
    "moment": {"variance_reduction": "moment"},
    "antithetic": {"variance_reduction": "antithetic"},
    "both, t, shrunk": {"variance_reduction": "both", "distribution": "t", "shrinkage": 0.2},
    "both, cholesky": {"variance_reduction": "both", "simulation": "cholesky"},
    "both, rolling": {"variance_reduction": "both", "covariance": "rolling"},
    "rolling OAS": {"covariance": "rolling", "shrinkage": "oas"},
}


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("seed", range(3))
def test_every_reading_of_a_random_stream_equals_the_recomputation(
    open_market: Open, small_settings: RiskSettings, option: str, seed: int
) -> None:
    market = open_market(replace(small_settings, **OPTIONS[option]), n=4, seed=seed)
    covered = 0
    for step in range(60):
        market.happen(5)
        covered += assert_agrees(market)
        if step == 30:
            market.model.add(1)
    assert covered > 20


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("cut", [20, 77])
def test_restored_in_mid_stream_it_goes_on_to_the_same_bits(
    open_market: Open, small_settings: RiskSettings, option: str, cut: int
) -> None:
    settings = replace(small_settings, **OPTIONS[option])
    market, twin = open_market(settings, seed=6), open_market(settings, seed=6)
    for row in np.random.default_rng(3).normal(size=(3, 5)) * 0.01:
        market.model.on_history(row)
        market.book.on_bar()
    market.happen(cut)
    market.book.measures()
    twin.rng.bit_generator.state = market.rng.bit_generator.state
    twin.bar = market.bar
    twin.told.quantities = dict(market.told.quantities)
    twin.model = MarketModel.restore(market.model.snapshot(), settings)
    twin.book = RiskBook.restore(market.book.snapshot(), twin.model)
    for each in (market, twin):
        for _ in range(20):
            each.happen(7)
            each.book.measures()
    assert market.model.snapshot() == twin.model.snapshot()
    assert market.book.snapshot() == twin.book.snapshot()
    assert market.book.measures() == twin.book.measures()
    assert market.book.components().component_es.tolist() == twin.book.components().component_es.tolist()


@pytest.mark.parametrize("option", OPTIONS)
def test_history_counts_like_bars(open_market: Open, small_settings: RiskSettings, option: str) -> None:
    market = open_market(replace(small_settings, **OPTIONS[option]), n=3, seed=4)
    for _ in range(12):
        row = market.rng.normal(size=3) * 0.01
        market.model.on_history(row)
        market.book.on_bar()
        market.told.past(row)
    covered = 0
    for _ in range(12):
        market.happen(6)
        covered += assert_agrees(market)
    assert covered > 3


@pytest.mark.parametrize("option", OPTIONS)
def test_what_if_is_the_book_with_the_trades(open_market: Open, small_settings: RiskSettings, option: str) -> None:
    market = open_market(replace(small_settings, **OPTIONS[option]), n=3, seed=5)
    market.happen(150)
    after = market.book.what_if({0: 3.0, 2: -5.0}).after
    for instrument, quantity in ((0, 3.0), (2, -5.0)):
        market.book.on_trade(instrument, quantity)
    for got, right in zip(after, market.book.measures(), strict=True):
        assert (got.var, got.es) == pytest.approx((right.var, right.es), rel=1e-9)


@given(
    st.sampled_from(sorted(OPTIONS)),
    st.lists(st.integers(-9, 9).map(float), min_size=3, max_size=3),
    st.sampled_from([-3.0, 0.5, 1e6]),
    st.integers(0, 2**32),
)
def test_exposures_scaled_scale_risk_and_shortfall_is_never_below_it(
    option: str, quantities: list[float], factor: float, seed: int
) -> None:
    settings = RiskSettings(half_life=8.0, window=12, paths=64, min_observations=3)
    rng = np.random.default_rng(seed)
    model = MarketModel(3, replace(settings, **OPTIONS[option]))
    model.on_prices([100.0, 50.0, 10.0])
    books = [RiskBook(model, "once"), RiskBook(model, "scaled")]
    for book, times in zip(books, (1.0, factor), strict=True):
        for instrument, quantity in enumerate(quantities):
            book.on_trade(instrument, times * quantity)
    for bar in range(14):
        model.on_bar(bar, np.where(rng.random(3) < 0.05, np.nan, rng.normal(size=3) * 0.01))
        for book in books:
            book.on_bar()
    size = max(abs(factor), 1.0) * books[0].gross
    for method in ("historical", "monte_carlo"):
        once, scaled = (book.scenarios(method) for book in books)
        np.testing.assert_allclose(scaled, factor * once, rtol=1e-9, atol=1e-12 * size)
    for m in (*books[0].measures(), *books[1].measures()):
        assert m.var is None or m.es >= m.var - 1e-12 * size
    sigmas = [book.measures()[0].var for book in books]
    assert sigmas[0] is None or sigmas[1] == pytest.approx(abs(factor) * sigmas[0], rel=1e-9, abs=1e-12 * size)


@pytest.mark.parametrize("option", [name for name, given in OPTIONS.items() if "shrinkage" not in given])
def test_a_hedged_book_is_flat_unless_shrinkage_undoes_the_hedge(small_settings: RiskSettings, option: str) -> None:
    rng = np.random.default_rng(0)
    model = MarketModel(3, replace(small_settings, **OPTIONS[option]))
    model.on_prices([100.0, 100.0, 10.0])
    book = RiskBook(model)
    book.on_trade(0, 1.0)
    book.on_trade(1, -1.0)
    for bar in range(30):
        model.on_bar(bar, [*[rng.normal() * 0.01] * 2, rng.normal() * 0.01])
        book.on_bar()
    for m in book.measures():
        # The root of a rounding error of 1e-16 of a variance, on a P&L of the order of 100.
        assert abs(m.var) < 1e-5


@pytest.mark.parametrize("option", OPTIONS)
def test_before_the_first_bar_there_is_no_number_and_no_error(small_settings: RiskSettings, option: str) -> None:
    model = MarketModel(0, replace(small_settings, **OPTIONS[option]))
    book = RiskBook(model)
    assert {m.var for m in book.measures()} == {0.0}
    model.add(2)
    model.on_price(1, 10.0)
    book.on_trade(1, 2.0)
    assert {m.reason for m in book.measures()} == {"warming up: 0 of 5 bars"}
    assert not book.scenarios("monte_carlo").any()
    assert not model.read_covariance.any()
