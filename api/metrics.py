"""Prometheus metrics of one API process, in a registry of their own."""

from collections.abc import Callable
from datetime import UTC, datetime

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.exposition import generate_latest

from api.frames import Event

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

DELAYS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_PUBLISHED, _LAG = b'"published_at":"', b'"lag_ms":'


class Metrics:
    """What is counted. Label values come from closed lists: routes, methods, statuses, parts, what is watched."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self.requests = Counter(
            "tailwatch_http_requests",
            "Answers by route, method and status.",
            ["route", "method", "status"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "tailwatch_http_request_seconds",
            "From the request to the end of the answer, without streams.",
            ["route"],
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0),
            registry=self.registry,
        )
        self.evicted = Counter(
            "tailwatch_streams_evicted",
            "Streams ended because the reader took nothing.",
            registry=self.registry,
        )
        self.refused = Counter(
            "tailwatch_streams_refused", "Streams refused because all were taken.", registry=self.registry
        )
        self.refusals = Counter(
            "tailwatch_http_refused",
            "Requests refused before any route saw them, by reason.",
            ["reason"],
            registry=self.registry,
        )
        self.part_up = Gauge("tailwatch_part_up", "1 while the part is well, else 0.", ["part"], registry=self.registry)
        self.ticks = Gauge("tailwatch_ticks", "The ledger: ticks of the run by fate.", ["fate"], registry=self.registry)
        self.drift = Gauge(
            "tailwatch_drift",
            "Largest relative difference that a rebuild found in what is kept up to date.",
            ["kept"],
            registry=self.registry,
        )
        self.factor_hit_rate = Gauge(
            "tailwatch_factor_hit_rate",
            "Share of the covariance factors asked for that were there.",
            registry=self.registry,
        )
        self.undelivered = Gauge(
            "tailwatch_alerts_undelivered",
            "Alerts of the last seven days that nobody was given: by no stream, list or webhook.",
            registry=self.registry,
        )
        self.webhook = Gauge(
            "tailwatch_webhook_alerts",
            "Alerts that the webhook has sent since its start, that wait for it, and that it has parked.",
            ["state"],
            registry=self.registry,
        )
        self.tick_to_risk = Histogram(
            "tailwatch_tick_to_risk_seconds",
            "From the event time of figures between bars to their publishing.",
            buckets=DELAYS,
            registry=self.registry,
        )
        self.tick_to_client = Histogram(
            "tailwatch_tick_to_client_seconds",
            "From the event time of figures between bars to their way out to the streams.",
            buckets=DELAYS,
            registry=self.registry,
        )
        self.ticks_of = Gauge(
            "tailwatch_ticks_by_symbol",
            "The ledger by feed and symbol: ticks of the run by fate.",
            ["feed", "symbol", "fate"],
            registry=self.registry,
        )

    def on_event(self, event: Event) -> None:
        """Measure how late figures are; those of bars say when a bar closed, not when a tick came."""
        if not (event.kind == "risk" and event.transient):
            return
        payload = event.payload
        lag, published = payload.rfind(_LAG), payload.find(_PUBLISHED)
        if lag < 0 or published < 0:
            return
        try:
            lag_s = float(payload[lag + len(_LAG) :].split(b",", 1)[0].rstrip(b"}")) / 1e3
            moment = datetime.fromisoformat(payload[published + len(_PUBLISHED) :].split(b'"', 1)[0].decode())
        except ValueError:
            return
        self.tick_to_risk.observe(lag_s)
        self.tick_to_client.observe(lag_s + (datetime.now(UTC) - moment).total_seconds())

    def watch(self, name: str, help_text: str, value: Callable[[], float]) -> None:
        """Export a figure that is asked for at each scrape."""
        Gauge(name, help_text, registry=self.registry).set_function(value)

    def text(self) -> bytes:
        """Write everything in the text format of Prometheus."""
        return generate_latest(self.registry)
