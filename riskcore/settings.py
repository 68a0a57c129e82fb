"""The settings of the risk model, with the defaults of the contract."""

from dataclasses import dataclass
from typing import Literal, get_args, get_origin, get_type_hints

from riskcore.checks import whole
from riskcore.errors import InputError
from riskcore.quantile import check_confidence

NANOSECONDS = 1_000_000_000
MINUTE = 60 * NANOSECONDS
DAY = 24 * 60 * MINUTE
_OPTIONAL = ("covariance", "shrinkage", "simulation")


@dataclass(frozen=True, slots=True)
class RiskSettings:
    """How risk is measured. Durations are integer nanoseconds; windows and half-lives count bars."""

    bar: int = MINUTE
    half_life: float = 60.0
    window: int = 500
    paths: int = 10_000
    horizon: int = DAY
    horizon_days: float | None = 1.0
    """Set when the horizon was given in days: it then counts trading days of length ``day``."""
    day: int = DAY
    confidence: tuple[float, ...] = (0.95, 0.975, 0.99)
    distribution: Literal["normal", "t"] = "normal"
    dof: float = 5.0
    returns: Literal["simple", "log"] = "simple"
    price: Literal["trade", "mid"] = "trade"
    min_observations: int = 30
    stale_after: int = 15
    empty_bars: Literal["skip", "scale"] = "skip"
    open_bar: Literal["off", "on"] = "off"
    """``on``: the running return of the bar that is still open counts provisionally between bars."""
    lateness: int = NANOSECONDS
    jump: float = 25.0
    """Bar standard deviations beyond which a price is suspect until the next one confirms it."""
    covariance: Literal["ewma", "rolling"] = "ewma"
    """``rolling``: the sample covariance of the last ``window`` bars."""
    shrinkage: Literal["none", "ledoit-wolf", "oas"] | float = "none"
    """Towards a multiple of the identity: an intensity from 0 to 1, or how it is estimated."""
    historical: Literal["equal", "age", "filtered"] = "equal"
    """Weights of historical scenarios, or ``filtered`` by volatility."""
    simulation: Literal["paths", "cholesky"] = "paths"
    """``paths`` are kept up to date by the recursion of the covariance; ``cholesky`` draws them anew at each bar."""
    variance_reduction: Literal["none", "moment", "antithetic", "both"] = "none"
    """``moment``: normal P&L is scaled to the exact volatility; ``antithetic``: paths come in pairs of two signs."""
    seed: int = 7
    base_currency: str = "USD"
    day_start: str = "00:00"
    """Time of the clock in ``day_zone`` at which the day of the P&L begins, HH:MM."""
    day_zone: str = "UTC"

    @property
    def decay(self) -> float:
        r"""The weight of yesterday, :math:`\lambda = 2^{-1/\text{half-life}}`."""
        return float(2.0 ** (-1.0 / self.half_life))

    @property
    def antithetic(self) -> bool:
        """Whether the second half of the paths mirrors the first."""
        return self.variance_reduction in {"antithetic", "both"}

    @property
    def moment_matched(self) -> bool:
        """Whether simulated P&L is scaled to the exact volatility when read."""
        return self.variance_reduction in {"moment", "both"}

    @property
    def bars_in_horizon(self) -> float:
        """k: bars in the risk horizon; a horizon in days counts the trading day."""
        length = self.horizon if self.horizon_days is None else self.horizon_days * self.day
        return length / self.bar


_CHOICES: dict[str, tuple[str, ...]] = {
    name: get_args(hint) for name, hint in get_type_hints(RiskSettings).items() if get_origin(hint) is Literal
} | {"shrinkage": ("none", "ledoit-wolf", "oas")}


def check_settings(settings: RiskSettings) -> None:
    """Raise ``InputError`` for settings that no model can be made with."""
    for name, choices in _CHOICES.items():
        value = getattr(settings, name)
        if value not in choices and (isinstance(value, str) or name != "shrinkage"):
            raise InputError(f"{name} is one of {', '.join(choices)}, not {value!r}")
    for name, least in (("bar", 1), ("day", 1), ("window", 1), ("paths", 1), ("min_observations", 0), ("seed", 0)):
        whole(getattr(settings, name), name, least)
    if settings.distribution == "t" and not settings.dof > 2:
        raise InputError(f"Student-t needs more than 2 degrees of freedom to have a variance, not {settings.dof}")
    if settings.antithetic and settings.paths % 2:
        raise InputError(f"antithetic paths come in pairs: make {settings.paths} paths an even number")
    if settings.seed >= 2**64:
        raise InputError(f"a seed is at most 2**64 - 1, not {settings.seed}")
    if not isinstance(settings.confidence, tuple | list):
        raise InputError(f"confidence is a tuple, as (0.99,); not {settings.confidence!r}")
    if not settings.confidence or not settings.bars_in_horizon > 0:
        raise InputError("need at least one confidence, and a horizon longer than nothing")
    for confidence in settings.confidence:
        check_confidence(confidence)
    if not isinstance(settings.shrinkage, str) and not 0.0 <= settings.shrinkage <= 1.0:
        raise InputError(f"a shrinkage lies from 0 to 1, not {settings.shrinkage}")
    _check_open_bar(settings)
    if settings.covariance == "rolling" and settings.window < max(settings.min_observations, 2):
        raise InputError(
            f"a rolling covariance over a window of {settings.window} bars never has the "
            f"{settings.min_observations} returns of min_observations: widen the window or lower these"
        )


def _check_open_bar(settings: RiskSettings) -> None:
    defined = {"covariance": "ewma", "simulation": "paths", "shrinkage": "none"}
    for name, only in defined.items():
        if settings.open_bar == "on" and getattr(settings, name) != only:
            raise InputError(f"open_bar needs {name} {only}: what else there is cannot take in a bar before it closes")
    if settings.open_bar == "on" and settings.historical == "filtered":
        raise InputError(
            "open_bar needs historical equal or age: filtered scenarios move with volatilities of closed bars"
        )


def shape_of(settings: RiskSettings) -> dict[str, float | str]:
    """What a state depends on: it can be restored under settings with the same of these only."""
    shape: dict[str, float | str] = {
        name: getattr(settings, name) for name in ("bar", "half_life", "window", "paths", "seed")
    }
    default = RiskSettings()
    optional = {name: getattr(settings, name) for name in _OPTIONAL}
    if settings.historical == "filtered":
        shape |= {"historical": "filtered", "min_observations": settings.min_observations}
    if settings.antithetic:
        shape["antithetic"] = True
    return shape | {name: value for name, value in optional.items() if value != getattr(default, name)}
