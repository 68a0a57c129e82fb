"""How late figures are is measured where they go out."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from api.frames import Event, frame
from api.metrics import Metrics


def told(snapshot: Any, *, transient: bool = True, **changes: Any) -> Event:
    content = msgspec.to_builtins(snapshot("main", 7)) | changes
    return Event(1, "main", "risk", "c", frame("risk", msgspec.json.encode(content), "c"), transient)


def measured(metrics: Metrics, name: str, part: str) -> float | None:
    return metrics.registry.get_sample_value(f"tailwatch_{name}_seconds_{part}")


def test_delays_run_from_the_tick_to_publishing_and_on_to_the_streams(snapshot: Any) -> None:
    metrics = Metrics()
    published = datetime.now(UTC) - timedelta(seconds=3)
    quality = msgspec.to_builtins(snapshot("main", 7).quality) | {"lag_ms": 500.0}
    metrics.on_event(told(snapshot, published_at=f"{published:%Y-%m-%dT%H:%M:%S.%f}000Z", quality=quality))
    assert measured(metrics, "tick_to_risk", "count") == 1
    assert measured(metrics, "tick_to_risk", "sum") == 0.5
    assert measured(metrics, "tick_to_client", "sum") == pytest.approx(3.5, abs=2.0)


def test_figures_of_a_bar_and_of_a_recording_have_no_delay(snapshot: Any) -> None:
    metrics = Metrics()
    metrics.on_event(told(snapshot, transient=False))
    metrics.on_event(told(snapshot, published_at=None, quality={"lag_ms": None}))
    metrics.on_event(Event(2, "main", "alert", "c", frame("alert", b"{}", "c"), transient=False))
    assert measured(metrics, "tick_to_risk", "count") == 0
