"""Standard errors against how far the figures scatter when everything is drawn again, also far out in the tail."""

import numpy as np
import pytest
from scipy import stats

from riskcore.quantile import TailRisk, tail_risks
from riskcore.standard_errors import FEWEST, tail_errors

REPETITIONS = 1_500
CONFIDENCES = (0.95, 0.99, 0.998, 0.999)
"""Of 4,000 scenarios 200, 40, 8 and 4 lie beyond; of 10,000, 500 to 10."""


def repeated(law: stats.rv_continuous, n: int) -> list[tuple[TailRisk, ...]]:
    rng = np.random.default_rng(11)
    return [tail_risks(law.rvs(size=n, random_state=rng), CONFIDENCES, errors=True) for _ in range(REPETITIONS)]


@pytest.mark.parametrize("law", [stats.norm(), stats.t(5), stats.laplace()], ids=["normal", "t5", "Laplace"])
def test_they_are_within_a_tenth_of_the_spread_over_repetitions_with_ten_scenarios_in_the_tail(
    law: stats.rv_continuous,
) -> None:
    # 1,500 repetitions fix the standard deviation of a normal figure to 1.8 %, of a fat-tailed one to some 4 %.
    for tails in zip(*repeated(law, 10_000), strict=True):
        for figure in ("value_at_risk", "expected_shortfall"):
            spread = np.std([getattr(tail, figure) for tail in tails], ddof=1)
            said = np.array([getattr(tail, f"{figure}_stderr") for tail in tails])
            assert said.mean() == pytest.approx(spread, rel=0.10), (tails[0].confidence, figure)
            # A single one is not far too small either: half of them reach four fifths of what is true.
            assert np.median(said) > 0.8 * spread


def test_the_spread_of_ten_excesses_alone_would_be_too_small() -> None:
    # What the pooled shape is for: the root of the influence function's variance over ten scenarios falls short.
    rng, n, beyond = np.random.default_rng(5), 10_000, 10
    worst = np.sort(stats.t(3).rvs(size=(REPETITIONS, n), random_state=rng), axis=1)[:, : beyond + 1]
    excess = worst[:, beyond, None] - worst[:, :beyond]
    shortfall = excess.sum(axis=1) / beyond - worst[:, beyond]
    plain = np.sqrt((excess**2).sum(axis=1) / n - (excess.sum(axis=1) / n) ** 2) / np.sqrt(n) / 0.001
    assert np.median(plain) < 0.7 * shortfall.std()


def test_with_fewer_than_five_scenarios_beyond_there_is_none() -> None:
    pnl = np.random.default_rng(1).standard_normal(4_000)
    *enough, few = tail_risks(pnl, CONFIDENCES, errors=True)
    assert 4_000 * (1 - few.confidence) < FEWEST
    assert (few.value_at_risk_stderr, few.expected_shortfall_stderr) == (None, None)
    assert few.expected_shortfall > few.value_at_risk > 0.0
    assert all(tail.value_at_risk_stderr and tail.expected_shortfall_stderr for tail in enough)


def test_scenarios_that_are_all_the_same_have_no_error() -> None:
    (tail,) = tail_risks(np.full(1_000, -3.0), (0.99,), errors=True)
    assert tail == TailRisk(0.99, 3.0, 3.0, 0.0, 0.0)


@pytest.mark.parametrize(("n", "confidence"), [(20, 0.75), (40, 0.75), (1_000, 0.99), (4_000, 0.9), (10, 0.05)])
def test_where_losses_are_spaced_as_those_of_an_exponential_law_the_error_is_that_of_its_logarithm(
    n: int, confidence: float
) -> None:
    # Rényi (1953): the m-th worst is expected 1/m above the next, the error √(α/k) wherever it is read.
    harmonic = np.concatenate(([0.0], np.cumsum(1.0 / np.arange(1, n))))
    (tail,) = tail_risks(harmonic, (confidence,), errors=True)
    assert tail.value_at_risk_stderr == pytest.approx(np.sqrt(confidence / (n * (1.0 - confidence))), rel=1e-9)


@pytest.mark.parametrize(
    ("n", "confidence", "rank", "places"),
    [
        (20, 0.75, 5, (3, 7, 10)),  # 1.5 · √(5 · 0.75) = 2.9 to either side, the shape from half of the twenty
        (10, 0.05, 9, (8, 9, 9)),  # no further than there are scenarios
        (1_000, 0.99, 10, (6, 14, 100)),
        (4_000, 0.9, 400, (372, 428, 400)),
    ],
)
def test_errors_are_read_one_and_a_half_deviations_of_rank_to_either_side(
    n: int, confidence: float, rank: int, places: tuple[int, int, int]
) -> None:
    found = tail_errors(n, confidence, rank)
    assert found is not None
    assert (found.low, found.high, found.shape) == places


def test_errors_do_not_depend_on_the_unit() -> None:
    pnl = np.random.default_rng(2).standard_t(4, 1_000)
    for whole, small in zip(
        *(tail_risks(each, (0.9, 0.99), errors=True) for each in (pnl, pnl * 2.0**-30)), strict=True
    ):
        assert small.value_at_risk_stderr == (whole.value_at_risk_stderr or 0.0) * 2.0**-30 > 0.0
        assert small.expected_shortfall_stderr == pytest.approx((whole.expected_shortfall_stderr or 0.0) * 2.0**-30)


def test_the_error_of_the_shortfall_of_an_even_spread_is_that_of_its_influence_function() -> None:
    # Flatter than any tail: the second moment is hardly above the square of the first.
    pnl = np.random.default_rng(4).uniform(-1.0, 1.0, 5_000)
    (tail,) = tail_risks(pnl, (0.5,), errors=True)
    influence = np.maximum(-pnl - tail.value_at_risk, 0.0) / 0.5
    assert tail.expected_shortfall_stderr == pytest.approx(np.std(influence) / np.sqrt(5_000), rel=1e-9)
