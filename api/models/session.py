"""Signing in with a browser."""

from typing import Literal

from pydantic import ConfigDict, Field

from api.models.base import Payload


class NewSession(Payload):
    """A token to sign in with."""

    model_config = ConfigDict(extra="forbid")

    token: str = Field(max_length=200)


class SessionInfo(Payload):
    """Whom a request stands for."""

    name: str = Field(examples=["ann"])
    """The token's name; `local` where none is asked for."""
    scope: Literal["read", "trade", "admin"]
    portfolios: list[str] | None
    """The only portfolios it may see; null for all."""
