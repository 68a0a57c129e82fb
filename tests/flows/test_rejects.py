"""A venue that changes its messages is told within ten seconds; a market that is wild is not (row D12)."""

import json
from itertools import count

import pytest

from flows.actors.feed import FeedActor
from flows.commands import Holding, Positions, encode_command
from flows.messages import Kind, Record
from flows.rejects import Rejects
from flows.universe import Universe

NOW = 1_700_000_000_000_000_000


class Feed:
    """A feed of 50 ticks a second, some of them in another form."""

    def __init__(self) -> None:
        self._actor, self._rejects, self._number = FeedActor(Universe()), Rejects(), count(1)
        book = encode_command(Positions((Holding("main", "A", 1.0),)))
        self._actor.on_batch([Record(0, NOW, Kind.COMMAND, "", "", 0, book)])

    def second(self, wrong: int = 0, **changes: object) -> str | None:
        for at in range(50):
            number = next(self._number)
            tick = {"ts": NOW, "symbol": "A", "price": 100.0, "seq": number} | (changes if at < wrong else {})
            told = {name: value for name, value in tick.items() if value is not None}
            frame = json.dumps(told).encode()
            self._actor.on_batch([Record(number, NOW, Kind.FRAME, "tailwatch", "ws://a", 0, frame)])
        return self._rejects.look(self._actor.ledger.rows())


@pytest.fixture
def feed() -> Feed:
    feed = Feed()
    assert [feed.second() for _ in range(12)] == [None] * 12
    return feed


def test_new_fields_are_no_fault(feed: Feed) -> None:
    assert [feed.second(50, venue_flags=["x"], nested={"price": 1}) for _ in range(12)] == [None] * 12


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"price": None, "last_price": 100.0}, "missing_field"),
        ({"price": "one hundred"}, "wrong_type"),
        ({"price": {"value": 100.0}}, "wrong_type"),
        ({"ts": "yesterday"}, "bad_time"),
    ],
)
def test_a_field_that_is_missing_renamed_or_of_another_type_is_told_at_once(
    feed: Feed, changes: dict[str, object], reason: str
) -> None:
    told = feed.second(50, **changes)
    assert told is not None
    assert told.endswith(f"% of what tailwatch told lately is refused, most of it as {reason}")


def test_one_in_fifty_is_told_within_ten_seconds_and_forgotten_ten_later(feed: Feed) -> None:
    told = [feed.second(1, price="?") for _ in range(10)]
    assert told[-1] == "2 % of what tailwatch told lately is refused, most of it as wrong_type"
    assert [feed.second() for _ in range(11)][-1] is None


def test_a_few_in_many_and_symbols_that_nobody_holds_are_no_fault(feed: Feed) -> None:
    for second in range(20):
        assert feed.second(second % 5 == 0, price="?") is None
        assert feed.second(50, symbol="OTHER") is None
