"""The expansion against its own quantiles, its domain against its slope."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from riskcore import cornish_fisher_risk, expected_shortfall, parametric_risk
from riskcore.errors import InputError

CASES = [(0.0, 0.0), (-0.5, 1.0), (0.4, 0.8), (-1.0, 2.5), (0.0, 8.0), (0.0, 3.0)]


@pytest.mark.parametrize(("skewness", "kurtosis"), CASES)
@pytest.mark.parametrize("confidence", [0.3, 0.95, 0.999])
def test_shortfall_is_the_integral_of_the_quantiles(skewness: float, kurtosis: float, confidence: float) -> None:
    def weighted(z: float) -> float:
        return cornish_fisher_risk(1.0, float(stats.norm.cdf(z)), skewness, kurtosis)[0] * float(stats.norm.pdf(z))

    # Beyond 7.5 standard deviations lie 3e-14 of the probability.
    integral, _ = integrate.quad(weighted, float(stats.norm.ppf(confidence)), 7.5, epsabs=1e-12)
    expected = 3 * integral / (1 - confidence)
    assert cornish_fisher_risk(3.0, confidence, skewness, kurtosis)[1] == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize("confidence", [0.1, 0.9, 0.99])
def test_without_departures_it_is_the_normal_law(confidence: float) -> None:
    assert cornish_fisher_risk(7.0, confidence, 0.0, 0.0) == pytest.approx(parametric_risk(7.0, confidence), rel=1e-14)


hundredths = st.integers(-300, 300).map(lambda x: x / 100)


@given(hundredths, hundredths.map(lambda x: 3 * x + 3), st.floats(0.001, 0.999))
def test_it_is_given_exactly_where_the_quantiles_grow(skewness: float, kurtosis: float, confidence: float) -> None:
    z = np.polynomial.Polynomial([0.0, 1.0])
    s = -skewness
    quantile = z + s / 6 * (z**2 - 1) + kurtosis / 24 * (z**3 - 3 * z) - s**2 / 36 * (2 * z**3 - 5 * z)
    slope = quantile.deriv()
    far = np.logspace(-3, 6, 200)
    lowest = float(slope(np.concatenate((far, -far, [0.0], np.real(slope.deriv().roots())))).min())
    if abs(lowest) < 1e-9:
        return
    if lowest < 0:
        with pytest.raises(InputError, match="domain"):
            cornish_fisher_risk(1.0, confidence, skewness, kurtosis)
    else:
        at_risk, shortfall = cornish_fisher_risk(1.0, confidence, skewness, kurtosis)
        assert at_risk == pytest.approx(float(quantile(stats.norm.ppf(confidence))), rel=1e-9, abs=1e-9)
        assert shortfall >= at_risk


def test_it_is_closer_to_a_mildly_skewed_law_than_the_normal_is() -> None:
    # Inverse Gaussian: a loss of skewness 0.283 and excess kurtosis 0.133, inside the domain.
    law = stats.invgauss(0.00889, loc=-0.00889)
    skewness, kurtosis = (float(x) for x in law.stats("sk"))
    exact = law.ppf(0.99)
    at_risk, shortfall = cornish_fisher_risk(float(law.std()), 0.99, -skewness, kurtosis)
    assert at_risk == pytest.approx(exact, rel=2e-3)
    assert abs(at_risk - exact) < 0.05 * abs(parametric_risk(float(law.std()), 0.99)[0] - exact)
    losses = law.ppf((np.arange(200_000) + 0.5) / 200_000)
    assert shortfall == pytest.approx(expected_shortfall(-losses, 0.99), rel=2e-3)


@pytest.mark.parametrize("bad", [(-1.0, 0.99, 0.0, 0.0), (1.0, 1.0, 0.0, 0.0), (1.0, 0.99, 0.0, float("nan"))])
def test_bad_input_is_refused(bad: tuple[float, float, float, float]) -> None:
    with pytest.raises(InputError):
        cornish_fisher_risk(*bad)
