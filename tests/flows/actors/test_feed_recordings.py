"""The FeedActor on the real recordings, where they are."""

import gzip
import json
from heapq import merge

import pytest

from flows.actors.feed import FeedActor
from flows.messages import Accepted, Gap, Instant, Kind, Record, Refused
from flows.readers import read_files
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


@pytest.fixture(scope="module")
def captured_frames(recordings):
    """Return a function that reads a capture of cryptofeed as records."""

    def read(name: str) -> list[Record]:
        return list(read_files([recordings / "exchanges" / name]))

    return read


def test_matches_of_coinbase_are_accepted_after_the_last_match_of_each_product(captured_frames):
    records = captured_frames("COINBASE.ws.28.0.gz")
    names = ["YFI-BTC", "DASH-BTC", "NMR-EUR", "SKL-USD", "BAND-GBP", "NU-GBP", "CRV-EUR", "BAND-BTC", "SKL-GBP"]
    actor = FeedActor(Universe([*names, "SKL-BTC"]))
    accepted = [event for event in actor.on_batch(records).events if isinstance(event, Accepted)]
    total = actor.ledger.total()
    assert {record.adapter for record in records} == {"coinbase"}
    assert (total.received, total.accepted, total.missing) == (107, 107, 0)
    assert sum(event.is_history for event in accepted) == 10
    assert all(event.tick.event_time < event.stamp for event in accepted if event.is_history)


def test_a_match_taken_out_of_coinbase_is_declared(captured_frames):
    records = captured_frames("COINBASE.ws.28.0.gz")
    matches = [record for record in records if b'"type":"match"' in record.payload and b"SKL-USD" in record.payload]
    missing = matches[len(matches) // 2]
    actor = FeedActor(Universe(["SKL-USD"]))
    events = actor.on_batch([record for record in records if record is not missing]).events
    (gap,) = [event for event in events if isinstance(event, Gap)]
    assert gap[2:4] == ("coinbase:spot", "SKL-USD")
    assert gap.first == gap.last == json.loads(missing.payload)["trade_id"]


def test_quotes_of_coinbase_are_accepted_with_mid_prices(captured_frames):
    actor = FeedActor(Universe(["SKL-USD", "BAND-GBP"]), price="mid")
    actor.on_batch(captured_frames("COINBASE.ws.28.0.gz"))
    rows = {row.symbol: row.accepted for row in actor.ledger.rows() if row.symbol}
    assert rows["SKL-USD"] > 0
    assert rows["BAND-GBP"] > 0
    assert actor.ledger.is_balanced


def test_trades_of_kraken_before_its_second_version_are_read(captured_frames):
    records = captured_frames("KRAKEN.ws.48.0.gz")
    actor = FeedActor(Universe(["XMR/USD", "SC/EUR"]))
    ticks = [event.tick for event in actor.on_batch(records).events if isinstance(event, Accepted)]
    assert {record.adapter for record in records} == {"kraken:v1"}
    assert (ticks[0].symbol, ticks[0].price) == ("XMR/USD", 354.11)
    assert len(ticks) == actor.ledger.total().accepted >= 8
    assert 0.02 * SECOND < ticks[0].received - ticks[0].event_time < 0.05 * SECOND


@pytest.mark.parametrize(("name", "trades"), [("BINANCE", 2), ("BINANCE_US", 11)])
def test_aggregate_trades_of_binance_are_read(captured_frames, name, trades):
    actor = FeedActor(Universe([]))
    actor.on_batch(captured_frames(f"{name}.ws.1.0.gz"))
    assert actor.ledger.total().rejected == {"unknown_symbol": trades}
