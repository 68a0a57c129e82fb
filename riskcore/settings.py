"""The settings of the risk model, with the defaults of the contract."""

from dataclasses import dataclass
from typing import Literal

NANOSECONDS = 1_000_000_000
MINUTE = 60 * NANOSECONDS
DAY = 24 * 60 * MINUTE


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
    lateness: int = NANOSECONDS
    jump: float = 25.0
    """Bar standard deviations beyond which a price is suspect until the next one confirms it."""
    seed: int = 7
    base_currency: str = "USD"

    @property
    def decay(self) -> float:
        r"""The weight of yesterday, :math:`\lambda = 2^{-1/\text{half-life}}`."""
        return float(2.0 ** (-1.0 / self.half_life))

    @property
    def bars_in_horizon(self) -> float:
        """k: bars in the risk horizon; a horizon in days counts the trading day."""
        length = self.horizon if self.horizon_days is None else self.horizon_days * self.day
        return length / self.bar
