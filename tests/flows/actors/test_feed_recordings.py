"""The FeedActor on the real recordings, where they are."""

import gzip
from heapq import merge

import pytest

from flows.actors.feed import FeedActor
from flows.messages import Accepted, Gap, Instant, Kind, Record, Refused
from flows.universe import Universe

pytestmark = pytest.mark.recordings
SECOND = 1_000_000_000


@pytest.fixture(scope="module")
def recording(recordings):
    """Return a function that reads Binance recordings as records, merged by receive time."""
    folder = recordings / "binance"

    def lines(name: str):
        with gzip.open(folder / f"{name}usdt_20240808.gz") as file:
            for number, line in enumerate(file, 1):
                stamp, _, frame = line.rstrip(b"\n").partition(b" ")
                yield int(stamp), name, number, frame

    def read(*names: str) -> list[Record]:
        return [
            Record(offset, stamp, Kind.FRAME, "binance", name, number, frame)
            for offset, (stamp, name, number, frame) in enumerate(merge(*map(lines, names)))
        ]

    return read


def _rows(actor: FeedActor) -> dict[str, tuple[int, int]]:
    return {f"{row.feed}:{row.symbol}": (row.received, row.accepted) for row in actor.ledger.rows() if row.received}


def test_every_spot_trade_is_accepted_and_no_gap_is_seen(recording):
    actor = FeedActor(Universe(["BTCUSDT", "ETHUSDT"]))
    events = actor.on_batch(recording("spot_btc", "spot_eth")).events
    assert _rows(actor) == {"binance:spot:BTCUSDT": (9757, 9757), "binance:spot:ETHUSDT": (6106, 6106)}
    assert {type(event) for event in events} == {Accepted, Instant}
    assert [event.offset for event in events] == list(range(41_249 + 33_618))


def test_futures_and_spot_of_one_symbol_are_two_instruments(recording):
    actor = FeedActor(Universe(["binance:spot:BTCUSDT", "binance:usdm:BTCUSDT"]))
    actor.on_batch(recording("spot_btc", "usdm_btc"))
    assert _rows(actor) == {"binance:spot:BTCUSDT": (9757, 9757), "binance:usdm:BTCUSDT": (21_313, 21_313)}


def test_of_futures_that_nobody_holds_every_trade_is_unknown(recording):
    actor = FeedActor(Universe(["binance:spot:BTCUSDT"]))
    events = actor.on_batch(recording("usdm_eth")).events
    assert actor.ledger.total().rejected == {"unknown_symbol": 14_076}
    assert sum(isinstance(event, Refused) for event in events) == 14_076


@pytest.mark.parametrize("dropped", [range(5_000, 5_001), range(100, 103), range(9_000, 9_057)])
def test_a_line_taken_out_is_declared_as_exactly_that_gap(recording, dropped):
    records = recording("spot_btc")
    trades = [record for record in records if b'"e":"trade"' in record.payload]
    taken = {trades[number].offset for number in dropped}
    first = FeedActor(Universe(["BTCUSDT"])).on_batch([trades[dropped[0]]]).events[0].tick.identifier
    actor = FeedActor(Universe(["BTCUSDT"]))
    events = actor.on_batch([record for record in records if record.offset not in taken]).events
    gaps = [event for event in events if isinstance(event, Gap)]
    assert [gap[2:] for gap in gaps] == [("binance:spot", "BTCUSDT", first, first + len(dropped) - 1)]
    assert _rows(actor)["binance:spot:BTCUSDT"] == (9757 - len(dropped), 9757 - len(dropped))


def test_the_recorders_clock_is_found_to_run_behind(recording):
    actor = FeedActor(Universe(["BTCUSDT", "ETHUSDT"]))
    actor.on_batch(recording("spot_btc", "spot_eth"))
    assert 1.25 * SECOND < actor.clock_offset("binance:spot") < 1.30 * SECOND


def test_mid_quotes_are_accepted_with_times_that_fit_the_trades(recording):
    actor = FeedActor(Universe(["BTCUSDT"]), price="mid")
    events = actor.on_batch(recording("spot_btc")).events
    ticks = [event.tick for event in events if isinstance(event, Accepted)]
    assert len(ticks) == 28_040
    # The first quote comes before the first trade: nothing is known of the venue's clock yet.
    assert all(1.2 * SECOND < tick.event_time - tick.received < 1.35 * SECOND for tick in ticks[1:])


def test_state_taken_in_mid_stream_goes_on_to_the_same_events(recording):
    records = recording("usdm_btc")[:20_000]
    whole, first, second = (FeedActor(Universe(["BTCUSDT"])) for _ in range(3))
    expected = whole.on_batch(records).events
    first.on_batch(records[:7_777])
    second.restore(first.snapshot())
    tail = second.on_batch(records[7_777:]).events
    assert expected[-len(tail) :] == tail
    assert second.snapshot() == whole.snapshot()
