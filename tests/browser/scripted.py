"""The API's contract spoken by a script: what the dashboard is shown is chosen here, as are the faults on the way."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from mimetypes import guess_type
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from api.security import HEADERS

DIST = Path(__file__).resolve().parents[2] / "frontend" / "dist"
PORTFOLIO = "main"
METHODS = ("historical", "parametric", "monte_carlo")
LEVELS = (0.95, 0.975, 0.99)
STATUS_S = 1.0


def now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"


def symbols_of(count: int) -> tuple[str, ...]:
    return tuple(f"S{at:04d}" for at in range(count))


PERIOD = 17
"""Positions come again after so many snapshots: what is long to write is written once."""


@cache
def positions(turn: int, symbols: tuple[str, ...]) -> str:
    """The positions of every snapshot whose number leaves `turn` when divided by ``PERIOD``."""
    share = 990.0 / len(symbols)
    return json.dumps(
        [
            {
                "symbol": symbol,
                "quantity": 10.0,
                "price": 100.0 + turn * (at + 1) % PERIOD,
                "market_value": 1_000.0 + turn * (at + 1) % PERIOD,
                "volatility": 0.001,
                "marginal_var": 0.01,
                "component_var": share,
                "component_es": 1.2 * share,
                "stale": False,
                "currency": "USD",
                "average_price": 99.0,
                "realised_pnl": 0.0,
                "unrealised_pnl": 10.0,
            }
            for at, symbol in enumerate(symbols)
        ]
    )


def snapshot(seq: int, symbols: tuple[str, ...]) -> str:
    """A snapshot in which every figure moves with `seq`, as JSON."""
    size = 1.0 + 0.01 * (seq % 50)
    measures = [
        {
            "method": method,
            "confidence": level,
            "var": 1_000.0 * size * level,
            "es": 1_200.0 * size * level,
            "var_stderr": 12.0 if method == "monte_carlo" else None,
            "es_stderr": 15.0 if method == "monte_carlo" else None,
            "scenarios": None if method == "parametric" else 10_000,
            "reason": None,
        }
        for method in METHODS
        for level in LEVELS
    ]
    told = {
        "schema": 1,
        "portfolio": PORTFOLIO,
        "seq": seq,
        "event_time": now(),
        "published_at": now(),
        "moment": "tick",
        "base_currency": "USD",
        "horizon": "1d",
        "market_value": 1e6 * size,
        "gross": 1e6 * size,
        "net": 1e6 * size,
        "pnl_today": 100.0 * size,
        "measures": measures,
        "positions": [],
        "currencies": [],
        "distribution": {"method": "monte_carlo", "edges": list(range(-2_000, 2_001, 100)), "counts": [250] * 40},
        "stress": [],
        "explain": [],
        "quality": {
            "observations": 500,
            "stale": [],
            "uncovered": [],
            "late": 0,
            "rejected": 0,
            "gaps": 0,
            "scaled_from": "60s",
            "journal_offset": seq,
            "settings": "abc",
            "lag_ms": 1.0,
        },
    }
    return json.dumps(told).replace('"positions": []', f'"positions": {positions(seq % PERIOD, symbols)}', 1)


class ScriptedApi:
    """Serves the built dashboard and the calls that it cannot do without; everything else is a 404.

    What it does may be changed while it runs: ``down`` answers 502 to all but the page itself, ``signed_out`` answers
    401, ``frozen`` sends no figures but tells that the engine is down, ``rate`` is events a second, ``text`` may
    rewrite a snapshot's JSON, ``answers`` adds calls, ``run`` is what is shown, ``posted`` what was sent.
    """

    def __init__(self, symbols: tuple[str, ...], rate: float = 5.0) -> None:
        self.symbols, self.rate = symbols, rate
        self.down = self.signed_out = self.frozen = False
        self.text: Callable[[str], str] = lambda text: text
        self.answers: dict[str, Any] = {}
        self.run = "live-1"
        self.posted: list[tuple[str, Any]] = []
        self._seq = 0
        self._lines: set[threading.Event] = set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_port}/"

    @contextmanager
    def running(self) -> Iterator["ScriptedApi"]:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield self
        finally:
            self.drop()
            self._server.shutdown()
            self._server.server_close()

    def drop(self) -> None:
        """Close every stream."""
        for line in self._lines:
            line.set()
        self._lines = set()

    def latest(self) -> str:
        self._seq += 1
        return self.text(snapshot(self._seq, self.symbols))

    def told(self, path: str) -> tuple[int, str]:
        """What a call is answered."""
        if self.down:
            return 502, "<html>bad gateway</html>"
        if self.signed_out and path != "/api/v1/session":
            return 401, json.dumps({"title": "Unauthorized", "status": 401, "detail": "a token is needed"})
        body = self._body(path)
        return (404, '{"status": 404, "detail": "not in this script"}') if body is None else (200, body)

    def _body(self, path: str) -> str | None:
        if path in self.answers:
            return json.dumps(self.answers[path])
        if path == f"/api/v1/portfolios/{PORTFOLIO}/risk":
            return self.latest()
        if path == "/api/v1/portfolios":
            return json.dumps([{"portfolio": PORTFOLIO, "gross": 1.0}])
        return "[]" if path.endswith(("/alerts", "/limits", "/scenarios", "/session")) else None

    def events(self, line: threading.Event) -> Iterator[str]:
        """The stream, until it is dropped."""
        told_at = 0.0
        while not line.is_set():
            if time.monotonic() - told_at > STATUS_S:
                told_at = time.monotonic()
                yield f"event: status\ndata: {json.dumps(self._status())}\n\n"
            if not self.frozen:
                yield f"event: risk\nid: {self._seq}\ndata: {self.latest()}\n\n"
            line.wait(1 / self.rate)

    def _status(self) -> dict[str, Any]:
        state = "down" if self.frozen else "ok"
        engine = {"name": "engine", "state": state, "reason": "no heartbeat" if self.frozen else None, "age_s": 0.5}
        return {"schema": 1, "server_time": now(), "run": self.run, "clients": 1, "parts": [engine], "feeds": []}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = urlsplit(self.path).path
                if not path.startswith("/api/"):
                    self._file(path)
                elif path == "/api/v1/stream" and not (api.down or api.signed_out):
                    self._stream()
                else:
                    self._answer(*api.told(path))

            def do_POST(self) -> None:
                path = urlsplit(self.path).path
                api.posted.append((path, json.loads(self.rfile.read(int(self.headers["content-length"])))))
                self._answer(*api.told(path))

            def _file(self, path: str) -> None:
                file = DIST / path.lstrip("/")
                file = file if file.is_file() else DIST / "index.html"
                self._send(200, guess_type(file.name)[0] or "font/woff2", file.read_bytes())

            def _answer(self, status: int, body: str) -> None:
                self._send(status, "application/json", body.encode())

            def _send(self, status: int, kind: str, body: bytes) -> None:
                self.send_response(status)
                for name, value in {**HEADERS, "Content-Type": kind, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def _stream(self) -> None:
                line = threading.Event()
                api._lines.add(line)
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.end_headers()
                try:
                    for event in api.events(line):
                        self.wfile.write(event.encode())
                except OSError:
                    api._lines.discard(line)

            def log_message(self, *_: object) -> None:
                pass

        return Handler
