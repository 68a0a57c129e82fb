"""Why VaR moved between two moments."""

from typing import Literal

from pydantic import Field

from api.models.base import Payload, Timestamp
from api.models.risk import Method


class Explanation(Payload):
    """The change of VaR between two snapshots: the five parts add up to it. Base currency, losses positive."""

    schema_: Literal[1] = Field(alias="schema")
    portfolio: str
    method: Method
    confidence: float
    start: Timestamp
    """Event time of the snapshot that it begins at: the last one until the moment asked for."""
    end: Timestamp
    var_from: float
    var_to: float
    change: float
    trades: float
    """What was traded, like the parts that follow summed over the snapshots between."""
    prices: float
    covariance: float
    scenarios: float
    unexplained: float
    """What is left of the change: the parts of snapshots between bars that are forgotten by now. 0 but for rounding
    while none is missing."""
    snapshots: int
    """Snapshots whose parts were summed."""
    missing: int
    """Snapshots between whose parts are not there any more."""
