"""The API reads what was stored: in order, byte for byte, at a cost that does not grow with the history."""

import json
from datetime import UTC, datetime

import numpy as np
import psycopg
import pytest

from flows.messages import Accepted
from riskcore.errors import InputError
from riskcore.messages import Tick
from storage.archive import ArchiveStore
from storage.flavour import Flavour
from storage.migrate import schema_status
from storage.outbox import OutboxStore
from storage.reads import MAX_BUCKETS, Reads
from storage.rows import OutboxRow, PositionRow, TradeRow
from storage.runs import PartStore, RunStore

pytestmark = pytest.mark.anyio

SECOND = 10**9
START = 1_790_000_000 * SECOND
NOON = int(datetime(2026, 9, 21, 14, 3, tzinfo=UTC).timestamp()) * SECOND


def snapshot(offset: int, portfolio: str = "main", moment: int | None = None, ordinal: int = 0) -> OutboxRow:
    payload = {"schema": 1, "seq": offset, "market_value": offset + 0.5, "measures": [{"var": offset}]}
    when = START + offset * SECOND if moment is None else moment
    return OutboxRow(portfolio, offset, "risk", ordinal, when, json.dumps(payload).encode())


def alert(offset: int, portfolio: str = "main", ordinal: int = 1) -> OutboxRow:
    return OutboxRow(portfolio, offset, "alert", ordinal, START + offset * SECOND, b'{"rule" : "var"}')


def write(url: str, *rows: OutboxRow, positions: tuple[PositionRow, ...] = (), run: str = "live") -> None:
    store = OutboxStore(url, run)
    store.write(rows, positions)
    store.close()


async def test_an_empty_database_has_no_answers_and_no_errors(database_url: str) -> None:
    async with Reads(database_url) as reads:
        assert await reads.newest_run() is None
        assert await reads.run("live") is None
        assert await reads.portfolios("live") == []
        assert await reads.latest_risk("live", "main") is None
        assert await reads.events_after("live", 0) == []
        assert await reads.risk_history("live", "main", START, START + SECOND, 1) == []
        assert await reads.positions("live", "main") == []
        assert await reads.parts() == []
        assert (await reads.oldest_id("live"), await reads.newest_id("live")) == (0, 0)
        assert (await reads.archive_progress("live")).offset == -1


async def test_the_newest_run_is_the_one_registered_last(database_url: str) -> None:
    runs = RunStore(database_url)
    runs.register("live", "live", b'{"bar": "60s"}', "abc")
    runs.register("replay-0123456789ab", "replay", b"{}", "def")
    async with Reads(database_url) as reads:
        assert await reads.newest_run() == "replay-0123456789ab"
        runs.register("live", "live", b'{"bar":  "1s"}', "ghi")
        assert await reads.newest_run() == runs.newest() == "live"
        row = await reads.run("live")
    runs.close()
    assert row is not None
    assert (row.kind, row.settings, row.settings_hash) == ("live", b'{"bar":  "1s"}', "ghi")


async def test_each_portfolio_is_listed_with_its_last_snapshot(database_url: str) -> None:
    write(database_url, snapshot(1, "b"), snapshot(2, "a"), snapshot(3, "b"), alert(3, "c"))
    write(database_url, snapshot(9, "other"), run="replay-0123456789ab")
    async with Reads(database_url) as reads:
        listed = await reads.portfolios("live")
    assert [(row.portfolio, row.id, json.loads(row.payload)["seq"]) for row in listed] == [("a", 2, 2), ("b", 3, 3)]


async def test_the_latest_risk_is_the_newest_by_event_time_then_by_id(database_url: str) -> None:
    write(database_url, snapshot(1), snapshot(2, moment=START + SECOND))
    async with Reads(database_url) as reads:
        latest = await reads.latest_risk("live", "main")
    assert latest is not None
    assert (latest.id, json.loads(latest.payload)["seq"]) == (2, 2)


async def test_events_come_in_order_after_a_cursor_and_up_to_a_limit(database_url: str) -> None:
    write(database_url, snapshot(1), alert(1), snapshot(2), alert(2))
    async with Reads(database_url) as reads:
        events = await reads.events_after("live", 1, limit=2)
        assert [(event.id, event.kind) for event in events] == [(2, "alert"), (3, "risk")]
        assert events[0].payload == b'{"rule" : "var"}'
        assert await reads.events_after("live", 4) == []


async def test_events_are_chosen_by_portfolio_and_kind(database_url: str) -> None:
    write(database_url, snapshot(1, "a"), alert(1, "b"), snapshot(2, "b"), snapshot(3, "c"))
    async with Reads(database_url) as reads:
        assert [row.id for row in await reads.events_after("live", 0, portfolios=["b", "c"])] == [2, 3, 4]
        assert [row.id for row in await reads.events_after("live", 0, kinds=["risk"])] == [1, 3, 4]
        assert [row.id for row in await reads.events_after("live", 0, ["b"], ["alert"])] == [2]
        assert await reads.events_after("live", 0, portfolios=[]) == []


async def test_the_oldest_and_the_newest_event_are_known(database_url: str) -> None:
    write(database_url, snapshot(1), snapshot(2), snapshot(3))
    with psycopg.connect(database_url) as connection:
        connection.execute("delete from outbox where id = 1")
    async with Reads(database_url) as reads:
        assert (await reads.oldest_id("live"), await reads.newest_id("live")) == (2, 3)


async def test_history_gives_the_last_snapshot_of_each_bucket(database_url: str) -> None:
    write(database_url, *(snapshot(offset) for offset in (0, 3, 9, 10, 25)))
    async with Reads(database_url) as reads:
        series = await reads.risk_history("live", "main", START, START + 30 * SECOND, 10)
    assert [(row.bucket - START, row.event_time - START, row.market_value) for row in series] == [
        (0, 9 * SECOND, 9.5),
        (10 * SECOND, 10 * SECOND, 10.5),
        (20 * SECOND, 25 * SECOND, 25.5),
    ]
    assert series[0].measures == b'[{"var": 9}]'
    assert series[0].id == 3


@pytest.mark.parametrize("resolution_s", [1, 7, 60, 3_600])
async def test_history_is_what_the_database_itself_makes_of_buckets(database_url: str, resolution_s: int) -> None:
    draw = np.random.default_rng(resolution_s)
    moments = np.cumsum(draw.integers(0, 200 * SECOND, 300))
    write(database_url, *(snapshot(n, moment=START + int(moment)) for n, moment in enumerate(moments)))
    end = START + int(moments[250])
    bin_by = "time_bucket" if schema_status(database_url).flavour == Flavour.TIMESCALEDB else "date_bin"
    query = (
        f"select distinct on (1) nanoseconds({bin_by}(%s * interval '1 second', event_time, 'epoch'::timestamptz)), id"
        " from risk_snapshots where event_ns >= %s and event_ns < %s order by 1, event_time desc, id desc"
    )
    async with Reads(database_url) as reads:
        step = max(resolution_s, (end - START) // SECOND // MAX_BUCKETS + 1)
        series = await reads.risk_history("live", "main", START, end, step)
    with psycopg.connect(database_url) as connection:
        expected = connection.execute(query.encode(), [step, START, end]).fetchall()
    assert [(row.bucket, row.id) for row in series] == expected


async def test_history_ends_before_its_end_and_begins_at_its_start_to_the_nanosecond(database_url: str) -> None:
    write(database_url, snapshot(1, moment=START), snapshot(2, moment=START + 1), snapshot(3, moment=START + 3))
    async with Reads(database_url) as reads:
        series = await reads.risk_history("live", "main", START + 1, START + 3, 60)
    assert [row.event_time for row in series] == [START + 1]


async def test_the_first_moment_of_a_portfolio_is_known(database_url: str) -> None:
    write(database_url, snapshot(2), snapshot(3))
    async with Reads(database_url) as reads:
        assert await reads.first_moment("live", "main") == START + 2 * SECOND
        assert await reads.first_moment("live", "none") is None


async def test_a_history_that_is_too_fine_says_how_fine_it_may_be(database_url: str) -> None:
    async with Reads(database_url) as reads:
        end = START + 10 * MAX_BUCKETS * SECOND
        with pytest.raises(InputError, match=r"makes 50000 points, at most 5000 are given: take 11 s or more"):
            await reads.risk_history("live", "main", START, end, 1)
        assert await reads.risk_history("live", "main", START, end, 11) == []
        with pytest.raises(InputError, match="must lie after its start"):
            await reads.risk_history("live", "main", START, START, 1)


async def test_positions_are_replaced_portfolio_by_portfolio(database_url: str) -> None:
    btc = PositionRow("main", "binance:spot:BTCUSDT", 1.5, 60_000.0, 1.0, "USD", None, 0)
    eth = PositionRow("main", "binance:spot:ETHUSDT", -2.0, None, 1.0, "USD", "crypto", 0)
    other = PositionRow("hedge", "binance:spot:BTCUSDT", -1.0, None, 1.0, "USD", None, 0)
    write(database_url, positions=(eth, btc, other))
    write(database_url, positions=(btc._replace(quantity=2.0),))
    async with Reads(database_url) as reads:
        assert await reads.positions("live", "main") == [btc._replace(quantity=2.0)]
        assert await reads.positions("live", "hedge") == [other]


async def test_a_trade_is_stored_once(database_url: str) -> None:
    trade = TradeRow("t-1", "main", "binance:spot:BTCUSDT", 1.0, 60_000.0, START, 5)
    store = OutboxStore(database_url, "live")
    store.write([], trades=[trade])
    store.write([], trades=[trade])
    store.close()
    with psycopg.connect(database_url) as connection:
        assert connection.execute("select trade_id, event_ns from trades").fetchall() == [("t-1", START)]


async def test_parts_tell_their_last_sign_of_life(database_url: str) -> None:
    parts = PartStore(database_url)
    parts.beat("engine", "live", b'{"state": "warming"}')
    parts.beat("engine", "live", b'{"state":"ready"}')
    parts.beat("archive", None, b"{}")
    parts.close()
    async with Reads(database_url) as reads:
        archive, engine = await reads.parts()
    assert (archive.part, archive.run) == ("archive", None)
    assert (engine.part, engine.run, engine.state) == ("engine", "live", b'{"state":"ready"}')
    assert 0 <= engine.age_s < 60
    assert engine.beat > START


async def test_the_archives_progress_counts_since_the_run_began(database_url: str) -> None:
    archive = ArchiveStore(database_url, "live")
    for number in range(3):
        tick = Tick("f", "A", START + number, 1.0, identifier=number)
        archive.write([Accepted(number, 0, number, 0, tick)], [], [], number, b"state")
    archive.close()
    async with Reads(database_url) as reads:
        progress = await reads.archive_progress("live")
    assert (progress.offset, progress.ticks) == (2, 3)


async def test_as_of_a_moment_is_what_had_been_published_by_then(database_url: str) -> None:
    def told(offset: int, event_s: int, published_s: float) -> OutboxRow:
        seconds, rest = divmod(round(published_s * 10**9), SECOND)
        when = f"2026-09-21T14:03:{seconds:02d}.{rest:09d}Z"
        return snapshot(offset, moment=NOON + event_s * SECOND)._replace(
            payload=json.dumps({"seq": offset, "published_at": when}).encode()
        )

    write(database_url, told(0, 1, 1.5), told(1, 3, 3.25), told(2, 2, 4.0), told(3, 5, 5.000000999))
    known = {0.0: None, 1.4: None, 1.5: 0, 3.2: 0, 3.25: 1, 4.5: 1, 5.0: 1, 5.000001: 3, 59.0: 3}
    async with Reads(database_url) as reads:
        for second, seq in known.items():
            found = await reads.risk_as_of("live", "main", NOON + round(second * SECOND))
            assert (None if found is None else json.loads(found.payload)["seq"]) == seq, second
        assert await reads.risk_as_of("live", "other", NOON + 59 * SECOND) is None
        assert await reads.risk_as_of("replay-1", "main", NOON + 59 * SECOND) is None


async def test_a_replay_published_nothing_at_any_moment(database_url: str) -> None:
    write(database_url, snapshot(1), run="replay-1")
    async with Reads(database_url) as reads:
        assert await reads.risk_as_of("replay-1", "main", START + 100 * SECOND) is None
