"""Answers to questions, from copies of the books: nothing that is asked leaves a trace in a figure."""

from typing import Any

import msgspec

from flows.actors.books import Books
from flows.actors.portfolio import Portfolio, duration_text
from flows.questions import AnyQuestion, Question, WhatIf
from flows.timestamps import format_timestamp
from flows.universe import Universe
from riskcore.errors import InputError
from riskcore.messages import Measure
from storage.rows import AnswerRow

MOST_COMPONENTS = 20
"""Positions of an answer: those whose part moves most."""
_encode = msgspec.json.Encoder().encode


class Answers:
    """What one shard has to say to questions.

    The shard that has the portfolio answers; to a question on a portfolio that there is not the first one does.
    """

    def __init__(self, books: Books, universe: Universe, shard: int) -> None:
        self._books, self._universe, self._shard = books, universe, shard

    def to(self, question: Question, offset: int, event_time: int) -> AnswerRow | None:
        """The answer as of a journal record and a moment of the market; None where another shard has it."""
        asked, content = question
        portfolio = self._books.portfolios.get(content.portfolio)
        if portfolio is None:
            return None if self._shard or self._books.knows(content.portfolio) else _unknown(asked, content.portfolio)
        try:
            found = self._found(portfolio, content)
        except InputError as error:
            return AnswerRow(asked, 422, _encode({"detail": str(error)}))
        base = portfolio.settings.base_currency
        head = {"schema": 1, "portfolio": content.portfolio, "event_time": format_timestamp(event_time)}
        head |= {"journal_offset": offset, "base_currency": base}
        return AnswerRow(asked, 200, _encode(head | found))

    def _found(self, portfolio: Portfolio, content: AnyQuestion) -> dict[str, Any]:
        return self._what_if(portfolio, content)

    def _what_if(self, portfolio: Portfolio, content: WhatIf) -> dict[str, Any]:
        as_is, as_if, terms = portfolio.copy(), portfolio.copy(), self._books.terms.copy()
        for row, trade in enumerate(content.trades):
            number = self._universe.find(trade.symbol)
            if number is None:
                advice = "name it with --symbols at the engine's start"
                raise InputError(f"trades.{row}.symbol: {trade.symbol!r} is neither held nor watched; {advice}")
            new = self._books.new(number, portfolio.book.name, trade.symbol)
            as_if.trade(number, new, trade.quantity, _NO_PRICE, terms)
        return {
            "horizon": duration_text(portfolio.settings.horizon),
            "market_value_before": as_is.book.market_value,
            "market_value_after": as_if.book.market_value,
            "measures": [_change(*both) for both in zip(as_is.book.measures(), as_if.book.measures(), strict=True)],
            "components": _moved(as_is, as_if),
            "uncovered": as_if.uncovered(),
        }


_NO_PRICE = float("nan")


def _unknown(asked: str, portfolio: str) -> AnswerRow:
    detail = f"there is no portfolio {portfolio!r}; /api/v1/portfolios lists them"
    return AnswerRow(asked, 404, _encode({"detail": detail}))


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


_ZERO = (0.0, 0.0, 0.0)
