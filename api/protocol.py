"""The connection before it is a request: a head that is endless or slow ends it, and so does one too many."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from api.metrics import Metrics
from api.problems import problem
from api.settings import ApiSettings

LONGEST_HEAD = 2 * 1024 * 1024
"""Of one request: a client with an absurd cursor is to get a ``reset``, not an error that it repeats for ever."""
LONG_HEADS = 16 * 1024 * 1024
"""Of all heads in progress together, as far as each is longer than ``max_head_bytes``."""


@dataclass(slots=True)
class LongHeads:
    """What heads in progress hold beyond the bound of an ordinary one, in bytes."""

    held: int = 0


class BoundedProtocol(HttpToolsProtocol):
    """HTTP/1.1 whose heads are bounded in bytes and time, each by itself and all together."""

    def __init__(self, settings: ApiSettings, metrics: Metrics, long_heads: LongHeads, **given: Any) -> None:
        super().__init__(**given)
        self._settings, self._metrics, self._long_heads = settings, metrics, long_heads
        self._held = 0
        self._head = self._chunk = 0
        self._in_head = True
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        super().connection_made(transport)
        if len(self.connections) > self._settings.max_connections:
            self._refuse("connections", 503, "all connections of this process are taken; come back later")
        else:
            self._wait_for_head()

    def data_received(self, data: bytes) -> None:
        self._chunk = len(data)
        super().data_received(data)
        if self._in_head and not self.transport.is_closing():
            self._head += len(data)
            self._hold(max(0, self._head - self._settings.max_head_bytes))
            if self._head > LONGEST_HEAD or self._long_heads.held > LONG_HEADS:
                self._refuse("head", 431, "the head of the request is too large")

    def on_message_begin(self) -> None:
        self._head, self._in_head = 0, True
        if self._timer is None:
            self._wait_for_head()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._hold(0)
        self._stop_waiting()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._hold(0)
        self._stop_waiting()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        if self._head + self._chunk > self._settings.max_head_bytes:
            self._refuse("head", 431, "the head of the request is too large")
        else:
            self._refuse("malformed", 400, "this is no HTTP request")

    def _hold(self, size: int) -> None:
        self._long_heads.held += size - self._held
        self._held = size

    def _wait_for_head(self) -> None:
        self._timer = self.loop.call_later(self._settings.head_timeout_s, self._too_slow)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_slow(self) -> None:
        self._refuse("slow_head", 408, "the head of the request did not come in time")

    def _refuse(self, reason: str, status: int, detail: str) -> None:
        self._stop_waiting()
        self._metrics.refusals.labels(reason).inc()
        answer = problem(status, detail, headers={"Connection": "close"})
        head = [f"HTTP/1.1 {status} Refused".encode(), *(b": ".join(pair) for pair in answer.raw_headers)]
        self.transport.write(b"\r\n".join(head) + b"\r\n\r\n" + bytes(answer.body))
        self.transport.close()


def bounded_protocol(settings: ApiSettings, metrics: Metrics) -> Callable[..., asyncio.Protocol]:
    """What uvicorn calls for each connection."""
    long_heads = LongHeads()

    def make(
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> asyncio.Protocol:
        return BoundedProtocol(
            settings, metrics, long_heads, config=config, server_state=server_state, app_state=app_state, _loop=_loop
        )

    return make
