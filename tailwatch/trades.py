"""The file of trades that change the book during a replay: read whole, checked whole, taken whole or not at all."""

import re
from collections.abc import Iterable
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING

from files.cells import NAME, number, optional_number, text
from files.tables import Row, RowFaults, read_table
from riskcore.errors import InputError

if TYPE_CHECKING:
    from flows.commands import Positions, Trade

REQUIRED = ("time",)
OPTIONAL = ("portfolio", "symbol", "quantity", "price", "trade_id", "corrects", "cancels")
_SYMBOL = re.compile(r"[A-Za-z0-9._:/-]{1,129}", re.ASCII)


def read_trades(path: Path, book: "Positions") -> "tuple[Trade, ...]":
    """Read trades on ``book`` from CSV, NDJSON, JSON or YAML, in the order of their times.

    Raises
    ------
    InputError
        As :func:`~files.positions.read_positions`; also where the engine would refuse a trade.
    """
    faults = RowFaults(f"trades file {path}")
    found = list(_parsed(read_table(path, "trades file", REQUIRED, OPTIONAL), faults))
    faults.raise_any()
    if not found:
        raise InputError(f"trades file {path}: holds no trade; give at least one row")
    found.sort(key=lambda pair: pair[1].event_time or 0)
    _book(found, {held.portfolio for held in book.positions}, faults)
    faults.raise_any()
    return tuple(trade for _, trade in found)


def _book(found: "list[tuple[str, Trade]]", portfolios: set[str], faults: RowFaults) -> None:
    """Book them one by one, as the engine will."""
    from flows.actors.blotter import Blotter

    blotter = Blotter()
    blotter.portfolios = portfolios
    for place, trade in found:
        draft = blotter.draft((trade,), 0, 0, lambda _symbol: nan)
        for fault in draft.errors:
            faults.add(place, fault.removeprefix("trades.0."))
        if not draft.faults:
            blotter.book(draft)


def _parsed(rows: Iterable[Row], faults: RowFaults) -> "Iterable[tuple[str, Trade]]":
    for row in rows:
        try:
            yield row.place, _trade(row)
        except (ValueError, InputError) as error:
            faults.add(row.place, str(error))


def _trade(row: Row) -> "Trade":
    from flows.commands import Trade
    from flows.timestamps import parse_timestamp

    if row.fault:
        raise ValueError(row.fault)
    if not row.has("time"):
        raise ValueError("time is missing")
    when = parse_timestamp(time if isinstance(time := row.values["time"], int) else str(time))
    name = text(row, "trade_id", NAME, "a name") if row.has("trade_id") else row.place
    if row.has("cancels"):
        return Trade(name, event_time=when, cancels=text(row, "cancels", NAME, "the name of a trade"))
    return Trade(
        name,
        text(row, "portfolio", NAME, "a name"),
        text(row, "symbol", _SYMBOL, "a symbol (letters, digits and . _ : / - only, at most 129)"),
        number(row, "quantity"),
        optional_number(row, "price"),
        when,
        corrects=text(row, "corrects", NAME, "the name of a trade") if row.has("corrects") else None,
    )
