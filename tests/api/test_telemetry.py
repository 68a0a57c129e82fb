"""OpenTelemetry: off, and nothing of it loaded, until its own variables name a collector."""

import gzip
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.api.test_server import process

TRACE = "0af7651916cd43dd8448eb211c80319c"
APPLICATION = """
import asyncio, os, sys
from api.app import create_app
from api.settings import ApiSettings
app = create_app(ApiSettings(database_url=os.environ["DATABASE"]))
async def main():
    messages = iter(({"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}))
    async def receive(): return next(messages)
    async def send(message): print(message["type"], "opentelemetry.sdk" in sys.modules)
    await app({"type": "lifespan", "asgi": {"version": "3.0"}}, receive, send)
asyncio.run(main())
"""


class Collector(ThreadingHTTPServer):
    """Takes traces as any collector does."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        super().__init__(("127.0.0.1", 0), _Receiver)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Receiver(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        told = ExportTraceServiceRequest.FromString(body)
        self.server.spans += [
            span for resource in told.resource_spans for scope in resource.scope_spans for span in scope.spans
        ]
        self.send_response(200)
        self.send_header("Content-Type", "application/x-protobuf")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as collector:
        thread = threading.Thread(target=collector.serve_forever)
        thread.start()
        yield collector
        collector.shutdown()
        thread.join()


def test_requests_are_traced_to_the_collector_that_the_environment_names(
    engine: Any,
    database_url: str,
    collector: Collector,
    monkeypatch: pytest.MonkeyPatch,
    until: Callable[..., Any],
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
    engine.risk()
    with process(database_url) as (_, url), httpx.Client(base_url=url) as client:
        for path in ("/healthz", "/metrics", "/api/v1/portfolios"):
            client.get(path, headers={"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"})
        until(lambda: any(span.kind == Span.SPAN_KIND_SERVER for span in collector.spans))
    served = [span for span in collector.spans if span.kind == Span.SPAN_KIND_SERVER]
    assert [span.name for span in served] == ["GET /api/v1/portfolios"]
    assert served[0].trace_id.hex() == TRACE


def test_without_a_collector_nothing_of_it_is_loaded(database_url: str) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    found = subprocess.run(
        [sys.executable, "-c", APPLICATION],
        env=environment | {"DATABASE": database_url},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.splitlines() == ["lifespan.startup.complete False", "lifespan.shutdown.complete False"]
