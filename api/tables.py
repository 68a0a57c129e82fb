"""Tables that come as the body of a request: CSV or JSON, with errors by row."""

from itertools import islice
from typing import Any

from fastapi import Request

from api.problems import ProblemError
from files.tables import FaultyRowsError, Row, rows_of
from riskcore.errors import InputError

MOST_ROWS = 20_000


async def rows_in(request: Request, title: str, required: tuple[str, ...], optional: tuple[str, ...]) -> list[Row]:
    """Return the rows of a body whose ``Content-Type`` is ``text/csv`` or ``application/json``.

    Raises
    ------
    ProblemError
        415: another form. 422: no such table, or more than 20,000 rows.
    """
    form = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = await request.body()
    if body and form not in ("text/csv", "application/json"):
        raise ProblemError(415, "send text/csv or application/json")
    try:
        found = rows_of(body, "csv" if form == "text/csv" else "json", title, required, optional)
        rows = list(islice(found, MOST_ROWS + 1))
    except InputError as error:
        raise refused(error) from None
    if len(rows) > MOST_ROWS:
        raise ProblemError(422, f"{title}: more than {MOST_ROWS:,d} rows; send it in parts, by portfolio")
    return rows


def refused(error: InputError) -> ProblemError:
    """The problem that says what is wrong with a table, row by row."""
    return ProblemError(422, str(error), errors=error.errors if isinstance(error, FaultyRowsError) else None)


def documented_table(key: str, required: tuple[str, ...], properties: dict[str, Any], example: str) -> dict[str, Any]:
    """What OpenAPI is told of such a body: rows under ``key``, or an ``example`` of CSV."""
    row = {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}
    rows = {"type": "array", "items": row, "minItems": 1, "maxItems": MOST_ROWS}
    table = {"type": "object", "properties": {key: rows}, "required": [key]}
    return {
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": table},
                "text/csv": {"schema": {"type": "string"}, "example": example},
            },
        }
    }
