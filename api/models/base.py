"""What all payloads have in common."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Payload(BaseModel):
    """A frozen JSON object without NaN and without silent conversions."""

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        allow_inf_nan=False,
        populate_by_name=True,
        serialize_by_alias=True,
        use_attribute_docstrings=True,
    )


Timestamp = Annotated[
    str,
    Field(
        json_schema_extra={"format": "date-time"},
        examples=["2026-11-22T09:30:00.123456789Z"],
    ),
]
"""RFC 3339 in UTC, up to nanoseconds: a string, because a float or a ``datetime`` cannot hold them."""
