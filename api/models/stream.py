"""Events that only the stream has."""

from typing import Literal

from pydantic import Field

from api.models.base import Payload


class Reset(Payload):
    """The ``reset`` event: the cursor cannot be served, the present state follows.

    What happened in between is to be asked for again by the calls for history.
    """

    schema_: Literal[1] = Field(alias="schema")
    reason: Literal["invalid_cursor", "other_run", "unknown_cursor", "too_old", "run_changed", "token_ended"]
    """`invalid_cursor`: not one of ours; `other_run`: of another run or database than the one shown;
    `unknown_cursor`: newer than anything stored; `too_old`: no longer kept; `run_changed`: another run is
    shown since the stream was opened; `token_ended`: the token is no longer good, and the stream ends with this."""
