"""The stream of server-sent events."""

from typing import Annotated, Any, cast

import structlog
from fastapi import APIRouter, Header, Query, Response
from sse_starlette.event import ServerSentEvent
from sse_starlette.sse import EventSourceResponse, SendTimeoutError
from starlette.types import Receive, Scope, Send

from api.following import KINDS, Following, Wanted
from api.frames import PING
from api.problems import ProblemError, documented, problem
from api.services import Served, Services

MOST_PORTFOLIOS = 200

router = APIRouter(prefix="/api/v1", tags=["stream"])
log = structlog.get_logger(__name__)


class StreamResponse(EventSourceResponse):
    """An event stream that counts as a client while it lasts and ends quietly when its reader stops."""

    def __init__(self, served: Services, following: Following) -> None:
        self._served = served
        settings = served.settings
        super().__init__(
            following.frames(),
            ping=settings.ping_interval_s,
            sep="\n",
            ping_message_factory=lambda: cast(ServerSentEvent, PING),  # bytes go out as they are
            send_timeout=settings.send_timeout_s,
            headers={"Cache-Control": "no-store, no-transform"},
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        hub, metrics = self._served.hub, self._served.metrics
        if hub.clients >= self._served.settings.max_clients:
            metrics.refused.inc()
            detail = f"all {hub.clients} streams of this process are taken; come back later or ask another one"
            await problem(503, detail, reason="too many streams")(scope, receive, send)
            return
        hub.clients += 1
        try:
            await super().__call__(scope, receive, send)
        except SendTimeoutError:
            metrics.evicted.inc()
            log.info("stream ended: its reader takes nothing", seconds=self._served.settings.send_timeout_s)
        finally:
            hub.clients -= 1


_described: dict[str, Any] = {
    "description": "Server-sent events; the schema is of the `data` of `risk`, `alert`, `status`, `reset`.",
    "content": {
        "text/event-stream": {
            "schema": {
                "oneOf": [
                    {"$ref": f"#/components/schemas/{name}"} for name in ("RiskSnapshot", "Alert", "Health", "Reset")
                ]
            }
        }
    },
}


@router.get("/stream", response_class=Response, responses={200: _described, **documented(422, 503)})
async def stream(
    served: Served,
    portfolios: Annotated[str | None, Query(description="Names, separated by commas; by itself all.")] = None,
    events: Annotated[
        str | None, Query(description="`risk`, `alert`, `job`, `status`, separated by commas; by itself all.")
    ] = None,
    cursor: Annotated[
        str | None, Query(description="Id of the last event seen; the header Last-Event-ID comes first.")
    ] = None,
    last_event_id: Annotated[str | None, Header(description="As a browser sends it when it reconnects.")] = None,
) -> Response:
    """Follow the figures: the present state first, or what was missed since a cursor, then all that comes."""
    wanted = Wanted(_portfolios(portfolios), _kinds(events))
    place = last_event_id or cursor or None
    return StreamResponse(served, Following(served.hub, served.reader, wanted, place))


def _portfolios(text: str | None) -> frozenset[str]:
    names = _names(text)
    if any(not name.isprintable() for name in names):
        raise ProblemError(422, "a portfolio's name has no control characters")
    if len(names) > MOST_PORTFOLIOS:
        raise ProblemError(422, f"{len(names)} portfolios are more than {MOST_PORTFOLIOS}; leave them out for all")
    return names


def _kinds(text: str | None) -> frozenset[str]:
    names = _names(text)
    if unknown := names - set(KINDS):
        raise ProblemError(422, f"there are no events {', '.join(sorted(unknown))}; there are {', '.join(KINDS)}")
    return names or frozenset(KINDS)


def _names(text: str | None) -> frozenset[str]:
    return frozenset(name.strip() for name in (text or "").split(",") if name.strip())
