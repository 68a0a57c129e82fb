"""A book as somebody else states it, against the book that is held."""

from collections.abc import Sequence
from hashlib import sha256
from math import isclose
from typing import Any

import msgspec

from api.models.reconciliation import PositionDifference
from files.positions import Position
from files.tables import Row, RowFaults
from storage.rows import PositionRow

_PRICES_AGREE = 1e-9
"""Relative: averages are quotients of sums, which two books round in another order."""


class Comparison:
    """What two books say of the portfolios that the stated one names.

    A symbol is the one of the book that is held where it is called so there, or where only one of that portfolio ends
    in it: ``BTCUSDT`` for ``binance:spot:BTCUSDT``, and the other way round.

    Raises
    ------
    FaultyRowsError
        Rows of the stated book that cannot be compared: of a portfolio that there is not, in another currency, with
        another multiplier, or two that mean one position.
    """

    def __init__(
        self, stated: Sequence[tuple[Row, Position]], held: Sequence[PositionRow], portfolios: set[str]
    ) -> None:
        self._held = {(row.portfolio, row.symbol): row for row in held}
        self.as_of = max((row.journal_offset for row in held), default=-1)
        faults, pairs = RowFaults("the stated book"), dict[tuple[str, str], Position]()
        for row, position in stated:
            fault = None if position.portfolio in portfolios else f"there is no portfolio {position.portfolio!r}"
            key = position.portfolio, self._symbol(position)
            if key in pairs:
                fault = f"{position.symbol!r} and {pairs[key].symbol!r} are one position of {position.portfolio!r}"
            fault = fault or _contradiction(row, position, self._held.get(key))
            if fault is not None:
                faults.add(row.place, fault)
            pairs.setdefault(key, position)
        faults.raise_any()
        keys = sorted({*pairs, *(key for key, row in self._held.items() if row.quantity)})
        found = [_difference(key, self._held.get(key), pairs.get(key)) for key in keys]
        self.compared = len(keys)
        self.differences = [one for one in found if one is not None]

    def trades(self) -> list[dict[str, Any]]:
        """The trades that make the held book the stated one, at the newest prices: no P&L comes of them.

        Their ids are functions of both books, so who asks twice books once.
        """
        return [
            {
                "trade_id": self._name(one),
                "portfolio": one.portfolio,
                "symbol": one.symbol,
                "quantity": one.difference,
            }
            for one in self.differences
            if one.difference
        ]

    def _name(self, one: PositionDifference) -> str:
        said = (one.portfolio, one.symbol, one.held, one.stated, self.as_of)
        return f"reconcile-{sha256(msgspec.json.encode(said)).hexdigest()[:24]}"

    def _symbol(self, position: Position) -> str:
        portfolio, symbol = position.portfolio, position.symbol
        if (portfolio, symbol) in self._held:
            return symbol
        alike = [
            other
            for name, other in self._held
            if name == portfolio and (other.endswith(f":{symbol}") or symbol.endswith(f":{other}"))
        ]
        return alike[0] if len(alike) == 1 else symbol


def _contradiction(row: Row, position: Position, held: PositionRow | None) -> str | None:
    if held is None:
        return None
    if row.has("currency") and position.currency != held.currency:
        return f"{position.symbol!r} is in {position.currency} here and in {held.currency} in the book"
    if row.has("multiplier") and position.multiplier != held.multiplier:
        said = f"{position.multiplier:g} here and {held.multiplier:g} in the book"
        return f"{position.symbol!r} has a multiplier of {said}"
    return None


def _difference(key: tuple[str, str], held: PositionRow | None, stated: Position | None) -> PositionDifference | None:
    quantity, target = (0.0 if one is None else one.quantity for one in (held, stated))
    price = None if held is None else held.average_price
    claimed = None if stated is None else stated.avg_price
    alike = claimed is None or not target or (price is not None and isclose(price, claimed, rel_tol=_PRICES_AGREE))
    if quantity == target and alike:
        return None
    return PositionDifference(
        portfolio=key[0],
        symbol=key[1],
        held=quantity,
        stated=target,
        difference=target - quantity,
        held_average_price=price if quantity else None,
        stated_average_price=claimed,
    )
