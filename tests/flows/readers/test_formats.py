from collections.abc import Callable
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flows.feeds import get_adapter
from flows.journal import JournalWriter
from flows.messages import Kind, Record
from flows.readers import feeds_of, read_files
from flows.timestamps import parse_timestamp
from riskcore.errors import InputError, TailwatchError
from riskcore.messages import Tick

Write = Callable[[str, bytes], Path]
Trade = Callable[..., bytes]
NOON = parse_timestamp("2026-11-22T12:00:00Z")
SECOND = 1_000_000_000
TICK = b'{"ts":"2026-11-22T12:00:00.000000001Z","symbol":"AAPL","price":100.25,"size":3,"trade_id":7}'


def read(*paths: Path, **options: str | int) -> list[Record]:
    return list(read_files(paths, **options))  # type: ignore[arg-type]


def ticks(records: list[Record]) -> list[tuple[object, ...]]:
    found = [tick for r in records for tick in get_adapter(r.adapter).decode(r.payload, None)]
    assert all(isinstance(tick, Tick) for tick in found)
    return [(t.symbol, t.event_time, t.price, t.size, t.identifier) for t in found if isinstance(t, Tick)]


@pytest.mark.parametrize("name", ["t.ndjson", "t.ndjson.gz", "t.ndjson.zst", "no-ending"])
def test_ndjson_is_read_line_by_line_as_it_stands(write: Write, name: str) -> None:
    path = write(name, TICK + b"\n\n" + TICK + b"\n")
    expected = [Record(0, NOON + 1, Kind.FRAME, "tailwatch", name, 1, TICK)]
    expected += [Record(1, NOON + 1, Kind.FRAME, "tailwatch", name, 3, TICK)]
    assert read(path) == expected


@pytest.mark.parametrize(
    "received", [b'"2026-11-22T12:00:05Z"', b"1795348805", b"1795348805000", b"1795348805000000000"]
)
def test_the_receive_time_is_the_stamp_where_there_is_one(write: Write, received: bytes) -> None:
    path = write("t.ndjson", TICK[:-1] + b',"received":' + received + b"}\n")
    assert read(path)[0].stamp == NOON + 5 * SECOND


def test_csv_rows_become_tick_objects(write: Write) -> None:
    content = b"""Symbol, ts ,price,size,note,trade_id
AAPL,2026-11-22T12:00:00Z,100.25,3,first,7
"MSFT",1795348801000,410.5,,"a, quoted one",8
"""
    records = read(write("t.csv", content))
    assert [record.line for record in records] == [2, 3]
    assert ticks(records) == [("AAPL", NOON, 100.25, 3.0, 7), ("MSFT", NOON + SECOND, 410.5, None, 8)]


@pytest.mark.parametrize("price", ["nan", "inf", "1e999", "abc", "1_0", ""])
def test_a_csv_price_that_is_no_number_never_becomes_one(write: Write, price: str) -> None:
    records = read(write("t.csv", f"ts,symbol,price\n1795348800,AAPL,{price}\n1795348800,AAPL,2\n".encode()))
    assert len(records) == 2
    assert msgspec.json.decode(records[0].payload).get("price") in (price, None)


def test_a_csv_row_of_another_width_is_handed_on_as_it_is(write: Write) -> None:
    records = read(write("t.csv", b"ts,symbol,price\n1795348800,AAPL,1,2\n1795348800,AAPL,1\n"))
    assert [record.payload[:1] for record in records] == [b"1", b"{"]


def parquet(path: Path, **columns: pa.Array) -> Path:
    pq.write_table(pa.table(columns), path)
    return path


@pytest.mark.parametrize(
    "times",
    [
        pa.array([NOON, NOON + SECOND], pa.timestamp("ns", "UTC")),
        pa.array([NOON // 10**6, NOON // 10**6 + 1000], pa.timestamp("ms")),
        pa.array([NOON // 10**9, NOON // 10**9 + 1]),
        pa.array(["2026-11-22T12:00:00Z", "2026-11-22T12:00:01Z"]),
    ],
)
def test_parquet_rows_become_tick_objects(tmp_path: Path, times: pa.Array) -> None:
    symbols = pa.array(["AAPL", "MSFT"]).dictionary_encode()
    path = parquet(
        tmp_path / "t.parquet", ts=times, symbol=symbols, price=pa.array([100.25, 410.5]), size=pa.array([3.0, None])
    )
    records = read(path)
    assert [record.line for record in records] == [1, 2]
    assert ticks(records) == [("AAPL", NOON, 100.25, 3.0, None), ("MSFT", NOON + SECOND, 410.5, None, None)]


def test_a_column_of_parquet_that_is_no_part_of_a_tick_is_refused(tmp_path: Path) -> None:
    path = parquet(tmp_path / "t.parquet", ts=pa.array([1]), symbol=pa.array([["A"]]), price=pa.array([1.0]))
    with pytest.raises(InputError, match="column symbol holds list"):
        read(path)


def test_truncated_parquet_is_refused(tmp_path: Path) -> None:
    path = parquet(tmp_path / "t.parquet", ts=pa.array([1]), symbol=pa.array(["A"]), price=pa.array([1.0]))
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError, match="not a readable Parquet file"):
        read(path)


def test_a_parquet_bomb_is_streamed(tmp_path: Path) -> None:
    rows = 3_000_000
    constant = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int8()), pa.array([1.0]))
    symbols = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int8()), pa.array(["A"]))
    times = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int8()), pa.array([1_795_348_800]))
    path = parquet(tmp_path / "t.parquet", ts=times, symbol=symbols, price=constant)
    assert path.stat().st_size < 100_000
    pool = pa.default_memory_pool()
    before = pool.bytes_allocated()
    stream = read_files([path])
    for _ in range(50_000):
        next(stream)
    assert pool.bytes_allocated() - before < 16 * 2**20


def test_a_parquet_bomb_of_rows_is_refused_by_what_it_would_unpack_to(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    many = 1_000_000
    columns = {
        "ts": pa.array([1_795_348_800] * many),
        "symbol": pa.array(["A"] * many),
        "price": pa.array([1.0] * many),
    }
    table = pa.table(columns)
    with pq.ParquetWriter(path, table.schema, compression="zstd") as writer:
        for _ in range(20):
            writer.write_table(table)
    with pytest.raises(InputError, match=f"{path}: 20,000,000 rows unpack to more than 500 times its size"):
        read_files([path])


def test_a_parquet_bomb_of_long_text_is_refused_before_it_is_spread_over_the_rows(tmp_path: Path) -> None:
    size = 1000
    path = parquet(
        tmp_path / "t.parquet",
        ts=pa.array([1_795_348_800] * size),
        symbol=pa.array(["A" * 100_000] * size),
        price=pa.array([1.0] * size),
    )
    pool = pa.default_memory_pool()
    before = pool.bytes_allocated()
    with pytest.raises(InputError, match="column symbol holds text of 100,000 bytes"):
        read(path)
    assert pool.bytes_allocated() - before < 16 * 2**20


CAPTURE = b"""wss://stream.binance.com:9443/stream?streams=btcusdt@trade <-> 1633998511.159679
wss://stream.binance.com:9443/stream <- 1633998511.2: {"method":"SUBSCRIBE"}
1633998512.0633569: %s
1633998513: %s
"""


def test_a_capture_of_cryptofeed_is_a_raw_recording_without_what_the_client_said(write: Write, trade: Trade) -> None:
    first, second = trade("BTCUSDT", 1, 100.0), trade("BTCUSDT", 2, 101.0)
    records = read(write("BINANCE.ws.1.0", CAPTURE % (first, second)))
    assert [record.payload for record in records] == [first, second]
    assert [record.stamp for record in records] == [1_633_998_512_063_356_900, 1_633_998_513_000_000_000]
    assert [(record.adapter, record.line) for record in records] == [("binance", 3), ("binance", 4)]


def test_a_line_of_a_capture_that_is_damaged_is_handed_on(write: Write, trade: Trade) -> None:
    damaged = CAPTURE % (trade("BTCUSDT", 1, 100.0), trade("BTCUSDT", 2, 101.0)) + b"16339985x: {}\nws <- 5: {}\n"
    assert [record.payload for record in read(write("c", damaged))][2:] == [b"16339985x: {}", b"ws <- 5: {}"]


def test_raw_recordings_are_taken_by_their_receive_time(write: Write, trade: Trade) -> None:
    frames = [trade("BTCUSDT", 1, 100.0), trade("BTCUSDT", 2, 101.0)]
    path = write("raw.gz", b"1500 %s\n2500 %s\n" % tuple(frames))
    assert read(path) == [
        Record(0, 1500, Kind.FRAME, "binance", "raw.gz", 1, frames[0]),
        Record(1, 2500, Kind.FRAME, "binance", "raw.gz", 2, frames[1]),
    ]


def test_bare_frames_take_the_venues_time(write: Write, trade: Trade) -> None:
    path = write("bare", trade("BTCUSDT", 5, 1.0) + b'\n{"result":null,"id":1}\n' + trade("BTCUSDT", 6, 1.0))
    records = read(path)
    assert [record.stamp for record in records] == [5 * SECOND, 5 * SECOND, 6 * SECOND]
    assert {record.adapter for record in records} == {"binance"}


def test_the_product_is_told_by_the_frames(write: Write, trade: Trade) -> None:
    spot = write("spot", b"1 " + trade("BTCUSDT", 1, 1.0))
    futures = write("futures", b"1 " + trade("BTCUSDT", 1, 1.0, spot=False))
    assert feeds_of([spot]) == ("binance:spot",)
    assert feeds_of([spot, futures]) == ("binance:spot", "binance:usdm")


def test_the_feeds_of_tick_files_are_those_they_name(write: Write) -> None:
    named = write("a.ndjson", TICK[:-1] + b',"feed":"kraken:spot"}\n')
    plain = write("b.csv", b"ts,symbol,price\n1795348800,AAPL,1\n")
    assert feeds_of([named, plain]) == ("kraken:spot", "tailwatch")


def test_lines_that_cannot_be_read_are_handed_on_with_the_time_before_them(write: Write, trade: Trade) -> None:
    good = trade("BTCUSDT", 1, 1.0)
    lines = [b"garbage", b"1000 " + good, b"NaN NaN", b"9" * 30 + b" x", b"2000 [", b"\xff\xfe", b"2001 " + good]
    records = read(write("raw", b"\n".join(lines)))
    assert [(record.line, record.stamp) for record in records] == [
        (1, 1000), (2, 1000), (3, 1000), (4, 1000), (5, 2000), (6, 2000), (7, 2001),
    ]  # fmt: skip
    assert records[2].payload == b"NaN NaN"
    assert records[4].payload == b"["


@pytest.mark.parametrize(
    "line",
    [
        TICK[:-5],
        TICK + b"}",
        b"null",
        b"[" * 100_000,
        b'{"ts":true,"symbol":"A","price":1}',
        b'{"ts":' + b"9" * 5000 + b',"symbol":"A","price":1}',
        b'{"ts":"tomorrow","symbol":"A","price":1}',
        b'{"symbol":"A","price":1}',
    ],
)
def test_malformed_ticks_are_handed_on_with_the_time_before_them(write: Write, line: bytes) -> None:
    records = read(write("t.ndjson", TICK + b"\n" + line + b"\n" + TICK))
    assert [record.stamp for record in records] == [NOON + 1] * 3
    assert records[1].payload == line


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty", b"", "is empty"),
        ("blank", b"\n\n\n", "is empty"),
        ("zeros", bytes(5000), "is not text"),
        ("picture", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "is not text"),
        ("prose", b"It was a dark and stormy night.\n" * 50, "no line of the first 50 can be read"),
        ("other.csv", b"date,open,close\n2026-11-22,1,2\n", "can be read"),
        ("twice.csv", b"ts,symbol,price,price\n1,A,1,2\n", "column price stands twice"),
        ("short.csv", b"symbol,price\nA,1\n", "has no column ts"),
        ("other.json", b'{"name":"tailwatch","version":1}\n', "can be read"),
    ],
)
def test_what_is_no_tick_file_is_refused_at_once_by_name(write: Write, name: str, content: bytes, message: str) -> None:
    path = write(name, content)
    with pytest.raises(InputError, match=message) as refused:
        read_files([path])
    assert str(path) in str(refused.value)


def test_a_forced_format_is_taken_and_checked(write: Write, trade: Trade) -> None:
    path = write("raw", b"1000 " + trade("BTCUSDT", 1, 1.0))
    assert read(path, format="binance")[0].adapter == "binance"
    for wrong in ("ndjson", "csv", "parquet", "journal", "tailwatch"):
        with pytest.raises(InputError, match=str(path)):
            read_files([path], format=wrong)
    with pytest.raises(InputError, match="use one of ndjson, csv, parquet, journal, alpaca"):
        read_files([path], format="excel")


def journal_in(directory: Path) -> Path:
    writer = JournalWriter(directory, segment_bytes=300, clock=lambda: 1000)
    for number in range(5):
        writer.append(Kind.FRAME, TICK, "tailwatch", "socket", 1000 + number)
        assert writer.flush(5.0)
    writer.close()
    return directory


def test_a_journal_is_a_recording_with_its_own_offsets(tmp_path: Path) -> None:
    records = read(journal_in(tmp_path / "journal"))
    assert [record.offset for record in records] == list(range(len(records)))
    stamps = [record.stamp for record in records if record.kind is Kind.FRAME]
    assert stamps == [1000, 1001, 1002, 1003, 1004]
    assert feeds_of([tmp_path / "journal"]) == ("tailwatch",)


def test_one_segment_is_read_alone(tmp_path: Path) -> None:
    everything = read(journal_in(tmp_path / "journal"))
    segments = sorted((tmp_path / "journal").glob("*.segment"))
    assert [record for segment in segments for record in read(segment)] == everything


def test_a_directory_without_a_journal_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="without journal segments"):
        read_files([tmp_path])


def test_a_damaged_journal_is_named(tmp_path: Path) -> None:
    journal = journal_in(tmp_path / "journal")
    first = min(journal.glob("*.segment"))
    content = bytearray(first.read_bytes())
    content[60] ^= 1
    first.write_bytes(content)
    with pytest.raises(TailwatchError, match=str(first)):
        read(journal)
