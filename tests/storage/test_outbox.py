"""The outbox writes each event once, in order, whatever happens to the connection."""

import psycopg
import pytest

from storage.errors import WriterConflictError
from storage.outbox import OutboxStore
from storage.reads import Reads
from storage.rows import Last, OutboxRow


def risk(offset: int, ordinal: int = 0, portfolio: str = "main", payload: bytes = b'{"schema":1}') -> OutboxRow:
    return OutboxRow(portfolio, offset, "risk", ordinal, 1_790_000_000_123_456_789 + offset, payload)


def alert(offset: int, ordinal: int = 0, portfolio: str = "main") -> OutboxRow:
    return OutboxRow(portfolio, offset, "alert", ordinal, 1_790_000_000_123_456_789 + offset, b'{"rule":"var"}')


def stored(url: str) -> list[tuple[int, int, int, str]]:
    with psycopg.connect(url) as connection:
        return connection.execute("select id, journal_offset, ordinal, kind from outbox order by id").fetchall()


def test_an_empty_outbox_begins_before_everything(database_url: str) -> None:
    store = OutboxStore(database_url, "live")
    assert store.last() == Last(-1, -1, 0)
    store.close()


def test_ids_are_dense_and_go_on_after_a_restart(database_url: str) -> None:
    first = OutboxStore(database_url, "live")
    first.write([risk(5), alert(5, 1)])
    first.close()
    second = OutboxStore(database_url, "live")
    assert second.last() == Last(5, 1, 2)
    assert second.write([risk(9)]) == Last(9, 0, 3)
    second.close()
    assert stored(database_url) == [(1, 5, 0, "risk"), (2, 5, 1, "alert"), (3, 9, 0, "risk")]


def test_what_was_written_is_skipped_when_it_is_written_again(database_url: str) -> None:
    store = OutboxStore(database_url, "live")
    store.write([risk(5), risk(6)])
    assert store.write([risk(5), risk(6), risk(7)]) == Last(7, 0, 3)
    store.close()
    assert [row[:2] for row in stored(database_url)] == [(1, 5), (2, 6), (3, 7)]


def test_runs_count_for_themselves(database_url: str) -> None:
    live, replay = OutboxStore(database_url, "live"), OutboxStore(database_url, "replay-0123456789ab")
    live.write([risk(1), risk(2)])
    assert replay.write([risk(1)]) == Last(1, 0, 1)
    live.close()
    replay.close()


def test_a_second_writer_of_the_same_run_is_refused(database_url: str) -> None:
    first, second = OutboxStore(database_url, "live"), OutboxStore(database_url, "live")
    first.last()
    with pytest.raises(WriterConflictError, match="another program is the engine of run live"):
        second.last()
    first.close()
    second.close()


def test_events_out_of_order_are_refused(database_url: str) -> None:
    store = OutboxStore(database_url, "live")
    with pytest.raises(ValueError, match="out of order"):
        store.write([risk(6), risk(5)])
    store.close()


@pytest.mark.anyio
async def test_a_payload_comes_back_byte_for_byte(database_url: str) -> None:
    odd = b'{"b":1.0e6, "a" :"\\u00e9\xc3\xa9","b":2,"measures":[ {"var":1.10}],"market_value":-0.0}'
    store = OutboxStore(database_url, "live")
    store.write([risk(1, payload=odd)])
    store.close()
    async with Reads(database_url) as reads:
        latest = await reads.latest_risk("live", "main")
        (event,) = await reads.events_after("live", 0)
    assert latest is not None
    assert latest.payload == event.payload == odd
