"""What would be: risk with trades that are not done, against without."""

from typing import Any

from flows.actors.answers.symbols import number_of
from flows.actors.books import Books
from flows.actors.portfolio import Portfolio, duration_text
from flows.questions import WhatIf
from flows.universe import Universe
from riskcore.messages import Measure

MOST_COMPONENTS = 20
"""Positions of an answer: those whose part moves most."""
_NO_PRICE = float("nan")
_ZERO = (0.0, 0.0, 0.0)


def what_if(portfolio: Portfolio, content: WhatIf, books: Books, universe: Universe) -> dict[str, Any]:
    """Measures and components before and after; ``InputError`` for a symbol that is not watched."""
    as_is, as_if, terms = portfolio.copy(), portfolio.copy(), books.terms.copy()
    for row, trade in enumerate(content.trades):
        number = number_of(universe, trade.symbol, f"trades.{row}.symbol")
        new = books.new(number, portfolio.book.name, trade.symbol)
        as_if.trade(number, new, trade.quantity, _NO_PRICE, terms)
    return {
        "horizon": duration_text(portfolio.settings.horizon),
        "market_value_before": as_is.book.market_value,
        "market_value_after": as_if.book.market_value,
        "measures": [_change(*both) for both in zip(as_is.book.measures(), as_if.book.measures(), strict=True)],
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
    before, after = as_is.shares(), as_if.shares()
    rows = []
    for number, held in as_if.holdings.items():
        (_, var_before, es_before), (_, var_after, es_after) = before.get(number, _ZERO), after.get(number, _ZERO)
        row = {
            "symbol": held.symbol,
            "quantity_before": float(as_is.book.quantities[number]),
            "quantity_after": float(as_if.book.quantities[number]),
            "component_var_before": var_before,
            "component_var_after": var_after,
            "component_es_before": es_before,
            "component_es_after": es_after,
        }
        rows.append((-abs(var_after - var_before), number, row))
    return [row for *_, row in sorted(rows, key=lambda one: one[:2])[:MOST_COMPONENTS]]
