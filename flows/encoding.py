"""Snapshots and alerts as the JSON objects of the contract."""

from dataclasses import fields
from typing import Any

import msgspec

from riskcore.messages import Alert, Quality, RiskSnapshot

_encode = msgspec.json.Encoder().encode
_SNAPSHOT = ("schema", *(field.name for field in fields(RiskSnapshot) if field.name != "schema"))
_ALERT = ("schema", *(field.name for field in fields(Alert) if field.name != "schema"))
_QUALITY = tuple(field.name for field in fields(Quality))


def encode_event(snapshot: RiskSnapshot, published_at: str | None, lag_ms: float | None) -> bytes:
    """The ``risk`` event as clients get it, one line of JSON."""
    event = _object(snapshot, _SNAPSHOT)
    event["published_at"] = published_at
    event["quality"] = _object(snapshot.quality, _QUALITY) | {"lag_ms": lag_ms}
    return _encode(event)


def encode_line(snapshot: RiskSnapshot) -> bytes:
    """The same object as a line of ``replay --out``: typed, and free of everything that a wall clock decides."""
    line = {"type": "risk", **_object(snapshot, _SNAPSHOT)}
    del line["published_at"]
    line["quality"] = _object(snapshot.quality, _QUALITY)
    del line["quality"]["lag_ms"]
    return _encode(line) + b"\n"


def encode_alert(alert: Alert) -> bytes:
    """The ``alert`` event as clients get it, one line of JSON; no wall clock decides any of it."""
    return _encode(_object(alert, _ALERT))


def encode_alert_line(alert: Alert) -> bytes:
    """The same object as a line of ``replay --out``."""
    return _encode({"type": "alert", **_object(alert, _ALERT)}) + b"\n"


def _object(message: Any, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(message, name) for name in names}
