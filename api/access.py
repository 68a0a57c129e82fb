"""Counts and logs every answer."""

import time

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.identity import identity_of
from api.metrics import Metrics

log = structlog.get_logger(__name__)


class AccessLog:
    """Measures each request by the route that answered: by its path there would be a label for each typo.

    The log says who asked and for what route, never a query, a header or a body: nothing secret gets into it.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500
        begun = time.perf_counter()

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            self._note(scope, status, time.perf_counter() - begun)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "other")
        self._metrics.requests.labels(route, scope["method"], str(status)).inc()
        if not route.endswith("/stream"):
            self._metrics.seconds.labels(route).observe(seconds)
        identity, client = identity_of(scope), scope.get("client")
        log.info(
            "answered",
            route=route,
            method=scope["method"],
            status=status,
            seconds=round(seconds, 6),
            name=None if identity is None else identity.name,
            client=client[0] if client else None,
        )
