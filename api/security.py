"""From where one may ask, and what a browser may do with the answer."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.metrics import Metrics
from api.problems import problem
from api.settings import ApiSettings

LOOPBACK = ("127.0.0.1", "::1", "localhost")
EVERYWHERE = ("0.0.0.0", "::", "")  # noqa: S104 - recognised, not bound
# Styles may be inline, because the component library writes its variables into a style element.
POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST, PUT, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Last-Event-ID, If-None-Match",
    "Access-Control-Max-Age": "600",
}


class Guard:
    """Refuses requests that name another host or come from another site; puts the headers on every answer.

    A page of another site can make a browser talk to a loopback address by pointing its own name there;
    the name then stands in ``Host``. When bound to every address the names cannot be known, and only
    ``allowed_hosts``, where given, are let in. Pages of ``allowed_origins``, written exactly as browsers write
    them, may read answers; cookies are never theirs.
    """

    def __init__(self, app: ASGIApp, settings: ApiSettings, metrics: Metrics) -> None:
        self._app = app
        self._hosts = _known_hosts(settings)
        self._origins = frozenset(settings.allowed_origins)
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        allowed = self._allowed(headers.get("origin"))

        async def protected(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                for name, value in (HEADERS | allowed).items():
                    answer.setdefault(name, value)
                if self._origins:
                    answer.add_vary_header("Origin")
            await send(message)

        app = self._refusal(headers, allowed=bool(allowed))
        if app is None and allowed and scope["method"] == "OPTIONS":
            app = Response(status_code=204, headers=PREFLIGHT)
        await (app or self._app)(scope, receive, protected)

    def _allowed(self, origin: str | None) -> dict[str, str]:
        if origin is None or origin not in self._origins:
            return {}
        exposed = "X-Stream-Cursor, ETag, Retry-After"
        return {
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Expose-Headers": exposed,
            "Cross-Origin-Resource-Policy": "cross-origin",
        }

    def _refusal(self, headers: Headers, *, allowed: bool) -> Response | None:
        host, origin = headers.get("host", ""), headers.get("origin")
        if self._hosts and _name(host) not in self._hosts:
            self._metrics.refusals.labels("host").inc()
            return problem(421, "this API is not reached under that host name; allow it with --allow-hosts")
        if origin is not None and not allowed and _netloc(origin) != host:
            self._metrics.refusals.labels("origin").inc()
            return problem(403, "requests from pages of other origins are refused; allow it with --allow-origins")
        return None


def same_origin(headers: Headers) -> bool:
    """Whether a browser says that a page of our own asks."""
    origin = headers.get("origin")
    if origin is not None:
        return _netloc(origin) == headers.get("host", "")
    return headers.get("sec-fetch-site") == "same-origin"


def is_loopback(netloc: str) -> bool:
    """Whether the host of a request is this machine's own."""
    return _name(netloc) in LOOPBACK


def _known_hosts(settings: ApiSettings) -> frozenset[str]:
    allowed: Iterable[str] = settings.allowed_hosts
    if settings.host not in EVERYWHERE:
        allowed = (*LOOPBACK, settings.host, *allowed)
    elif settings.allowed_hosts:
        allowed = (*LOOPBACK, *allowed)
    return frozenset(host.lower() for host in allowed)


def _name(netloc: str) -> str:
    try:
        return (urlsplit(f"//{netloc}").hostname or "").lower()
    except ValueError:
        return ""


def _netloc(origin: str) -> str:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""
