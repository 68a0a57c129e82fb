"""The positions file: read whole, checked whole, and taken whole or not at all."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import structlog

from files.cells import CURRENCY, NAME, SYMBOL, number, optional_number, text
from files.instruments import Instrument, of_symbol
from files.tables import Row, RowFaults, read_table
from riskcore.errors import InputError
from riskcore.messages import kind_of

REQUIRED = ("portfolio", "symbol", "quantity")
OPTIONAL = ("avg_price", "multiplier", "currency", "desk")

_log = structlog.get_logger(__name__)
_QUOTED_IN = re.compile(r"[A-Za-z0-9.][-/]([A-Z]{3,5})$", re.ASCII)
_Value = TypeVar("_Value", float, str)


@dataclass(frozen=True, slots=True)
class Position:
    """What a portfolio holds of one instrument.

    ``quantity`` is signed, in contracts or shares; ``avg_price`` in the quote currency; ``multiplier`` in
    units of the underlying for a contract.
    """

    portfolio: str
    symbol: str
    """As the file wrote it: the venue's own name, or the full key ``feed:symbol``."""
    quantity: float
    avg_price: float | None = None
    multiplier: float = 1.0
    currency: str = "USD"
    desk: str | None = None


def read_positions(
    path: Path, base_currency: str = "USD", instruments: Mapping[str, Instrument] | None = None
) -> list[Position]:
    """Read a book from CSV, JSON or YAML.

    ``instruments`` is the master: it says multiplier and currency where the file does not, and both must agree.

    Returns
    -------
    list of Position
        In the order of the file; a position without a currency is in ``base_currency``, with a warning where its
        symbol ends in another (``DASH-BTC``).

    Raises
    ------
    InputError
        The file cannot be read, has an unknown or missing column, no position, or faulty rows: the message
        lists the first ten of them by number and says how many there are. Nothing of a faulty
        file is returned.
    """
    table = read_table(path, "positions file", REQUIRED, OPTIONAL)
    return checked_positions(table, f"positions file {path}", base_currency, instruments)


def checked_positions(
    table: Iterable[Row],
    title: str,
    base_currency: str = "USD",
    instruments: Mapping[str, Instrument] | None = None,
) -> list[Position]:
    """Check the rows of a book, as :func:`read_positions` does; ``title`` says whose they are.

    Raises
    ------
    FaultyRowsError, InputError
    """
    faults = RowFaults(title)
    positions = list(_checked(table, base_currency, instruments or {}, faults))
    faults.raise_any()
    if not positions:
        raise InputError(f"{title}: holds no position; give at least one row")
    return positions


def _checked(
    table: Iterable[Row], base_currency: str, instruments: Mapping[str, Instrument], faults: RowFaults
) -> Iterable[Position]:
    seen: dict[tuple[str, str], str] = {}
    doubtful: dict[str, None] = {}
    desks: dict[str, str] = {}
    for row in table:
        try:
            position = _position(row, base_currency, instruments)
        except ValueError as error:
            faults.add(row.place, str(error))
            continue
        key = (position.portfolio, position.symbol)
        if key in seen:
            faults.add(row.place, f"portfolio {key[0]!r} already has a position in {key[1]!r}, in {seen[key]}")
            continue
        seen[key] = row.place
        desk = desks.setdefault(position.portfolio, position.desk) if position.desk else None
        if desk != position.desk:
            faults.add(row.place, f"portfolio {key[0]!r} is of desk {desk!r} already; a portfolio has one desk")
            continue
        quoted = _QUOTED_IN.search(position.symbol)
        if quoted and quoted[1] != position.currency and not row.has("currency"):
            doubtful[position.symbol] = None
        yield position
    if doubtful:
        _log.warning(
            f"prices are taken to be in {base_currency}; say in the column currency if they are not",
            symbols=", ".join(doubtful),
        )


def _portfolio(row: Row) -> str:
    name = text(row, "portfolio", NAME, "a name")
    if kind_of(name) != "portfolio":
        raise ValueError(f"portfolio {name!r} is the name of a sum of portfolios; call it otherwise")
    return name


def _position(row: Row, base_currency: str, instruments: Mapping[str, Instrument]) -> Position:
    if row.fault:
        raise ValueError(row.fault)
    multiplier = optional_number(row, "multiplier")
    if multiplier is not None and multiplier <= 0:
        raise ValueError(f"multiplier is {multiplier:g}; it must be greater than 0")
    symbol = text(row, "symbol", SYMBOL, "a symbol (letters, digits and . _ : / - only, at most 129)")
    currency = text(row, "currency", CURRENCY, "a currency code such as USD or USDT") if row.has("currency") else None
    known = of_symbol(instruments, symbol)
    if known is not None:
        multiplier = _agreed("multiplier", multiplier, known.multiplier)
        currency = _agreed("currency", currency, known.currency)
    average_price = optional_number(row, "avg_price")
    if average_price is not None and average_price < 0 and not (known and known.negative):
        raise ValueError(f"avg_price is {average_price:g}; it must not be negative")
    return Position(
        portfolio=_portfolio(row),
        symbol=symbol,
        quantity=number(row, "quantity"),
        avg_price=average_price,
        multiplier=1.0 if multiplier is None else multiplier,
        currency=currency or base_currency,
        desk=text(row, "desk", NAME, "a name") if row.has("desk") else None,
    )


def _agreed(column: str, stated: _Value | None, known: _Value | None) -> _Value | None:
    if stated is not None and known is not None and stated != known:
        raise ValueError(f"{column} is {stated} here and {known} in the instruments file; mend the wrong one")
    return known if stated is None else stated
