"""A small seeded market as journal events, for the actors behind the decoder."""

import numpy as np
import pytest

from flows.commands import Holding, Positions, encode_command
from flows.messages import Accepted, Command, End, FeedBatch, Instant
from riskcore.messages import Tick
from riskcore.settings import NANOSECONDS, RiskSettings

SYMBOLS = ("A", "B", "C")
BOOK = Positions(
    (
        Holding("alpha", "A", 10.0),
        Holding("alpha", "B", -4.0),
        Holding("beta", "B", 3.0),
        Holding("beta", "C", 7.0, multiplier=2.0),
        Holding("gamma", "C", -1.0),
    )
)


@pytest.fixture
def settings():
    """One-second bars, few paths, figures after five of them."""
    return RiskSettings(bar=NANOSECONDS, paths=500, window=50, half_life=10, min_observations=5, lateness=0)


@pytest.fixture
def market():
    """Return a function that makes the events of ``seconds`` of trading, ten ticks a second, every stamp 5 ms late."""

    def make(seconds=20, seed=1, book=BOOK, end=True):
        draw = np.random.default_rng(seed)
        prices = np.array([100.0, 50.0, 20.0])
        events = [Command(0, 1, encode_command(book))]
        for step in range(seconds * 10):
            at = 1_000 * NANOSECONDS + step * NANOSECONDS // 10
            number = int(draw.integers(3))
            prices[number] *= 1 + draw.normal(0, 0.001)
            tick = Tick("sim", SYMBOLS[number], at, float(prices[number]))
            events.append(Accepted(len(events), 0, at + 5_000_000, number, tick))
            events.append(Instant(len(events), at + 6_000_000))
        if end:
            events.append(End(len(events), events[-1].stamp))
        return events

    return make


@pytest.fixture
def batches():
    """Return a function that cuts events into batches, the last of them asking for a checkpoint if told."""

    def cut(events, size=17, state=None):
        parts = [events[at : at + size] for at in range(0, len(events), size)]
        made = [FeedBatch(part[-1].offset, part[-1].stamp, part) for part in parts]
        return [*made[:-1], made[-1]._replace(state=state)]

    return cut
