"""What a cell of a small table may hold. A fault is a ValueError that names the column."""

import math
import re

from files.tables import Row

NAME = re.compile(r"\w[\w .:&-]{0,63}")
SYMBOL = re.compile(r"[A-Za-z0-9._:/-]{1,129}", re.ASCII)
CURRENCY = re.compile(r"[A-Z][A-Z0-9]{2,9}", re.ASCII)
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?", re.ASCII)
_FORMULA = re.compile(r"[=@].*|[+-].*[A-Za-z(].*", re.DOTALL)
_BOOLEANS = dict.fromkeys(("yes", "true", "1"), True) | dict.fromkeys(("no", "false", "0"), False)
_LARGEST = 1e15


def text(row: Row, column: str, pattern: re.Pattern[str], what: str) -> str:
    """The text of a cell that must be there and fit ``pattern``; ``what`` says what it should be."""
    value = row.values.get(column)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{column} is {'missing' if value in (None, '') else repr(value)}; it must be {what}")
    if not pattern.fullmatch(value):
        kind = "a spreadsheet formula" if _FORMULA.fullmatch(value) else f"not {what}"
        raise ValueError(f"{column} {value[:80]!r} is {kind}")
    return value


def boolean(row: Row, column: str) -> bool:
    """Whether a cell says yes."""
    said = str(row.values.get(column)).lower()
    if said not in _BOOLEANS:
        raise ValueError(f"{column} is {said[:40]!r}; write yes or no")
    return _BOOLEANS[said]


def optional_number(row: Row, column: str) -> float | None:
    """The number in a cell, None where it is empty."""
    return number(row, column) if row.has(column) else None


def number(row: Row, column: str) -> float:
    """The number in a cell that must be there."""
    value = row.values.get(column)
    if value is None or value == "":
        raise ValueError(f"{column} is missing")
    parsed = _parsed(value, column)
    if not math.isfinite(parsed):
        raise ValueError(f"{column} is {value}; it must be a finite number")
    if abs(parsed) > _LARGEST:
        raise ValueError(f"{column} is {value}; it must not exceed {_LARGEST:g}")
    return parsed


def _parsed(value: object, column: str) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value) if abs(value) < math.inf and abs(value) <= 10**300 else math.inf
    if not isinstance(value, str):
        raise ValueError(f"{column} is {value!r}; it must be a number")  # noqa: TRY004 - a fault of the row
    if value.lower().lstrip("+-") in ("nan", "inf", "infinity"):
        return math.nan
    if not _NUMBER.fullmatch(value):
        kind = "a spreadsheet formula" if _FORMULA.fullmatch(value) else "not a number"
        raise ValueError(f"{column} {value[:80]!r} is {kind}")
    return float(value)
