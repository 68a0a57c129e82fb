"""What would be: risk with trades that are not done, against without."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from flows.actors.answers.symbols import number_of
from flows.actors.books import Books
from flows.actors.portfolio import Portfolio, duration_text
from flows.questions import WhatIf
from flows.universe import Universe
from riskcore.messages import Measure

MOST_COMPONENTS = 20
"""Positions of an answer: those whose part moves most."""
_NO_PRICE = float("nan")


def what_if(portfolio: Portfolio, content: WhatIf, books: Books, universe: Universe) -> dict[str, Any]:
    """Measures and components before and after; ``InputError`` for a symbol that is not watched."""
    as_is, terms = portfolio.copy(), books.terms.copy()
    before = as_is.book.measures()
    as_if = as_is.copy()
    for row, trade in enumerate(content.trades):
        number = number_of(universe, trade.symbol, f"trades.{row}.symbol")
        new = books.new(number, portfolio.book.name, trade.symbol)
        as_if.trade(number, new, trade.quantity, _NO_PRICE, terms)
    return {
        "horizon": duration_text(portfolio.settings.horizon),
        "market_value_before": as_is.book.market_value,
        "market_value_after": as_if.book.market_value,
        "measures": [_change(*both) for both in zip(before, as_if.book.measures(), strict=True)],
        "components": _moved(as_is, as_if),
        "uncovered": as_if.uncovered(),
    }


def _change(before: Measure, after: Measure) -> dict[str, Any]:
    return {
        "method": after.method,
        "confidence": after.confidence,
        "var_before": before.var,
        "var_after": after.var,
        "incremental_var": _difference(before.var, after.var),
        "es_before": before.es,
        "es_after": after.es,
        "incremental_es": _difference(before.es, after.es),
        "reason": after.reason or before.reason,
    }


def _difference(before: float | None, after: float | None) -> float | None:
    return None if before is None or after is None else after - before


def _moved(as_is: Portfolio, as_if: Portfolio) -> list[dict[str, Any]]:
    before, after = _shares(as_is), _shares(as_if)
    numbers = np.fromiter(as_if.holdings, np.intp, len(as_if.holdings))
    moves = np.abs(after[0] - before[0])[numbers]
    return [
        {
            "symbol": as_if.holdings[number].symbol,
            "quantity_before": float(as_is.book.quantities[number]),
            "quantity_after": float(as_if.book.quantities[number]),
            "component_var_before": before[0].item(number),
            "component_var_after": after[0].item(number),
            "component_es_before": before[1].item(number),
            "component_es_after": after[1].item(number),
        }
        for number in numbers[np.lexsort((numbers, -moves))][:MOST_COMPONENTS].tolist()
    ]


def _shares(portfolio: Portfolio) -> NDArray[np.float64]:
    """Component VaR and ES of each instrument, shape (2, N); 0 where it is not covered."""
    shares, parts = np.zeros((2, len(portfolio.book.quantities))), portfolio.components()
    if parts is not None:
        own = ~parts.of_rate
        shares[:, parts.instruments[own]] = parts.component_var[own], parts.component_es[own]
    return shares
