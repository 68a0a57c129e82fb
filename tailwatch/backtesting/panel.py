"""Puts a book of positions and a history of prices side by side."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from files.positions import Position
from riskcore.errors import InputError
from tailwatch.history import History


@dataclass(frozen=True, slots=True)
class Panel:
    """The history of what is held, and what each portfolio holds of it."""

    dates: tuple[datetime.date, ...]
    symbols: tuple[str, ...]
    prices: NDArray[np.float64]
    """Shape (T, N), base currency at the rates of each day, NaN = none."""
    quantities: dict[str, NDArray[np.float64]]
    """Of each portfolio, shape (N,), multipliers included."""
    uncovered: tuple[tuple[str, str, str], ...]
    """(portfolio, symbol, reason) of positions that no figure contains."""

    def first_row(self, start: datetime.date | None) -> int | None:
        """The row of the first day at or after this date, None for None; InputError when there is none."""
        if start is None:
            return None
        row = next((row for row, date in enumerate(self.dates) if date >= start), None)
        if row is None:
            raise InputError(f"the history ends on {self.dates[-1]}, before {start} (from --from)")
        return row

    def last_row(self, end: datetime.date | None) -> int | None:
        """The row of the last day before this date, None for None; InputError when there is none."""
        if end is None:
            return None
        row = sum(date < end for date in self.dates) - 1
        if row < 0:
            raise InputError(f"the history begins on {self.dates[0]}, not before {end} (from --to)")
        return row


def join(history: History, positions: Sequence[Position], base_currency: str) -> Panel:
    """Find each position's prices: the column of its own name, or else the only one of the same venue symbol.

    Those in another currency are converted at each day's rate, the first column that is called like one (``EURUSD``,
    ``USD-EUR``). A day without the rate is a day without the price.

    Raises
    ------
    InputError
        A portfolio has not one position with prices; the message says why not.
    """
    rates = _rates(history, {one.currency for one in positions}, base_currency)
    columns = _columns(history.symbols, positions)
    places, reasons = [], []
    for position, column in zip(positions, columns, strict=True):
        unrated = position.currency not in rates
        places.append(None if column is None or unrated else (column, position.currency))
        rate = f"the history has no rate from {position.currency} to {base_currency}"
        reasons.append(rate if unrated else "the history has no column of this name" if column is None else "")
    held = sorted({place for place in places if place is not None})
    quantities = {one.portfolio: np.zeros(len(held)) for one in positions}
    for position, place in zip(positions, places, strict=True):
        if place is not None:
            quantities[position.portfolio][held.index(place)] += position.quantity * position.multiplier
    uncovered = tuple(
        (one.portfolio, one.symbol, reason) for one, reason in zip(positions, reasons, strict=True) if reason
    )
    _refuse_uncovered(quantities, uncovered)
    prices = np.column_stack([history.prices[:, column] * rates[currency] for column, currency in held])
    return Panel(history.dates, tuple(history.symbols[column] for column, _ in held), prices, quantities, uncovered)


def _rates(history: History, currencies: set[str], base_currency: str) -> dict[str, NDArray[np.float64]]:
    from flows.actors.rates import rate_names

    rates = {base_currency: np.ones(len(history.prices))}
    names = [_name(symbol) for symbol in history.symbols]
    for currency in currencies - {base_currency}:
        for name, inverse in reversed(rate_names(currency, base_currency)):
            if name in names:
                quotes = history.prices[:, names.index(name)]
                rates[currency] = 1.0 / quotes if inverse else quotes
    return rates


def _columns(symbols: Sequence[str], positions: Sequence[Position]) -> list[int | None]:
    exact: dict[str, int | None] = {symbol: number for number, symbol in enumerate(symbols)}
    by_name: dict[str, list[int]] = {}
    for number, symbol in enumerate(symbols):
        by_name.setdefault(_name(symbol), []).append(number)
    return [exact.get(one.symbol, _only(one.symbol, symbols, by_name.get(_name(one.symbol), []))) for one in positions]


def _name(symbol: str) -> str:
    return symbol.rpartition(":")[2]


def _only(symbol: str, symbols: Sequence[str], near: Sequence[int]) -> int | None:
    # Two full keys of different venues are different instruments, whatever their names.
    if len(near) != 1 or (":" in symbol and ":" in symbols[near[0]]):
        return None
    return near[0]


def _refuse_uncovered(quantities: dict[str, NDArray[np.float64]], uncovered: Sequence[tuple[str, str, str]]) -> None:
    for portfolio, held in quantities.items():
        missing = [f"{symbol}: {reason}" for name, symbol, reason in uncovered if name == portfolio]
        if missing and not held.any():
            raise InputError(f"portfolio {portfolio!r}: no position has prices ({'; '.join(missing[:5])})")
