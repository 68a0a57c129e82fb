"""Which ways of measuring risk a backtest judges: the three methods, and the other weightings of history."""

from dataclasses import fields, replace
from typing import Any

from riskcore.backtest import Variant
from riskcore.settings import RiskSettings

_FURTHER = ("filtered",)
_FEW_PATHS = 2


def variants_of(settings: RiskSettings) -> list[Variant]:
    """The settings as they are by all methods, then historical simulation with the weightings they do not name."""
    variants = [Variant(settings)]
    chosen = getattr(settings, "historical", None)
    if "historical" in {field.name for field in fields(RiskSettings)}:
        for weighting in _FURTHER:
            if weighting != chosen:
                # Its paths are not read: the fewest will do.
                changes: dict[str, Any] = {"historical": weighting, "paths": _FEW_PATHS}
                variants.append(Variant(replace(settings, **changes), ("historical",), weighting))
    return variants
