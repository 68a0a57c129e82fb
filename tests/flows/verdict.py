"""The verdict of every test of a feed's faults: each tick has one fate, and no number is missing in silence."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from flows.actors.feed import FeedActor
from flows.actors.ledger import settled
from flows.actors.risk import RiskActor
from flows.commands import Holding, Positions, encode_command
from flows.messages import Accepted, Command, Event, Gap, Moment, Record, Refused
from flows.universe import Universe
from riskcore.messages import RiskSnapshot
from riskcore.settings import NANOSECONDS, RiskSettings

SETTINGS = RiskSettings(bar=NANOSECONDS, paths=50, window=50, min_observations=5, lateness=NANOSECONDS)


@dataclass(frozen=True)
class Verdict:
    """What became of the records, after :func:`judge` found the ledger right."""

    events: list[Event]
    snapshots: list[RiskSnapshot]
    accepted: list[tuple[object, ...]]
    duplicate: dict[str, int]
    rejected: dict[str, int]
    late: int
    suspect: int
    gaps: list[tuple[int, int]]

    @property
    def closes(self) -> list[tuple[str, tuple[float | None, ...]]]:
        """The end of each bar and the prices as of it."""
        bars = (snapshot for snapshot in self.snapshots if snapshot.moment == "bar")
        return [(bar.event_time, tuple(position.price for position in bar.positions)) for bar in bars]


def judge(records: Sequence[Record], symbols: Iterable[str]) -> Verdict:
    """Run decoder and model over ``records`` and hold the ledger to them.

    received = accepted + duplicate + late + the sum of rejected; every number from the first to the last that the
    feed gave was read or lies in a declared gap.
    """
    names = list(symbols)
    feed, risk = FeedActor(Universe(names)), RiskActor(SETTINGS)
    batch = feed.on_batch(records)
    book = encode_command(Positions(tuple(Holding("main", name, 1.0) for name in names)))
    told = [Command(-1, records[0].stamp, book), *batch.events]
    moments = [one for one in risk.on_batch(batch._replace(events=told)) if isinstance(one, Moment)]
    accepted = [event for event in batch.events if isinstance(event, Accepted)]
    refused = [event for event in batch.events if isinstance(event, Refused)]
    total = settled(feed.ledger.total(), risk.tally.late, risk.tally.suspect)
    assert feed.ledger.is_balanced
    assert total.received == total.accepted + total.duplicate + total.late + sum(total.rejected.values())
    assert total.received == len(accepted) + len(refused)
    gaps = [(event.first, event.last) for event in batch.events if isinstance(event, Gap)]
    _assert_nothing_missing_in_silence(accepted, refused, gaps)
    duplicate: dict[str, int] = {}
    for one in refused:
        if one.fate == "duplicate":
            duplicate[one.reason] = duplicate.get(one.reason, 0) + 1
    return Verdict(
        batch.events,
        [snapshot for moment in moments for snapshot in moment.snapshots],
        [event.tick[1:4] + event.tick[6:7] for event in accepted],
        duplicate,
        feed.ledger.total().rejected,
        risk.tally.late,
        risk.tally.suspect,
        gaps,
    )


def _assert_nothing_missing_in_silence(
    accepted: Sequence[Accepted], refused: Sequence[Refused], gaps: Sequence[tuple[int, int]]
) -> None:
    seen = {event.tick.identifier for event in (*accepted, *refused) if event.tick is not None}
    numbers = {number for number in seen if number is not None}
    declared = {number for first, last in gaps for number in range(first, last + 1)}
    assert set(range(min(numbers), max(numbers) + 1)) <= numbers | declared
