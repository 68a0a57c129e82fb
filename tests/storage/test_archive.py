"""The archive holds every tick once, exactly, and knows how far it has come."""

from collections.abc import Callable
from itertools import product

import psycopg
import pytest

from flows.messages import Accepted, Gap, Refused
from riskcore.messages import Tick
from storage.archive import ArchiveStore
from storage.copying import PAYLOAD_LIMIT, tick_line
from storage.errors import DatabaseError, WriterConflictError
from storage.flavour import Flavour
from storage.migrate import schema_status
from storage.rows import Progress, Written
from storage.verify import stored_lines

MOMENT = 1_790_000_000_123_456_789


def tick(
    number: int, identifier: int | None = None, symbol: str = "BTCUSDT", price: float = 100.0, **rest: float
) -> Accepted:
    """A tick whose place, time and identifier follow from `number`."""
    name = number if identifier is None else identifier
    message = Tick("binance:spot", symbol, MOMENT + number, price, 0.1, "buy", name, **rest)  # type: ignore[arg-type]
    return Accepted(number, 0, MOMENT + 10 * number, 0, message)


def unnamed(number: int, ordinal: int = 0) -> Accepted:
    return Accepted(number, ordinal, MOMENT, 0, Tick("tailwatch", "A", MOMENT, 1.5))


def refused(number: int, payload: bytes = b"{}", origin: str = "binance", message: Tick | None = None) -> Refused:
    return Refused(number, 0, MOMENT, "rejected", "malformed", origin, 7, message, payload)


@pytest.fixture
def archive(database_url: str) -> ArchiveStore:
    store = ArchiveStore(database_url, "live")
    yield store
    store.close()


@pytest.fixture
def select(database_url: str) -> Callable[[str], list[tuple[object, ...]]]:
    def run(query: str) -> list[tuple[object, ...]]:
        with psycopg.connect(database_url) as connection:
            return connection.execute(query.encode()).fetchall()

    return run


def test_an_empty_archive_begins_before_the_first_record(archive: ArchiveStore) -> None:
    assert archive.progress() == Progress(-1, None, 0, 0)


def test_rows_and_progress_and_state_are_stored_together(archive: ArchiveStore) -> None:
    gap = Gap(3, MOMENT, "binance:spot", "BTCUSDT", 11, 14)
    assert archive.write([tick(1), tick(2)], [refused(3)], [gap], 3, b"\x00state") == Written(2, 1, 1)
    assert archive.progress() == Progress(3, b"\x00state", 2, 1)


def test_a_batch_written_again_adds_nothing(archive: ArchiveStore) -> None:
    batch = ([tick(1), tick(2), unnamed(3), unnamed(3, 1)], [refused(4)], [Gap(4, MOMENT, "f", "", 1, 1)], 4)
    assert archive.write(*batch) == Written(4, 1, 1)
    assert archive.write(*batch) == Written(0, 0, 0)
    assert archive.progress() == Progress(4, None, 4, 1)


def test_what_is_new_among_what_is_there_is_stored(
    archive: ArchiveStore, select: Callable[[str], list[tuple[object, ...]]]
) -> None:
    archive.write([tick(1), tick(3)], [], [], 3)
    assert archive.write([tick(2), tick(3), tick(3), tick(4)], [], [], 4) == Written(2, 0, 0)
    assert select("select identifier, run, late from ticks order by 1") == [(n, "live", None) for n in (1, 2, 3, 4)]


def test_a_tick_is_stored_with_what_it_has_and_nothing_for_what_it_has_not(
    archive: ArchiveStore, database_url: str
) -> None:
    some = {
        "size": (None, 0.0, 1e-9), "bid": (None, -1.5), "ask": (None, 1e300), "side": (None, "sell"),
        "identifier": (None, 0, 2**62), "received": (None, 1),
    }  # fmt: skip
    ticks = [
        Accepted(n, 2, MOMENT, 0, Tick("für", "A\t1", MOMENT + n * 1000, 1.0, **dict(zip(some, values, strict=True))))
        for n, values in enumerate(product(*some.values()))
    ]
    archive.write(ticks, [], [], 200)
    stored = stored_lines(database_url, "live", "ticks", 200)
    assert [_numbers(line) for line in stored] == [_numbers(tick_line(one)[:-1].split("\t")) for one in ticks]


def _numbers(fields: list[str]) -> list[object]:
    return [*fields[:3], *(field if field == r"\N" else float(field) for field in fields[3:7]), *fields[7:]]


def test_ticks_without_an_identifier_are_told_apart_by_their_place(
    archive: ArchiveStore, select: Callable[[str], list[tuple[object, ...]]]
) -> None:
    archive.write([unnamed(3), unnamed(3, 1), unnamed(4)], [], [], 4)
    assert select("select identifier, journal_offset, ordinal from ticks order by 2, 3") == [
        (None, 3, 0), (None, 3, 1), (None, 4, 0)
    ]  # fmt: skip


def test_the_moment_of_a_tick_is_kept_to_the_nanosecond(
    archive: ArchiveStore, select: Callable[[str], list[tuple[object, ...]]]
) -> None:
    archive.write([tick(1)], [], [], 1)
    assert select("select event_ns, nanoseconds(time), received_ns from ticks") == [
        (MOMENT + 1, (MOMENT + 1) // 1000 * 1000, MOMENT + 10)
    ]


@pytest.mark.parametrize("price", [0.1 + 0.2, 5e-324, 1.7976931348623157e308, 60_000.010000000002])
def test_a_price_is_kept_bit_for_bit(
    archive: ArchiveStore, select: Callable[[str], list[tuple[object, ...]]], price: float
) -> None:
    archive.write([tick(1, price=price)], [], [], 1)
    assert select("select price from ticks") == [(price,)]


@pytest.mark.parametrize("price", [float("nan"), float("inf"), float("-inf")])
def test_the_table_itself_refuses_a_price_that_is_none(archive: ArchiveStore, price: float) -> None:
    with pytest.raises(DatabaseError, match="ticks_price_check"):
        archive.write([tick(1, price=price)], [], [], 1)
    assert archive.progress().offset == -1


@pytest.mark.parametrize("price", [0.0, -37.63])
def test_a_price_of_nothing_or_less_is_stored(
    archive: ArchiveStore, select: Callable[[str], list[tuple[object, ...]]], price: float
) -> None:
    archive.write([tick(1, price=price)], [], [], 1)
    assert select("select price from ticks") == [(price,)]


def test_text_that_cannot_be_stored_does_not_stop_the_archive(
    archive: ArchiveStore, select: Callable[[str], list[tuple[object, ...]]]
) -> None:
    odd = Tick("binance:spot", "A\0\t\\\n\udc80Ü", MOMENT, 1.0)
    frame = b"\x00\xff\\N\t\n"
    assert archive.write([], [refused(1, frame, "we\0ird", odd)], [], 1).refused == 1
    assert select("select origin, symbol, payload, payload_size, reason, line from quarantine") == [
        ("we\ufffdird", "A\ufffd\t\\\n?Ü", frame, 6, "malformed", 7)
    ]


def test_a_refused_frame_is_kept_up_to_a_limit(
    archive: ArchiveStore, select: Callable[[str], list[tuple[object, ...]]]
) -> None:
    archive.write([], [refused(1, b"x" * (PAYLOAD_LIMIT + 1))], [], 1)
    assert select("select length(payload), payload_size from quarantine") == [(PAYLOAD_LIMIT, PAYLOAD_LIMIT + 1)]


def test_a_second_archive_of_the_same_run_is_refused(archive: ArchiveStore, database_url: str) -> None:
    archive.progress()
    second = ArchiveStore(database_url, "live")
    with pytest.raises(WriterConflictError, match="another program is the archive of run live"):
        second.progress()
    second.close()


def test_bars_are_the_minutes_of_the_ticks_in_their_order(
    archive: ArchiveStore, select: Callable[[str], list[tuple[object, ...]]], database_url: str
) -> None:
    minute = 1_790_000_040 * 10**9
    prices = {minute + 59_999_999_999: 4.0, minute: 2.0, minute + 60_000_000_000: 9.0, minute + 1: 1.0}
    rows = [
        Accepted(n, 0, n, 0, Tick("binance:spot", "BTCUSDT", moment, price, 0.5, "sell", n))
        for n, (moment, price) in enumerate(prices.items())
    ]
    same_moment = Accepted(9, 0, 9, 0, Tick("binance:spot", "BTCUSDT", minute + 59_999_999_999, 3.0, None, "buy", 9))
    archive.write([*rows, same_moment], [], [], 9)
    query = "select run, feed, symbol, nanoseconds(time), open, high, low, close, volume, count from bars order by time"
    expected = [
        ("live", "binance:spot", "BTCUSDT", minute, 2.0, 4.0, 1.0, 3.0, 1.5, 4),
        ("live", "binance:spot", "BTCUSDT", minute + 60 * 10**9, 9.0, 9.0, 9.0, 9.0, 0.5, 1),
    ]
    assert select(query) == expected
    materialize_bars(database_url)
    assert select(query) == expected


def materialize_bars(url: str) -> None:
    if schema_status(url).flavour == Flavour.TIMESCALEDB:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("call refresh_continuous_aggregate('bars', null, null)")


def test_a_late_tick_finds_its_minute_also_where_the_chunk_is_compressed_and_the_bars_are_stored(
    archive: ArchiveStore, select: Callable[[str], list[tuple[object, ...]]], database_url: str
) -> None:
    if schema_status(database_url).flavour != Flavour.TIMESCALEDB:
        pytest.skip("the server has no TimescaleDB")
    archive.write([tick(1, price=100.0), tick(3, price=102.0)], [], [], 3)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("select compress_chunk(chunk) from show_chunks('ticks') chunk")
        connection.execute("call refresh_continuous_aggregate('bars', null, null)")
    assert archive.write([tick(2, price=250.0), tick(1, price=100.0)], [], [], 4) == Written(1, 0, 0)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("call refresh_continuous_aggregate('bars', null, null)")
    assert select("select open, high, low, close, count from bars") == [(100.0, 250.0, 100.0, 102.0, 3)]


def test_timescale_compresses_old_chunks_and_keeps_bars_up_to_date_by_itself(
    select: Callable[[str], list[tuple[object, ...]]], database_url: str
) -> None:
    if schema_status(database_url).flavour != Flavour.TIMESCALEDB:
        pytest.skip("the server has no TimescaleDB")
    jobs = select(
        "select proc_name, count(*) from timescaledb_information.jobs"
        " where proc_name ~ 'compression|columnstore|refresh' group by 1 order by 2"
    )
    assert [count for _, count in jobs] == [1, 2]
