"""What the venues tell of their past, number by frames or by name: each once, and none as a live tick."""

import json

import pytest

from flows.actors.feed import FeedActor
from flows.actors.risk import RiskActor
from flows.commands import Holding, Positions, encode_command
from flows.messages import Accepted, Command, Gap, Instant, Kind, Record, Refused
from flows.timestamps import format_timestamp
from flows.universe import Universe
from riskcore.settings import RiskSettings

NOW = 1_700_000_000_000_000_000
SECOND = 1_000_000_000


class Wire:
    """Frames as records, one a second."""

    def __init__(self, adapter: str) -> None:
        self._adapter, self._count = adapter, 0

    @property
    def now(self) -> int:
        return NOW + self._count * SECOND

    def record(self, kind: Kind, content: object = ()) -> Record:
        self._count += 1
        return Record(self._count, self.now, kind, self._adapter, "ws://venue", 0, json.dumps(content or {}).encode())

    def kraken(self, kind: str, *numbers: int, **fields: object) -> Record:
        trades = [
            {"symbol": "BTC/USD", "price": 10.0 + number, "trade_id": number, "timestamp": format_timestamp(NOW)}
            | fields
            for number in numbers
        ]
        return self.record(Kind.FRAME, {"channel": "trade", "type": kind, "data": trades})

    def advanced(self, number: int) -> Record:
        frame = {"channel": "heartbeats", "timestamp": format_timestamp(self.now), "sequence_num": number}
        return self.record(Kind.FRAME, frame)

    def alpaca(self, number: int, price: float, time: int) -> Record:
        trade = {"T": "t", "S": "AAPL", "i": number, "p": price, "s": 1, "t": format_timestamp(time)}
        return self.record(Kind.FRAME, [trade])


def _told(actor: FeedActor, *records: Record) -> list[object]:
    found = []
    for event in actor.on_batch(records).events:
        if isinstance(event, Accepted):
            found.append((event.tick.identifier, event.is_history))
        elif isinstance(event, Refused):
            found.append(event.reason)
        elif isinstance(event, Gap):
            found.append(event[2:])
    return found


def test_a_snapshot_that_reaches_back_to_what_was_seen_leaves_no_gap():
    actor, wire = FeedActor(Universe(["BTC/USD"])), Wire("kraken")
    assert _told(actor, wire.kraken("snapshot", 7, 8), wire.kraken("update", 9)) == [(7, True), (8, True), (9, False)]
    actor.on_batch([wire.record(Kind.DISCONNECTED), wire.record(Kind.CONNECTED)])
    told = _told(actor, wire.kraken("snapshot", 8, 9, 10, 11), wire.kraken("update", 12))
    assert told == ["repeated", "repeated", (10, True), (11, True), (12, False)]
    assert actor.ledger.is_balanced
    assert actor.ledger.total().missing == 0


def test_a_snapshot_that_does_not_reach_back_declares_the_hole_before_it():
    actor, wire = FeedActor(Universe(["BTC/USD"])), Wire("kraken")
    _told(actor, wire.kraken("update", 9))
    told = _told(actor, wire.record(Kind.CONNECTED), wire.kraken("snapshot", 20, 21))
    assert told == [("kraken:spot", "BTC/USD", 10, 19), (20, True), (21, True)]


def test_history_says_nothing_of_the_venues_clock():
    actor, wire = FeedActor(Universe(["BTC/USD"])), Wire("kraken")
    old = format_timestamp(NOW - 3600 * SECOND)
    actor.on_batch([wire.kraken("snapshot", number, timestamp=old) for number in range(1, 9)])
    assert actor.clock_offset("kraken:spot") == 0


def test_a_hole_in_the_numbers_of_frames_is_declared_and_a_new_connection_begins_anew():
    actor, wire = FeedActor(Universe(["BTC-USD"])), Wire("coinbase:advanced")
    assert _told(actor, *map(wire.advanced, (0, 1, 4))) == [("coinbase:advanced", "", 2, 3)]
    assert _told(actor, wire.record(Kind.CONNECTED), *map(wire.advanced, (0, 1, 2))) == []
    restored = FeedActor(Universe())
    restored.restore(actor.snapshot())
    assert _told(restored, wire.advanced(4)) == [("coinbase:advanced", "", 3, 3)]
    assert _told(restored, wire.record(Kind.CONNECTED), wire.advanced(0)) == []


def test_a_named_trade_is_repeated_only_at_its_own_time_and_in_conflict_at_another_price():
    actor, wire = FeedActor(Universe(["AAPL"])), Wire("alpaca")
    frames = [
        wire.alpaca(5, 100.0, NOW),
        wire.alpaca(7_000_000_000_000, 101.0, NOW),
        wire.alpaca(5, 100.0, NOW),
        wire.alpaca(5, 99.0, NOW),
        wire.alpaca(5, 102.0, NOW + 5),
        wire.alpaca(3, 103.0, NOW + 6),
    ]
    first = _told(actor, *frames[:3])
    restored = FeedActor(Universe())
    restored.restore(actor.snapshot())
    rest = _told(restored, *frames[3:])
    assert first == [(5, False), (7_000_000_000_000, False), "repeated"]
    assert rest == ["conflict", (5, False), (3, False)]
    assert restored.ledger.is_balanced


@pytest.mark.parametrize("history", [True, False])
def test_history_closes_no_bar_and_gives_a_price_from_the_start(history):
    wire = Wire("kraken")
    feed = FeedActor(Universe(["BTC/USD"]))
    risk = RiskActor(RiskSettings(bar=SECOND, lateness=0, paths=50, min_observations=2), publish=SECOND)
    risk.on_batch(feed.on_batch([]))
    book = encode_command(Positions((Holding("main", "BTC/USD", 1.0),)))
    old = [format_timestamp(NOW - number * 10 * SECOND) for number in range(9, 0, -1)]
    frames = [
        wire.kraken("snapshot" if history else "update", number, timestamp=time) for number, time in enumerate(old, 1)
    ]
    batch = feed.on_batch(frames)
    events = [Command(0, NOW, book), *batch.events, Instant(99, wire.now)]
    moments = risk.on_batch(batch._replace(events=events))
    snapshots = [snapshot for moment in moments for snapshot in moment.snapshots]
    assert any(snapshot.moment == "bar" for snapshot in snapshots) is not history
    assert risk.tally.late == (9 if history else 0)
    assert risk._tape.sampler.newest == [19.0]
