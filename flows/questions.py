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


class Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Instruments that are shocked alike."""

    symbols: tuple[str, ...]
    shock: float


class Episode(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """So many bars of the past, the last of which closed ``ago`` bars ago."""

    bars: int
    ago: int = 0


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Returns by which prices move: the most particular one counts; or an episode of the past once more.

    With ``propagate`` what is not shocked follows by the conditional mean.
    """

    name: str
    everything: float | None = None
    groups: tuple[Group, ...] = ()
    instruments: dict[str, float] = msgspec.field(default_factory=dict)
    propagate: bool = False
    episode: Episode | None = None


class Stress(msgspec.Struct, frozen=True, tag_field="question", tag="stress"):
    """P&L of a portfolio by position in each of these scenarios."""

    portfolio: str
    scenarios: tuple[Scenario, ...]
    strict: bool = False
    """Refuse a scenario that does not fit, where otherwise it gets no number and a reason."""


class CovarianceOf(msgspec.Struct, frozen=True, tag_field="question", tag="covariance"):
    """Covariance of some instruments; of all where none is named."""

    symbols: tuple[str, ...] = ()


class Linear(msgspec.Struct, frozen=True, tag_field="question", tag="linear"):
    """What a portfolio is exposed to, and how that moves together."""

    portfolio: str


AnyQuestion = WhatIf | Stress | CovarianceOf | Linear
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
