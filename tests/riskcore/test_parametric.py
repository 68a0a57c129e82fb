"""Closed-form risk against published tables and numerical integration."""

from math import hypot, sqrt

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import integrate, stats

from riskcore import component_var, marginal_var, parametric_risk
from riskcore.errors import InputError

SIGMA = 10_000 * 0.2 / sqrt(250)


@pytest.mark.parametrize(
    ("confidence", "value_at_risk", "shortfall"),
    [(0.90, 162.1, 222.0), (0.95, 208.1, 260.9), (0.975, 247.9, 295.7), (0.99, 294.3, 337.1), (0.995, 325.8, 365.8)],
)
def test_normal_table_of_mcneil_frey_embrechts(confidence: float, value_at_risk: float, shortfall: float) -> None:
    assert parametric_risk(SIGMA, confidence) == pytest.approx((value_at_risk, shortfall), abs=0.05)


@pytest.mark.parametrize(
    ("confidence", "value_at_risk", "shortfall"),
    [(0.90, 137.1, 223.5), (0.95, 190.7, 286.5), (0.975, 248.3, 357.2), (0.99, 335.1, 466.9), (0.995, 411.8, 565.7)],
)
def test_student_table_of_mcneil_frey_embrechts(confidence: float, value_at_risk: float, shortfall: float) -> None:
    risk = parametric_risk(SIGMA, confidence, "t", 4)
    assert risk == pytest.approx((value_at_risk, shortfall), abs=0.06)  # the table rounds its inputs too


@pytest.mark.parametrize("dof", [2.1, 3.0, 5.0, 30.0, 1e6])
@pytest.mark.parametrize("confidence", [0.6, 0.95, 0.999])
def test_student_shortfall_is_the_integral_of_its_quantiles(dof: float, confidence: float) -> None:
    # ES = ∫ VaR_u du / (1-α); with u = 1 - (1-α) s⁴ the integrand is smooth at the end.
    unit = sqrt((dof - 2) / dof)

    def quantile(s: float) -> float:
        return float(stats.t.isf((1 - confidence) * s**4, dof)) * 4 * s**3

    expected, _ = integrate.quad(quantile, 0, 1, epsabs=1e-12, epsrel=1e-11, limit=200)
    value_at_risk, shortfall = parametric_risk(2.0, confidence, "t", dof)
    assert value_at_risk == pytest.approx(2.0 * unit * stats.t.ppf(confidence, dof), rel=1e-9)
    assert shortfall == pytest.approx(2.0 * unit * expected, rel=1e-7)  # quad's own error near dof = 2


def test_student_with_many_degrees_of_freedom_is_normal() -> None:
    assert parametric_risk(1.0, 0.99, "t", 1e9) == pytest.approx(parametric_risk(1.0, 0.99), rel=1e-6)


@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.95, 0.975, 0.99, 0.995, 0.9999])
def test_normal_quantile_agrees_with_scipy(confidence: float) -> None:
    value_at_risk, shortfall = parametric_risk(3.0, confidence)
    assert value_at_risk == pytest.approx(3.0 * stats.norm.ppf(confidence), rel=1e-13, abs=1e-15)
    assert shortfall == pytest.approx(3.0 * stats.norm.pdf(stats.norm.ppf(confidence)) / (1 - confidence), rel=1e-12)


def test_two_currencies_of_jorion_chapter_7() -> None:
    # Jorion (2007), ch. 7: $2m at 5 %, $1m at 12 %, uncorrelated, z = 1.65; he prints rounded thousands.
    exposures, covariance = [2e6, 1e6], np.diag([0.05**2, 0.12**2])
    confidence = float(stats.norm.cdf(1.65))
    components = component_var(exposures, covariance, confidence)
    assert components.sum() == pytest.approx(257_738, abs=1)
    assert components == pytest.approx([105_630, 152_108], abs=1)
    assert marginal_var(exposures, covariance, confidence) * exposures == pytest.approx(components, rel=1e-14)


moves = st.integers(-(10**6), 10**6).map(lambda millionths: millionths * 1e-7)
books = st.integers(1, 6).flatmap(
    lambda n: st.tuples(
        st.lists(st.floats(-1e6, 1e6).map(lambda e: e + 0.0 if abs(e) > 1e-200 else 0.0), min_size=n, max_size=n),
        st.lists(st.lists(moves, min_size=n, max_size=n), min_size=1, max_size=8),
    )
)


@example(([9.270995343414643e-158], [[0.0625]]))
@given(books)
def test_components_add_up_to_value_at_risk(book: tuple[list[float], list[list[float]]]) -> None:
    exposures, rows = np.array(book[0]), np.array(book[1])
    covariance = rows.T @ rows
    whole, _ = parametric_risk(hypot(*(rows @ exposures)), 0.99)
    largest = float(np.abs(exposures) @ np.sqrt(np.diagonal(covariance)))
    assert component_var(exposures, covariance, 0.99).sum() == pytest.approx(whole, rel=1e-9, abs=1e-7 * largest)


def test_marginal_value_at_risk_is_the_derivative() -> None:
    rng = np.random.default_rng(3)
    exposures, root = rng.normal(size=5) * 1e3, rng.normal(size=(5, 5))
    covariance = root @ root.T
    step = 1e-3

    def whole(w: np.ndarray) -> float:
        return parametric_risk(sqrt(w @ covariance @ w), 0.99)[0]

    slopes = [(whole(exposures + step * e) - whole(exposures - step * e)) / (2 * step) for e in np.eye(5)]
    assert marginal_var(exposures, covariance, 0.99) == pytest.approx(slopes, rel=1e-6)


def test_no_risk_has_components_of_zero() -> None:
    assert component_var([1.0, -1.0], np.ones((2, 2)), 0.99).tolist() == [0.0, 0.0]
    assert component_var([0.0, 0.0], np.eye(2), 0.99).tolist() == [0.0, 0.0]


def test_an_indefinite_covariance_is_refused_with_the_remedy() -> None:
    with pytest.raises(InputError, match="nearest_correlation"):
        marginal_var([1.0, -1.0], [[1.0, 2.0], [2.0, 1.0]], 0.99)


@pytest.mark.parametrize(
    ("volatility", "confidence", "distribution", "dof"),
    [
        (-1.0, 0.99, "normal", None),
        (float("nan"), 0.99, "normal", None),
        (1.0, 1.0, "normal", None),
        (1.0, 0.99, "t", None),
        (1.0, 0.99, "t", 2.0),
        (1.0, 0.99, "laplace", None),
    ],
)
def test_bad_input_is_refused(volatility: float, confidence: float, distribution: str, dof: float | None) -> None:
    with pytest.raises(InputError):
        parametric_risk(volatility, confidence, distribution, dof)  # type: ignore[arg-type]


def test_exposures_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InputError, match="shapes"):
        component_var([1.0], np.eye(2), 0.99)
    with pytest.raises(InputError, match="finite"):
        component_var([1.0, float("nan")], np.eye(2), 0.99)
