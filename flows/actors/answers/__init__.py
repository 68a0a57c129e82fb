"""Answers to questions, from copies of the books: nothing that is asked leaves a trace in a figure."""

from collections.abc import Callable
from typing import Any

import msgspec

from flows.actors.answers.covariance import covariance
from flows.actors.answers.linear import linear
from flows.actors.answers.stress import stress
from flows.actors.answers.what_if import what_if
from flows.actors.books import Books
from flows.actors.portfolio import Portfolio
from flows.questions import AnyQuestion, CovarianceOf, Linear, Question, WhatIf
from flows.timestamps import format_timestamp
from flows.universe import Universe
from riskcore.errors import InputError
from riskcore.model import MarketModel
from storage.rows import AnswerRow

_encode = msgspec.json.Encoder().encode


class Answers:
    """What one shard has to say to questions.

    The shard that has the portfolio answers; to a question on a portfolio that there is not, or on none, the first one
    does.
    """

    def __init__(self, books: Books, universe: Universe, shard: int, model: Callable[[], MarketModel]) -> None:
        self._books, self._universe, self._shard, self._model = books, universe, shard, model

    def to(self, question: Question, offset: int, event_time: int) -> AnswerRow | None:
        """The answer as of a journal record and a moment of the market; None where another shard has it."""
        asked, content = question
        if not self._is_mine(content):
            return None
        try:
            found = self._found(content)
        except InputError as error:
            return AnswerRow(asked, 422, _encode({"detail": str(error)}))
        if found is None:
            return AnswerRow(asked, 404, _encode({"detail": _no_such(content)}))
        head = {"schema": 1, "event_time": format_timestamp(event_time), "journal_offset": offset}
        return AnswerRow(asked, 200, _encode(head | found))

    def _is_mine(self, content: AnyQuestion) -> bool:
        if isinstance(content, CovarianceOf):
            return self._shard == 0
        known = self._books.knows(content.portfolio)
        return content.portfolio in self._books.portfolios or (self._shard == 0 and not known)

    def _found(self, content: AnyQuestion) -> dict[str, Any] | None:
        if isinstance(content, CovarianceOf):
            return covariance(content, self._model(), self._universe)
        portfolio: Portfolio | None = self._books.portfolios.get(content.portfolio)
        if portfolio is None:
            return None
        head = {"portfolio": content.portfolio, "base_currency": portfolio.settings.base_currency}
        if isinstance(content, WhatIf):
            return head | what_if(portfolio, content, self._books, self._universe)
        if isinstance(content, Linear):
            return head | linear(portfolio.copy())
        return head | stress(portfolio, content, self._universe)


def _no_such(content: AnyQuestion) -> str:
    return f"there is no portfolio {getattr(content, 'portfolio', '')!r}; /api/v1/portfolios lists them"
