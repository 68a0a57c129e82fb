"""The application: routes, errors, headers, and the tasks that run beside them."""

from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware

from api import dashboard, openapi, problems, reference, tasks
from api.access import AccessLog
from api.asking import Asking
from api.bounds import Bounds
from api.gate import Gate
from api.hub import Hub
from api.metrics import Metrics
from api.rates import Rates
from api.reading import DatabaseReader, Reader
from api.receipts import Receipts
from api.routes import (
    alerts,
    backtest,
    explain,
    health,
    history,
    instruments,
    jobs,
    portfolios,
    questions,
    reconciliation,
    replay,
    scenarios,
    session,
    stream,
    trades,
)
from api.security import Guard
from api.services import Services
from api.settings import ApiSettings
from api.status import StatusBoard
from api.tokens import Tokens

DESCRIPTION = """\
Value-at-Risk and Expected Shortfall of portfolios, tick by tick. Losses are positive; money is in base
currency; times are RFC 3339 in UTC; unknown is null with a reason, never NaN. Errors are
`application/problem+json` (RFC 9457).

A page or a program that must miss nothing takes a snapshot, then opens `/api/v1/stream?cursor=` with the
answer's `X-Stream-Cursor`, and after a break with the last `id` it has seen.
"""


def create_app(settings: ApiSettings, reader: Reader | None = None) -> FastAPI:
    """Make the application.

    Parameters
    ----------
    settings
        Where the database is, what to serve, and the limits.
    reader
        Answers instead of the database; for tests.
    """
    services = _services(settings, reader or _database_reader(settings))

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await services.reader.open()
        try:
            hub = services.hub
            works = (hub.follow, hub.follow_jobs, services.board.publish, services.asking.follow)
            async with tasks.beside(*works, services.receipts.follow):
                yield
        finally:
            services.hub.drain()
            await services.reader.close()

    app = FastAPI(
        title="tailwatch",
        version=version("tailwatch"),
        summary="Streaming Value-at-Risk and Expected Shortfall.",
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
        telemetry={"auto_configure": True, "metrics": False, "logs": False, "exclude": _is_untraced},
    )
    app.state.services = services
    app.openapi = lambda: openapi.document(app)  # type: ignore[method-assign] # the hook FastAPI documents
    problems.install(app)
    for module in (
        portfolios,
        history,
        alerts,
        explain,
        backtest,
        questions,
        jobs,
        replay,
        scenarios,
        trades,
        instruments,
        reconciliation,
        stream,
        health,
        session,
    ):
        app.include_router(module.router)
    reference.install(app)
    dashboard.install(app, settings.dashboard)
    app.add_middleware(problems.LastResort)
    app.add_middleware(GZipMiddleware, minimum_size=1_000, compresslevel=4)
    metrics = services.metrics
    app.add_middleware(Gate, settings=settings, tokens=services.tokens, rates=services.rates, metrics=metrics)
    app.add_middleware(Bounds, settings=settings, metrics=metrics)
    app.add_middleware(Guard, settings=settings, metrics=metrics)
    app.add_middleware(AccessLog, metrics=metrics)
    return app


def _is_untraced(scope: MutableMapping[str, Any]) -> bool:
    """Whether a request says nothing as a trace: a stream has no end, and probes come every second."""
    return not scope["path"].startswith("/api/") or scope["path"] == "/api/v1/stream"


def _services(settings: ApiSettings, reader: Reader) -> Services:
    metrics = Metrics()
    hub = Hub(reader, settings, metrics.on_event)
    metrics.watch("tailwatch_streams", "Open streams.", lambda: hub.clients)
    metrics.watch("tailwatch_stream_events", "Events read from the database.", lambda: hub.published)
    metrics.watch("tailwatch_stream_memory_bytes", "Recent events kept in memory.", lambda: hub.kept_bytes)
    metrics.watch("tailwatch_database_up", "1 while the database can be read.", lambda: hub.trouble is None)
    asking = Asking(reader, settings)
    metrics.watch("tailwatch_requests_waiting", "Requests that wait for the engine's answer.", lambda: asking.waiting)
    board = StatusBoard(hub, reader, settings, metrics)
    return Services(settings, reader, hub, asking, board, metrics, Tokens(reader), Rates(), Receipts(reader))


def _database_reader(settings: ApiSettings) -> Reader:
    url, timeout_s = settings.database_url, settings.database_timeout_s
    return DatabaseReader(url, connections=settings.database_connections, timeout_s=timeout_s)
