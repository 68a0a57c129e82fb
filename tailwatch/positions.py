"""The positions file: read whole, checked whole, and taken whole or not at all."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from riskcore.errors import InputError
from tailwatch.cells import NAME, number, optional_number, text
from tailwatch.tables import Row, RowFaults, read_table

REQUIRED = ("portfolio", "symbol", "quantity")
OPTIONAL = ("avg_price", "multiplier", "currency", "desk")
_SYMBOL = re.compile(r"[A-Za-z0-9._:/-]{1,129}", re.ASCII)
_CURRENCY = re.compile(r"[A-Z][A-Z0-9]{2,9}", re.ASCII)


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
    multiplier = optional_number(row, "multiplier")
    if multiplier is not None and multiplier <= 0:
        raise ValueError(f"multiplier is {multiplier:g}; it must be greater than 0")
    average_price = optional_number(row, "avg_price")
    if average_price is not None and average_price < 0:
        raise ValueError(f"avg_price is {average_price:g}; it must not be negative")
    return Position(
        portfolio=text(row, "portfolio", NAME, "a name"),
        symbol=text(row, "symbol", _SYMBOL, "a symbol (letters, digits and . _ : / - only, at most 129)"),
        quantity=number(row, "quantity"),
        avg_price=average_price,
        multiplier=1.0 if multiplier is None else multiplier,
        currency=text(row, "currency", _CURRENCY, "a currency code such as USD or USDT")
        if row.has("currency")
        else base_currency,
        desk=text(row, "desk", NAME, "a name") if row.has("desk") else None,
    )
