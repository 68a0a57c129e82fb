"""Signing in with a browser: a token becomes a cookie that no script can read."""

from fastapi import APIRouter, Request, Response

from api.gate import COOKIE
from api.identity import Caller, Identity
from api.models import NewSession, SessionInfo
from api.problems import ProblemError, documented
from api.security import is_loopback, same_origin
from api.services import Served
from storage.tokens import digest_of, new_secret

SESSION_S = 12 * 3600.0

router = APIRouter(prefix="/api/v1/session", tags=["session"])


@router.get("", responses=documented(401))
async def session(caller: Caller, response: Response) -> SessionInfo:
    """Say whom the request stands for."""
    response.headers["Cache-Control"] = "no-store"
    return _info(caller)


@router.post("", responses=documented(401, 403, 422, 429, 503))
async def sign_in(served: Served, request: Request, response: Response, body: NewSession) -> SessionInfo:
    """Take a token, and give the browser a cookie for at most 12 hours: `HttpOnly`, `SameSite=Strict`."""
    if "sec-fetch-site" in request.headers and not same_origin(request.headers):
        raise ProblemError(403, "a page of another site may not sign in here")
    secret, address = new_secret(), request.client.host if request.client else ""
    row = await served.reader.open_session(digest_of(secret), digest_of(body.token), SESSION_S)
    if row is None:
        if not served.rates.allows_failure(address):
            raise ProblemError(429, "too many tokens that are not good; come back in a minute")
        raise ProblemError(401, "this token is not good, or no longer")
    response.set_cookie(
        COOKIE,
        secret,
        max_age=round(row.expires_s or SESSION_S),
        httponly=True,
        samesite="strict",
        secure=not is_loopback(request.headers.get("host", "")),
    )
    response.headers["Cache-Control"] = "no-store"
    return _info(served.tokens.identity(row, digest_of(secret)))


@router.delete("", status_code=204, responses=documented(401, 403))
async def sign_out(served: Served, caller: Caller, response: Response) -> None:
    """End the session of the cookie."""
    await served.reader.close_session(caller.digest)
    served.tokens.forget(caller.digest)
    response.delete_cookie(COOKIE, httponly=True, samesite="strict")


def _info(identity: Identity) -> SessionInfo:
    portfolios = None if identity.portfolios is None else sorted(identity.portfolios)
    return SessionInfo(name=identity.name, scope=identity.scope, portfolios=portfolios)
