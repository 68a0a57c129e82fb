"""How well the numbers of a model hold together, for the engine's heartbeat."""

from collections.abc import Sequence
from dataclasses import dataclass

from riskcore.book import RiskBook
from riskcore.covariance.windowed import WindowedCovariance
from riskcore.model import MarketModel


@dataclass(frozen=True, slots=True)
class Numerics:
    """What the rebuilds found, and how often a factor was there when it was asked for."""

    vector_drift: float
    """Largest relative difference of a book's kept path vector from the product, at its last scheduled rebuild."""
    covariance_drift: float
    """The same of the rolling covariance, the largest so far; 0 for EWMA, which subtracts nothing."""
    factors_asked: int
    factors_found: int


def numerics_of(model: MarketModel, books: Sequence[RiskBook]) -> Numerics:
    """Read off one shard. O(books)."""
    factors = model.factors
    return Numerics(
        vector_drift=max((book.drift for book in books), default=0.0),
        covariance_drift=model.covariance.drift if isinstance(model.covariance, WindowedCovariance) else 0.0,
        factors_asked=factors.hits + factors.misses,
        factors_found=factors.hits,
    )


def told(shards: Sequence[Numerics]) -> dict[str, float | None]:
    """The worst of all shards, JSON-able; the hit rate is null while no factor was asked for."""
    asked = sum(one.factors_asked for one in shards)
    return {
        "vector_drift": max(one.vector_drift for one in shards),
        "covariance_drift": max(one.covariance_drift for one in shards),
        "factor_hit_rate": sum(one.factors_found for one in shards) / asked if asked else None,
    }
