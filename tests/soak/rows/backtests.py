"""M10 and the published critical values: the tests of forecasts, put to forecasts that are known to be right."""

import numpy as np
from scipy import stats

from riskcore import backtest, parametric_risk
from tests.soak.registry import Figures, Soak, row


@row("M10", budget_s=300)
def right_forecasts_are_green(soak: Soak) -> Figures:
    """Of a known law exceptions and green years are as many as they should be, but for one run in a million."""
    rng, figures = soak.rng, Figures()
    for confidence in (0.95, 0.975, 0.99):
        value_at_risk, _ = parametric_risk(1.0, confidence)
        count = int(backtest.exceptions(rng.standard_normal(100_000), value_at_risk).sum())
        low, high = stats.binom.interval(1.0 - 1e-6, 100_000, 1.0 - confidence)
        figures[f"exceptions at {confidence}"] = count
        assert low <= count <= high, (confidence, count, low, high)
    value_at_risk, _ = parametric_risk(1.0, 0.99)
    counts = backtest.exceptions(rng.standard_normal((100_000, 250)), value_at_risk).sum(axis=1)
    for count in np.unique(counts).tolist():
        light = backtest.traffic_light(250, count, 0.01)
        probability = stats.binom.cdf(count, 250, 0.01)
        assert abs(light.cumulative_probability - probability) < 1e-12
        assert light.zone == ("green" if probability < 0.95 else "yellow" if probability < 0.9999 else "red")
    green = float(np.mean([backtest.traffic_light(250, int(count), 0.01).zone == "green" for count in counts]))
    # Of 100,000 years: five standard errors of the share.
    assert abs(green - stats.binom.cdf(4, 250, 0.01)) < 5 * (0.8922 * 0.1078 / 100_000) ** 0.5, green
    return figures | {"green share": green}
