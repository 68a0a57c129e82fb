"""The history file: daily prices of many instruments, from CSV (also packed with gzip) or Parquet."""

import csv
import datetime
import io
import math
from collections.abc import Container, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from files.tables import RowFaults, read_text
from riskcore.errors import InputError

_TITLE = "history file"


@dataclass(frozen=True, slots=True)
class History:
    """Daily prices, oldest first."""

    dates: tuple[datetime.date, ...]
    symbols: tuple[str, ...]
    """The names of the columns: venue symbols or full keys."""
    prices: NDArray[np.float64]
    """Shape (n_dates, n_symbols), quote currency; NaN where the file has no price."""


def read_history(path: Path, negative: Container[str] = ()) -> History:
    """Read daily prices: a ``date`` column (or ``Date``), and a column of prices for each symbol.

    CSV may be packed with gzip. An empty cell (null in Parquet) is a day without a price. Dates are ISO 8601
    and strictly ascending. The symbols in ``negative`` can have prices of 0 and below.

    Raises
    ------
    InputError
        The file is unreadable, has no ``date`` column or no symbol, or holds bad dates or prices (not
        a number, NaN, infinite, zero or negative): the first ten are
        listed by row and column, with their number.
    """
    name = f"{_TITLE} {path}"
    columns, rows = _parquet(path, name) if path.suffix.lower() in (".parquet", ".pq") else _csv(path, name)
    at = _date_column(columns, name)
    symbols = tuple(column for number, column in enumerate(columns) if number != at)
    prices = np.full((len(rows), len(symbols)), np.nan)
    dates: list[datetime.date] = []
    faults = RowFaults(name)
    for number, (place, cells) in enumerate(rows):
        try:
            _check_width(cells, columns)
            dates.append(_next_date(cells[at], dates))
            prices[number] = _prices([*cells[:at], *cells[at + 1 :]], symbols, negative)
        except ValueError as error:
            faults.add(place, str(error))
    faults.raise_any()
    if len(dates) < 2:
        raise InputError(f"{name}: holds {len(dates)} days; a return needs at least two")
    return History(tuple(dates), symbols, prices)


def _date_column(columns: list[str], name: str) -> int:
    found = next((at for at, column in enumerate(columns) if column.lower() == "date"), None)
    if found is None:
        raise InputError(f"{name}: column 'date' is missing; the columns are {', '.join(columns[:5])[:200]} ...")
    if len(columns) < 2:
        raise InputError(f"{name}: has no column of prices; name one column for each symbol")
    repeated = next((column for column in columns if columns.count(column) > 1 or not column), None)
    if repeated is not None:
        raise InputError(f"{name}: column {repeated!r} is {'there twice' if repeated else 'without a name'}")
    return found


def _csv(path: Path, name: str) -> tuple[list[str], list[tuple[str, Sequence[Any]]]]:
    reader = csv.reader(io.StringIO(read_text(path, _TITLE), newline=""), strict=True)
    rows: list[tuple[str, Sequence[Any]]] = []
    try:
        columns = [cell.strip() for cell in next(reader)]
        rows.extend((f"row {reader.line_num}", cells) for cells in reader if any(cell.strip() for cell in cells))
    except csv.Error as error:
        raise InputError(f"{name}: row {reader.line_num}: not CSV: {error}") from None
    return columns, rows


def _parquet(path: Path, name: str) -> tuple[list[str], list[tuple[str, Sequence[Any]]]]:
    from pyarrow import ArrowException, parquet

    try:
        table = parquet.read_table(path)
    except FileNotFoundError:
        raise InputError(f"{name}: there is no such file") from None
    except (OSError, ArrowException) as error:
        raise InputError(f"{name}: not Parquet: {str(error).splitlines()[0]}") from None
    cells = zip(*(column.to_pylist() for column in table.columns), strict=True)
    return list(table.column_names), [(f"row {number}", row) for number, row in enumerate(cells, start=1)]


def _check_width(cells: Sequence[Any], columns: Sequence[str]) -> None:
    if len(cells) != len(columns):
        raise ValueError(f"has {len(cells)} cells, the header {len(columns)}")


def _next_date(cell: Any, earlier: list[datetime.date]) -> datetime.date:
    date = _date(cell)
    if earlier and date <= earlier[-1]:
        raise ValueError(f"date {date} does not come after {earlier[-1]}")
    return date


def _date(cell: Any) -> datetime.date:
    if isinstance(cell, datetime.datetime):
        return cell.date()
    if isinstance(cell, datetime.date):
        return cell
    try:
        return datetime.datetime.fromisoformat(str(cell).strip()).date()
    except ValueError:
        raise ValueError(f"date {str(cell)[:40]!r} is not like 2024-08-08") from None


def _prices(cells: Sequence[Any], symbols: Sequence[str], negative: Container[str]) -> list[float]:
    return [_price(cell, symbol, negative) for cell, symbol in zip(cells, symbols, strict=True)]


def _price(cell: Any, symbol: str, negative: Container[str]) -> float:
    if cell is None or (isinstance(cell, str) and not cell.strip()):
        return math.nan
    try:
        price = float(cell)
    except (TypeError, ValueError):
        raise ValueError(f"{symbol}: {str(cell)[:40]!r} is not a price") from None
    if not (math.isfinite(price) and (price > 0 or symbol in negative)):
        raise ValueError(f"{symbol}: price {price:g} is not a positive, finite number")
    return price
