"""Which ways of measuring risk a backtest judges: the three methods, and historical simulation filtered besides."""

from dataclasses import replace

from riskcore.backtest import Variant
from riskcore.settings import RiskSettings

_FEW_PATHS = 2


def variants_of(settings: RiskSettings) -> list[Variant]:
    """Parametric and Monte Carlo as set; the historical method plain, filtered, and as set where that is another."""
    historical = [
        # The paths of a model that is read for its past alone are not read: the fewest will do.
        Variant(
            replace(settings, historical=scenarios, paths=_FEW_PATHS),
            ("historical",),
            "" if scenarios == "equal" else scenarios,
        )
        for scenarios in dict.fromkeys(("equal", "filtered", settings.historical))
    ]
    return [Variant(settings, ("parametric", "monte_carlo")), *historical]
