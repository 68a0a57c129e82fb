"""The short form of a snapshot: its figures without positions and distribution."""

from functools import lru_cache

import msgspec

from api.frames import Event
from api.models import Measure, PortfolioSummary
from riskcore.errors import TailwatchError
from riskcore.messages import kind_of


class UnreadableSnapshotError(TailwatchError):
    """What is stored is not a snapshot of the version that this program knows."""


class Figures(msgspec.Struct, frozen=True):
    """One measure as it is stored."""

    method: str
    confidence: float
    var: float | None
    es: float | None
    var_stderr: float | None = None
    es_stderr: float | None = None
    scenarios: int | None = None
    reason: str | None = None


class _Digest(msgspec.Struct, frozen=True):
    seq: int
    event_time: str
    base_currency: str
    horizon: str
    market_value: float
    gross: float
    net: float
    measures: list[Figures]
    pnl_today: float | None = None
    desk: str | None = None
    published_at: str | None = None


_snapshot = msgspec.json.Decoder(_Digest)
_measures = msgspec.json.Decoder(list[Figures])


def measures(stored: bytes) -> list[Measure]:
    """Read the measures of a snapshot, a JSON array."""
    return _models(_measures.decode(stored))


@lru_cache(maxsize=4096)
def summarize(event: Event) -> PortfolioSummary:
    """Give the figures of a snapshot; ``warming_up`` when no method has one. Decodes each snapshot once.

    Raises
    ------
    UnreadableSnapshotError
        The stored bytes are not a snapshot.
    """
    read = _read(event)
    warming = all(measure.var is None for measure in read.measures)
    reasons = (measure.reason for measure in read.measures if measure.reason)
    return PortfolioSummary(
        portfolio=event.portfolio,
        kind=kind_of(event.portfolio),
        desk=read.desk,
        state="warming_up" if warming else "ok",
        reason=next(reasons, "no method can give a figure yet") if warming else None,
        seq=read.seq,
        event_time=read.event_time,
        published_at=read.published_at,
        base_currency=read.base_currency,
        horizon=read.horizon,
        market_value=read.market_value,
        gross=read.gross,
        net=read.net,
        pnl_today=read.pnl_today,
        measures=_models(read.measures),
    )


def _read(event: Event) -> _Digest:
    try:
        return _snapshot.decode(event.payload)
    except msgspec.MsgspecError as error:
        raise UnreadableSnapshotError(f"the stored snapshot of {event.portfolio} cannot be read: {error}") from error


def _models(figures: list[Figures]) -> list[Measure]:
    return [Measure.model_validate(msgspec.structs.asdict(figure)) for figure in figures]
