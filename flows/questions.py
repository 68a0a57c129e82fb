"""Questions: what is asked of the engine and changes nothing. They are answered as of a journal record, not in it."""

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

import msgspec


class Candidate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A trade that might be done: a signed quantity."""

    symbol: str
    quantity: float


class WhatIf(msgspec.Struct, frozen=True, tag_field="question", tag="what_if"):
    """Risk of a portfolio with these trades, against without."""

    portfolio: str
    trades: tuple[Candidate, ...]


AnyQuestion = WhatIf
_decoder: msgspec.json.Decoder[AnyQuestion] = msgspec.json.Decoder(AnyQuestion)


class Question(NamedTuple):
    """A question under the id by which it is answered."""

    asked: str
    content: AnyQuestion


def told_question(payload: bytes, asked: str) -> Question:
    """Read a question as it was told; ``msgspec.MsgspecError`` where it is none."""
    return Question(asked, _decoder.decode(payload))


class Inbox:
    """Questions on their way to the flow: each waits until the flow has read what was durable when it came.

    So a question that follows an answered trade is answered with it, and an engine that is catching up after a restart
    does not answer from the past.
    """

    def __init__(self, durable: Callable[[], int]) -> None:
        self._durable = durable
        self._waiting: deque[tuple[int, Question]] = deque()

    def put(self, question: Question) -> None:
        """Add a question; safe from any thread."""
        self._waiting.append((self._durable(), question))

    def is_due(self, offset: int) -> bool:
        """Whether a question can be answered by who has read all records before ``offset``."""
        return bool(self._waiting) and self._waiting[0][0] <= offset

    def take(self, offset: int) -> tuple[Question, ...]:
        """Take out the questions that can be answered by who has read all records before ``offset``."""
        questions = []
        while self.is_due(offset):
            questions.append(self._waiting.popleft()[1])
        return tuple(questions)
