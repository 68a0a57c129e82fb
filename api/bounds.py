"""What a request may cost before anybody has looked at it: bytes of headers, bytes and time of a body."""

import asyncio
from collections.abc import Iterable

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.metrics import Metrics
from api.problems import problem
from api.settings import ApiSettings

CLOSE = {"Connection": "close"}
CURSOR, LONG = b"last-event-id", 1_024


class Bounds:
    """Refuses what is too large or too slow, by what comes; at once where a header says that too much will."""

    def __init__(self, app: ASGIApp, settings: ApiSettings, metrics: Metrics) -> None:
        self._app, self._settings, self._metrics = app, settings, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = self._settings.max_head_bytes
        size = len(scope.get("query_string", b"")) + _size(scope["headers"])
        if size > most:
            # So long a cursor is none of ours, and its reader is told so by the stream.
            scope["headers"] = [pair if pair[0] != CURSOR else (CURSOR, pair[1][:LONG]) for pair in scope["headers"]]
            size = len(scope.get("query_string", b"")) + _size(scope["headers"])
        if size > most:
            self._metrics.refusals.labels("head").inc()
            detail = f"headers and query are {size} bytes, at most {most} are read"
            await problem(431, detail, headers=CLOSE)(scope, receive, send)
            return
        if _announced(scope["headers"]) > self._settings.max_body_bytes:
            refusal = self._too_large()
            await problem(refusal.status_code, refusal.detail, headers=CLOSE)(scope, receive, send)
            return
        await self._app(scope, self._bounded(receive), send)

    def _bounded(self, receive: Receive) -> Receive:
        size, whole = 0, False
        deadline = asyncio.get_running_loop().time() + self._settings.body_timeout_s

        async def bounded() -> Message:
            nonlocal size, whole
            if whole:
                return await receive()
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError:
                raise self._exceeded("slow_body", 408, "the body did not come in time") from None
            size += len(message.get("body", b""))
            whole = not message.get("more_body", False)
            if size > self._settings.max_body_bytes:
                raise self._too_large()
            return message

        return bounded

    def _too_large(self) -> HTTPException:
        return self._exceeded("body", 413, f"the body is larger than {self._settings.max_body_bytes} bytes")

    def _exceeded(self, reason: str, status: int, detail: str) -> HTTPException:
        # An HTTPException, because whoever reads the body passes that on as it is.
        self._metrics.refusals.labels(reason).inc()
        return HTTPException(status, detail, headers=CLOSE)


def _announced(headers: Iterable[tuple[bytes, bytes]]) -> int:
    return next((int(value) for name, value in headers if name == b"content-length" and value.isdigit()), 0)


def _size(headers: Iterable[tuple[bytes, bytes]]) -> int:
    return sum(len(name) + len(value) for name, value in headers)
