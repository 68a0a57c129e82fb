"""Errors, by RFC 9457."""

from pydantic import Field

from api.models.base import Payload


class Problem(Payload):
    """Every error of this API, as `application/problem+json`."""

    type: str = Field(examples=["about:blank"])
    title: str
    """The status in words."""
    status: int
    detail: str
    """What went wrong here and what to do."""
    instance: str | None = None
    """The path that was asked for."""
    reason: str | None = None
    """For a 503: what is being waited for."""
    errors: list[str] | None = None
    """For a 422: one line for each thing that is wrong."""
