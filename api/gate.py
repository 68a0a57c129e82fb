"""Asks for a token, and lets nobody do more than it says. What is not named here is closed."""

import re
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.identity import LOCAL, Identity, Right, set_identity
from api.metrics import Metrics
from api.problems import problem
from api.rates import Rates
from api.security import same_origin
from api.settings import ApiSettings
from api.tokens import Tokens
from riskcore.errors import TailwatchError

COOKIE = "tailwatch_session"
SAFE = ("GET", "HEAD")
ANONYMOUS = frozenset({("GET", "/healthz"), ("HEAD", "/healthz"), ("POST", "/api/v1/session")})
"""What answers without a token, besides the files of the dashboard."""
GUARDED = ("/api/", "/metrics", "/readyz", "/docs", "/openapi.json")
"""Everything else is a file of the dashboard, which says nothing of anybody's portfolio."""
_RIGHTS: tuple[tuple[str, re.Pattern[str], Right], ...] = (
    ("POST", re.compile(r"/api/v1/portfolios/[^/]+/(what-if|stress)"), "read"),
    ("DELETE", re.compile(r"/api/v1/session"), "read"),
    ("POST", re.compile(r"/api/v1/trades"), "trade"),
    ("POST", re.compile(r"/api/v1/jobs"), "trade"),
    ("DELETE", re.compile(r"/api/v1/jobs/[^/]+"), "trade"),
    ("POST", re.compile(r"/api/v1/reconciliation"), "read"),
    ("PUT", re.compile(r"/api/v1/instruments"), "trade"),
    ("PUT", re.compile(r"/api/v1/silences/[^/]+"), "trade"),
    ("DELETE", re.compile(r"/api/v1/silences/[^/]+"), "trade"),
    ("POST", re.compile(r"/api/v1/alerts/[^/]+/ack"), "trade"),
)
"""What a request that is not a GET needs, where that is not ``admin``."""
_OF_PORTFOLIO = re.compile(r"/api/v1/portfolios/(?P<portfolio>[^/]+)/.*")
_FOR_SOME = re.compile(
    r"/api/v1/(portfolios|stream|alerts|alerts/[^/]+/ack|trades|reconciliation|jobs|jobs/[^/]+|histories|session|health)"
    r"|/readyz"
)
"""Where a token for some portfolios is let in besides these; each of these keeps to them by itself."""


class Gate:
    """Identifies, and refuses: 401 nobody known, 403 not entitled, 404 not theirs, 429 too often."""

    def __init__(self, app: ASGIApp, settings: ApiSettings, tokens: Tokens, rates: Rates, metrics: Metrics) -> None:
        self._app, self._settings = app, settings
        self._tokens, self._rates, self._metrics = tokens, rates, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = await self._refusal(scope) if scope["type"] == "http" else None
        if refusal is None:
            await self._app(scope, receive, send)
            return
        reason, status, detail, headers = refusal
        self._metrics.refusals.labels(reason).inc()
        await problem(status, detail, headers=headers, reason=detail if status == 503 else None)(scope, receive, send)

    async def _refusal(self, scope: Scope) -> "_Refusal | None":
        method, path, headers = scope["method"], scope["path"], Headers(scope=scope)
        if not self._settings.tokens:
            set_identity(scope, LOCAL)
            return None
        if (method, path) in ANONYMOUS or not path.startswith(GUARDED):
            return self._too_often(self._address(scope)) if method not in SAFE else None
        secret, by_cookie = presented(headers)
        try:
            identity = await self._tokens.identify(secret)
        except TailwatchError as error:
            return "database", 503, str(error), {}
        if identity is None:
            return self._unknown(scope, secret)
        set_identity(scope, identity)
        if by_cookie and method not in SAFE and not same_origin(headers):
            return "cross_site", 403, "a page of another site may not do this", {}
        return self._forbidden(identity, method, path) or self._too_often(identity.name)

    def _unknown(self, scope: Scope, secret: str) -> "_Refusal":
        address = self._address(scope)
        if secret and not self._rates.allows_failure(address):
            return "rate", 429, "too many tokens that are not good; come back in a minute", {"Retry-After": "60"}
        return "token", 401, "this needs an access token that is good", {"WWW-Authenticate": 'Bearer realm="tailwatch"'}

    def _forbidden(self, identity: Identity, method: str, path: str) -> "_Refusal | None":
        needed = right_for(method, path)
        if not identity.may(needed):
            return "scope", 403, f"this needs a token with the scope {needed}; yours has {identity.scope}", {}
        if identity.portfolios is None:
            return None
        named = _OF_PORTFOLIO.fullmatch(path)
        if named is not None and not identity.sees(named["portfolio"]):
            return "portfolio", 404, "there is no portfolio of this name; /api/v1/portfolios lists them", {}
        if named is None and not _FOR_SOME.fullmatch(path):
            return "portfolio", 403, "this needs a token for all portfolios", {}
        return None

    def _too_often(self, name: str) -> "_Refusal | None":
        if self._rates.allows(name):
            return None
        return "rate", 429, "too many requests; come back in a second", {"Retry-After": "1"}

    def _address(self, scope: Scope) -> str:
        client = scope.get("client")
        return str(client[0]) if client else ""


_Refusal = tuple[str, int, str, Mapping[str, str]]


def presented(headers: Headers) -> tuple[str, bool]:
    """The secret that a request shows, and whether a cookie holds it: only where no header says otherwise."""
    kind, _, secret = headers.get("authorization", "").partition(" ")
    if kind:
        return (secret.strip() if kind.lower() == "bearer" else ""), False
    try:
        cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        cookie = None
    return ("" if cookie is None else cookie.value), True


def right_for(method: str, path: str) -> Right:
    """The right that a request needs: ``read`` to look, ``admin`` to change anything that is not named."""
    if method in SAFE:
        return "read"
    return next((right for verb, form, right in _RIGHTS if verb == method and form.fullmatch(path)), "admin")
