"""Who asks, and what they may do."""

from dataclasses import dataclass
from typing import Annotated, Literal, cast

from fastapi import Depends, Request
from starlette.types import Scope

from api.problems import ProblemError

Right = Literal["read", "trade", "admin"]
RIGHTS: tuple[Right, ...] = ("read", "trade", "admin")
"""Each contains those before it."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Whoever asks, as their token says."""

    name: str
    scope: Right
    portfolios: frozenset[str] | None = None
    """The only portfolios that they may see; None for all."""
    digest: bytes = b""
    """Of their token; empty where none is asked for."""
    good_until: float | None = None
    """By the monotonic clock; None for ever."""

    def may(self, right: Right) -> bool:
        return RIGHTS.index(self.scope) >= RIGHTS.index(right)

    def sees(self, portfolio: str) -> bool:
        return self.portfolios is None or portfolio in self.portfolios

    def require(self, portfolio: str) -> None:
        """Refuse a portfolio that is not theirs as if it did not exist.

        Raises
        ------
        ProblemError
            404.
        """
        if not self.sees(portfolio):
            raise ProblemError(404, "there is no portfolio of this name; /api/v1/portfolios lists them")

    def visible(self, wanted: frozenset[str]) -> frozenset[str]:
        """Those of the portfolios ``wanted`` (empty: all) that they may see; empty for all there are.

        Raises
        ------
        ProblemError
            404: none of those that are wanted.
        """
        if self.portfolios is None:
            return wanted
        seen = self.portfolios & wanted if wanted else self.portfolios
        if not seen:
            raise ProblemError(404, "there is no portfolio of this name; /api/v1/portfolios lists them")
        return seen


LOCAL = Identity("local", "admin")
"""Whoever reaches a loopback address where no token is asked for."""


def set_identity(scope: Scope, identity: Identity) -> None:
    scope.setdefault("state", {})["identity"] = identity


def identity_of(scope: Scope) -> Identity | None:
    """The identity of a request, None where it has none (yet)."""
    return cast(Identity | None, scope.get("state", {}).get("identity"))


def _identity(request: Request) -> Identity:
    identity = identity_of(request.scope)
    if identity is None:
        raise ProblemError(401, "this needs an access token")
    return identity


Caller = Annotated[Identity, Depends(_identity)]
