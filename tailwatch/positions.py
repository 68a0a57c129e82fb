"""The positions file: read whole, checked whole, and taken whole or not at all."""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from riskcore.errors import InputError
from tailwatch.tables import Row, RowFaults, read_table

REQUIRED = ("portfolio", "symbol", "quantity")
OPTIONAL = ("avg_price", "multiplier", "currency", "desk")
_SYMBOL = re.compile(r"[A-Za-z0-9._:/-]{1,129}", re.ASCII)
_NAME = re.compile(r"\w[\w .:&-]{0,63}")
_CURRENCY = re.compile(r"[A-Z][A-Z0-9]{2,9}", re.ASCII)
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?", re.ASCII)
_FORMULA = re.compile(r"[=@].*|[+-].*[A-Za-z(].*", re.DOTALL)
_LARGEST = 1e15


@dataclass(frozen=True, slots=True)
class Position:
    """What a portfolio holds of one instrument.

    ``quantity`` is signed, in contracts or shares; ``avg_price`` in the quote currency; ``multiplier`` in
    units of the underlying for a contract. A ``currency`` other than the base currency has no rate in this
    version: such a position is carried, and listed as uncovered.
    """

    portfolio: str
    symbol: str
    """As the file wrote it: the venue's own name, or the full key ``feed:symbol``."""
    quantity: float
    avg_price: float | None = None
    multiplier: float = 1.0
    currency: str = "USD"
    desk: str | None = None


def read_positions(path: Path, base_currency: str = "USD") -> list[Position]:
    """Read a book from CSV, JSON or YAML.

    Returns
    -------
    list of Position
        In the order of the file; a position without a currency is in ``base_currency``.

    Raises
    ------
    InputError
        The file cannot be read, has an unknown or missing column, no position, or faulty rows: the message
        lists the first ten of them by number and says how many there are. Nothing of a faulty
        file is returned.
    """
    table = read_table(path, "positions file", REQUIRED, OPTIONAL)
    faults = RowFaults(f"positions file {path}")
    positions = list(_checked(table, base_currency, faults))
    faults.raise_any()
    if not positions:
        raise InputError(f"positions file {path}: holds no position; give at least one row")
    return positions


def _checked(table: Iterable[Row], base_currency: str, faults: RowFaults) -> Iterable[Position]:
    seen: dict[tuple[str, str], str] = {}
    for row in table:
        try:
            position = _position(row, base_currency)
        except ValueError as error:
            faults.add(row.place, str(error))
            continue
        key = (position.portfolio, position.symbol)
        if key in seen:
            faults.add(row.place, f"portfolio {key[0]!r} already has a position in {key[1]!r}, in {seen[key]}")
            continue
        seen[key] = row.place
        yield position


def _position(row: Row, base_currency: str) -> Position:
    if row.fault:
        raise ValueError(row.fault)
    multiplier = _optional_number(row, "multiplier")
    if multiplier is not None and multiplier <= 0:
        raise ValueError(f"multiplier is {multiplier:g}; it must be greater than 0")
    average_price = _optional_number(row, "avg_price")
    if average_price is not None and average_price < 0:
        raise ValueError(f"avg_price is {average_price:g}; it must not be negative")
    return Position(
        portfolio=_text(row, "portfolio", _NAME, "a name"),
        symbol=_text(row, "symbol", _SYMBOL, "a symbol (letters, digits and . _ : / - only, at most 129)"),
        quantity=_number(row, "quantity"),
        avg_price=average_price,
        multiplier=1.0 if multiplier is None else multiplier,
        currency=_text(row, "currency", _CURRENCY, "a currency code such as USD or USDT")
        if row.has("currency")
        else base_currency,
        desk=_text(row, "desk", _NAME, "a name") if row.has("desk") else None,
    )


def _text(row: Row, column: str, pattern: re.Pattern[str], what: str) -> str:
    value = row.values.get(column)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{column} is {'missing' if value in (None, '') else repr(value)}; it must be {what}")
    if not pattern.fullmatch(value):
        kind = "a spreadsheet formula" if _FORMULA.fullmatch(value) else f"not {what}"
        raise ValueError(f"{column} {value[:80]!r} is {kind}")
    return value


def _optional_number(row: Row, column: str) -> float | None:
    return _number(row, column) if row.has(column) else None


def _number(row: Row, column: str) -> float:
    value = row.values.get(column)
    if value is None or value == "":
        raise ValueError(f"{column} is missing")
    number = _parsed(value, column)
    if not math.isfinite(number):
        raise ValueError(f"{column} is {value}; it must be a finite number")
    if abs(number) > _LARGEST:
        raise ValueError(f"{column} is {value}; it must not exceed {_LARGEST:g}")
    return number


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
