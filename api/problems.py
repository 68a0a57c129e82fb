"""Errors as RFC 9457 ``application/problem+json``: one shape for every status, never a stack trace."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.models.problem import Problem
from riskcore.errors import TailwatchError

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 2
METHODS = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")

log = structlog.get_logger(__name__)


class ProblemError(Exception):
    """Ends a request with a problem document.

    Parameters
    ----------
    status
        HTTP status, 400 to 599.
    detail
        What went wrong here and what to do.
    reason
        For a 503, what is being waited for.
    headers
        Beside the usual ones.
    errors
        One line for each thing that is wrong.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        reason: str | None = None,
        headers: Mapping[str, str] | None = None,
        errors: Sequence[str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.reason = reason
        self.headers = headers
        self.errors = errors


def problem(
    status: int,
    detail: str,
    *,
    instance: str | None = None,
    reason: str | None = None,
    errors: Sequence[str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Give the answer that says what is wrong; a 503 asks to come back."""
    document = Problem(
        type="about:blank",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        instance=instance,
        reason=reason,
        errors=None if errors is None else list(errors),
    )
    extra = {"Cache-Control": "no-store", **(headers or {})}
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        extra.setdefault("Retry-After", str(RETRY_AFTER_S))
    return Response(document.model_dump_json(exclude_none=True), status, headers=extra, media_type=MEDIA_TYPE)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Describe, for OpenAPI, the problems that a route may answer with."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: {"schema": schema}}}
        for status in statuses
    }


def install(app: FastAPI) -> None:
    """Let every error of the application end in a problem document."""
    app.add_exception_handler(ProblemError, _of_ours)
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(RequestValidationError, _of_validation)
    app.add_exception_handler(TailwatchError, _of_running)


async def _of_ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)

    path, headers = request.url.path, error.headers
    return problem(error.status, error.detail, instance=path, reason=error.reason, errors=error.errors, headers=headers)


async def _of_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    detail = {
        404: "there is nothing under this path; /docs lists what there is",
        405: "this path does not take this method; /docs lists what it takes",
    }.get(error.status_code, str(error.detail))
    headers: Mapping[str, str] | None = error.headers
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers = {"Allow": _methods(request)}
    return problem(error.status_code, detail, instance=request.url.path, headers=headers)


def _methods(request: Request) -> str:
    """Every method of this path, where the router knows only those of the first route that it found."""
    routes, scope = request.app.routes, dict(request.scope)
    return ", ".join(
        method
        for method in METHODS
        if any(route.matches(scope | {"method": method})[0] == Match.FULL for route in routes)
    )


async def _of_validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = [f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}" for item in error.errors()]
    return problem(422, "the request does not fit: " + errors[0], instance=request.url.path, errors=errors)


async def _of_running(request: Request, error: Exception) -> Response:
    log.warning("request failed", path=request.url.path, error=str(error))
    return problem(503, str(error), instance=request.url.path, reason=str(error))


class LastResort:
    """Turns an error that nobody expected into a problem document, and its stack trace into a log entry."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception:
            log.exception("request failed unexpectedly", path=scope.get("path"))
            if begun or scope["type"] != "http":
                raise
            detail = "an error of ours, not of the request; the log of the API names it"
            await problem(500, detail, instance=scope["path"])(scope, receive, send)
