"""The local clock is set by an hour while the engine runs (row F17): nothing is refused, stale or told for it."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from flows.actors.alert import AlertActor
from flows.actors.feed import FeedActor
from flows.actors.risk import RiskActor
from flows.commands import Holding, Limits, Positions, encode_command
from flows.journal import JournalReader, JournalWriter
from flows.messages import Kind, Moment, Record, Refused
from flows.universe import Universe
from riskcore.limits import Limit
from riskcore.messages import Alert
from riskcore.settings import NANOSECONDS, RiskSettings

SECOND, HOUR = NANOSECONDS, 3_600 * NANOSECONDS
START = 1_700_000_000 * SECOND
SECONDS, PER_SECOND = 30, 20
SETTINGS = RiskSettings(bar=SECOND, paths=50, min_observations=3, stale_after=3, lateness=SECOND // 10)
BOOK = Positions((Holding("main", "A", 3.0), Holding("main", "B", -1.0)))
LIMITS = Limits(
    tuple(Limit("main", rule, warning=level) for rule, level in (("silence", 3), ("gaps", 1), ("stale", 1)))
)


class Clocks:
    """The true time, which nobody sets, and the machine's, which somebody does."""

    def __init__(self) -> None:
        self.true, self.step = START, 0

    def wall(self) -> int:
        return self.true + self.step

    def steady(self) -> int:
        return self.true


@dataclass
class Outcome:
    """What the actors made of a journal."""

    refused: list[Refused] = field(default_factory=list)
    bars: list[Any] = field(default_factory=list)
    between: int = 0
    stamps: list[int] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)
    late: int = 0


def journal_of(directory: Path, steps: dict[int, int]) -> list[Record]:
    """Ticks of a venue whose clock is right; at these seconds the machine's is set to differ by so much."""
    clocks = Clocks()
    writer = JournalWriter(directory, clock=clocks.wall, steady=clocks.steady, silence_s=3_600.0)
    for command in (BOOK, LIMITS):
        writer.append(Kind.COMMAND, encode_command(command))
    for number in range(SECONDS * PER_SECOND):
        clocks.true = START + number * SECOND // PER_SECOND
        clocks.step = steps.get(number // PER_SECOND, clocks.step)
        tick = {
            "ts": clocks.true,
            "symbol": "AB"[number % 2],
            "price": 100 + number * 7919 % 31 / 50,
            "seq": number + 1,
        }
        writer.append(Kind.FRAME, json.dumps(tick).encode(), adapter="tailwatch", origin="test", stamp=clocks.wall())
    writer.close()
    reader = JournalReader(directory)
    records = list[Record]()
    while run := reader.read(1_000):
        records += run
    reader.close()
    return records


def outcome_of(records: list[Record]) -> Outcome:
    feed, risk = FeedActor(Universe(["A", "B"])), RiskActor(SETTINGS, publish=SECOND // 4)
    alerts, found = AlertActor(), Outcome()
    batch = feed.on_batch(records)
    found.refused = [event for event in batch.events if isinstance(event, Refused)]
    found.stamps = [record.stamp for record in records]
    for moment in risk.on_batch(batch):
        if isinstance(moment, Moment):
            found.alerts += [alert for told in alerts.on_message(moment) for alert in told.alerts]  # type: ignore[union-attr]
            bars = [snapshot for snapshot in moment.snapshots if snapshot.moment == "bar"]
            found.bars += [(bar.event_time, bar.market_value, bar.measures, bar.quality.stale) for bar in bars]
            found.between += len(moment.snapshots) - len(bars)
    found.late = risk.tally.late
    return found


@pytest.mark.parametrize(
    "steps",
    [{10: HOUR}, {10: -HOUR}, {10: HOUR, 20: 0}, {10: -HOUR, 20: 0}, {5: -HOUR, 10: HOUR, 15: -HOUR, 20: 0}],
    ids=["forwards", "back", "forwards and right again", "back and right again", "to and fro"],
)
def test_f17_a_clock_that_is_set_by_an_hour_changes_no_figure_and_alarms_nobody(
    tmp_path: Path, steps: dict[int, int]
) -> None:
    quiet, found = outcome_of(journal_of(tmp_path / "quiet", {})), outcome_of(journal_of(tmp_path / "set", steps))
    assert len(quiet.bars) == SECONDS - 1
    assert (found.refused, found.late, found.alerts) == ([], 0, [])
    assert found.bars == quiet.bars
    assert found.stamps == sorted(found.stamps)
    assert found.between >= 0.9 * quiet.between
