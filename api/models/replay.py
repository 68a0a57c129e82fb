"""A recording on its way: how far it has come, and how fast it is read."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from api.models.base import Asked, Flag, Payload, Timestamp

Speed = Annotated[
    str, Field(pattern=r"^(max|(0\.[0-9]{0,5}[1-9]|[1-9][0-9]{0,5}(\.[0-9]{1,6})?)x)$", examples=["max", "10x"])
]
"""As fast as possible, or so many times the time that the stamps tell."""


class Replay(Payload):
    """The recording that is shown."""

    schema_: Literal[1] = Field(alias="schema")
    run: str
    state: Literal["running", "paused", "ended", "away"]
    """`away`: the program that read it is not heard any more."""
    fraction: float = Field(ge=0, le=1)
    """Of the recording that was read."""
    event_time: Timestamp | None
    """The moment of the market that it has come to; null before the first tick."""
    ticks: int
    """Received so far."""
    speed: Speed
    paused: bool


class Steer(Asked):
    """What is to be changed; what is left out stays."""

    speed: Speed | None = None
    paused: Flag | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.speed is None and self.paused is None:
            raise ValueError("name a speed, paused, or both")
        return self
