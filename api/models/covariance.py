"""The covariance behind the figures."""

from typing import Literal

from pydantic import Field

from api.models.base import Payload, Timestamp


class Conditioning(Payload):
    """How near the matrix is to being singular: eigenvalues of the correlation of what has a variance."""

    smallest_eigenvalue: float
    largest_eigenvalue: float
    condition_number: float | None
    """Largest over smallest; null where the matrix is singular."""


class Covariance(Payload):
    """Covariance of one bar's returns as the figures use it; rows and columns in the order of `symbols`."""

    schema_: Literal[1] = Field(alias="schema")
    event_time: Timestamp
    journal_offset: int
    symbols: list[str]
    bar: str = Field(examples=["60s"])
    version: int
    """Grows with every bar: the same version is the same matrix."""
    observations: list[int]
    """Returns seen of each instrument."""
    volatilities: list[float]
    """Standard deviation of one bar's return."""
    covariance: list[list[float]]
    correlation: list[list[float | None]]
    """Null where it is not defined: an instrument that has not moved."""
    conditioning: Conditioning
