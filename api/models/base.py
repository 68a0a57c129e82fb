"""What all payloads have in common."""

import datetime
import re
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field


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


class Asked(Payload):
    """What a request says: nothing but what is described.

    FastAPI reads it from objects, of which ``strict`` would take no nested one and no time.
    """

    model_config = ConfigDict(strict=False, extra="forbid")


Number = Annotated[float, Field(strict=True)]


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


Whole = Annotated[int, Field(strict=True), BeforeValidator(_whole)]
"""A whole number, also where it is written as 1.0: in JSON that is the same."""
Flag = Annotated[bool, Field(strict=True)]


def _written(value: Any) -> Any:
    if not isinstance(value, str) or not re.match(r"\d{4}-\d\d-\d\d[Tt ]", value):
        raise ValueError("a time is written by RFC 3339, with a time zone")
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_written)]
"""RFC 3339 with a time zone; by itself pydantic takes a number, too, for seconds or milliseconds as it falls."""


def _dated(value: Any) -> Any:
    if not (isinstance(value, datetime.date) or (isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value))):
        raise ValueError("a day is written like 2024-08-08")
    return value


Day = Annotated[datetime.date, BeforeValidator(_dated)]
"""A day as text; by itself pydantic takes a number, too."""

Timestamp = Annotated[
    str,
    Field(
        json_schema_extra={"format": "date-time"},
        examples=["2026-11-22T09:30:00.123456789Z"],
    ),
]
"""RFC 3339 in UTC, up to nanoseconds: a string, because a float or a ``datetime`` cannot hold them."""
