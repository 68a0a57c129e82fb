"""The stream of server-sent events."""

from collections import Counter
from collections.abc import AsyncIterator
from typing import Annotated, Any, cast

import msgspec
import structlog
from fastapi import APIRouter, Header, Query, Response
from sse_starlette.event import ServerSentEvent
from sse_starlette.sse import EventSourceResponse, SendTimeoutError
from starlette.types import Receive, Scope, Send

from api.following import KINDS, Following, Wanted
from api.frames import PING, frame
from api.identity import Caller, Identity
from api.problems import ProblemError, documented, problem
from api.services import Served, Services
from api.tokens import Tokens

MOST_PORTFOLIOS = 200

router = APIRouter(prefix="/api/v1", tags=["stream"])
log = structlog.get_logger(__name__)


class StreamResponse(EventSourceResponse):
    """An event stream that counts as a client while it lasts and ends quietly when its reader stops."""

    def __init__(self, served: Services, caller: Identity, following: Following) -> None:
        self._served, self._caller = served, caller
        settings = served.settings
        super().__init__(
            entitled(served.tokens, caller, following.frames()),
            ping=settings.ping_interval_s,
            sep="\n",
            ping_message_factory=lambda: cast(ServerSentEvent, PING),  # bytes go out as they are
            send_timeout=settings.send_timeout_s,
            headers={"Cache-Control": "no-store, no-transform"},
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        hub, metrics = self._served.hub, self._served.metrics
        name, each = self._caller.name, self._served.settings.max_clients_each
        if hub.clients >= self._served.settings.max_clients:
            metrics.refused.inc()
            detail = f"all {hub.clients} streams of this process are taken; come back later or ask another one"
            await problem(503, detail, reason="too many streams")(scope, receive, send)
            return
        if self._caller.digest and hub.clients_of[name] >= each:
            metrics.refused.inc()
            detail = f"{each} streams are open with this token; close one first"
            await problem(429, detail, headers={"Retry-After": "5"})(scope, receive, send)
            return
        hub.clients += 1
        hub.clients_of[name] += 1
        try:
            await super().__call__(scope, receive, send)
        except SendTimeoutError:
            metrics.evicted.inc()
            log.info("stream ended: its reader takes nothing", seconds=self._served.settings.send_timeout_s)
        finally:
            hub.clients -= 1
            hub.clients_of[name] -= 1
            hub.clients_of += Counter()


_described: dict[str, Any] = {
    "description": "Server-sent events; the schema is of the `data` of `risk`, `alert`, `job`, `status`, `reset`.",
    "content": {
        "text/event-stream": {
            "schema": {
                "oneOf": [
                    {"$ref": f"#/components/schemas/{name}"}
                    for name in ("RiskSnapshot", "Alert", "Job", "Health", "Reset")
                ]
            }
        }
    },
}


@router.get("/stream", response_class=Response, responses={200: _described, **documented(404, 422, 429, 503)})
async def stream(
    served: Served,
    caller: Caller,
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
    wanted = Wanted(caller.visible(_portfolios(portfolios)), _kinds(events))
    place = last_event_id or cursor or None
    return StreamResponse(served, caller, Following(served.hub, served.reader, wanted, place, served.receipts.note))


async def entitled(tokens: Tokens, caller: Identity, frames: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Hand frames on for as long as the token is good; then say so, and end."""
    async for chunk in frames:
        if not await tokens.still(caller):
            yield frame("reset", msgspec.json.encode({"schema": 1, "reason": "token_ended"}))
            return
        yield chunk


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
