import gzip
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.feeds import get_adapter
from flows.messages import Record
from flows.readers import feeds_of, read_files
from riskcore.errors import InputError, TailwatchError
from riskcore.messages import Tick

Write = Callable[[str, bytes], Path]
Trade = Callable[..., bytes]


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.integers(1, 20), min_size=1, max_size=20).map(sorted), min_size=1, max_size=4))
def test_files_are_merged_by_time_then_position_then_line(tmp_path: Path, trade: Trade, files: list[list[int]]) -> None:
    paths = []
    for position, times in enumerate(files):
        paths.append(tmp_path / f"{position}")
        paths[-1].write_bytes(b"".join(b"%d %s\n" % (time, trade("A", 1, 1.0)) for time in times))
    expected = sorted(
        (time, position, line) for position, times in enumerate(files) for line, time in enumerate(times, 1)
    )
    records = list(read_files(paths))
    assert [(record.stamp, int(record.origin), record.line) for record in records] == expected
    assert [record.offset for record in records] == list(range(len(expected)))


def test_stamps_never_decrease_though_times_do(write: Write, trade: Trade) -> None:
    path = write("raw", b"".join(b"%d %s\n" % (time, trade("A", 1, 1.0)) for time in (5, 3, 9, 7)))
    assert [record.stamp for record in read_files([path])] == [5, 5, 9, 9]


def test_a_period_is_cut_out_by_time(write: Write, trade: Trade) -> None:
    path = write("raw", b"".join(b"%d %s\n" % (time, trade("A", 1, 1.0)) for time in range(10, 20)))
    assert [record.stamp for record in read_files([path], start=12, end=15)] == [12, 13, 14]
    assert [record.offset for record in read_files([path], start=12, end=15)] == [0, 1, 2]


def test_files_of_one_name_are_told_apart(tmp_path: Path, trade: Trade) -> None:
    paths = [tmp_path / "a" / "ticks", tmp_path / "b" / "ticks"]
    for path in paths:
        path.parent.mkdir()
        path.write_bytes(b"1 " + trade("A", 1, 1.0))
    assert [record.origin for record in read_files(paths)] == [str(path) for path in paths]


def test_no_file_is_wrong_usage() -> None:
    with pytest.raises(InputError, match="no file"):
        read_files([])


def test_a_bad_file_among_good_ones_stops_before_the_first_record(write: Write, trade: Trade) -> None:
    good, bad = write("good", b"1 " + trade("A", 1, 1.0)), write("bad", b"")
    with pytest.raises(InputError, match="bad: is empty"):
        read_files([good, bad])


def test_progress_counts_bytes_up_to_all_of_them(write: Write, trade: Trade) -> None:
    content = b"".join(b"%d %s\n" % (time, trade("A", time, 1.0)) for time in range(1, 30_000))
    paths = [write("one", content), write("two.gz", content)]
    seen: list[tuple[int, int]] = []
    assert len(list(read_files(paths, on_progress=lambda done, total: seen.append((done, total))))) == 2 * 29_999
    total = sum(path.stat().st_size for path in paths)
    assert seen[-1] == (total, total)
    assert all(first[0] <= second[0] for first, second in pairwise(seen))
    assert len(seen) > 10


def test_truncated_gzip_yields_its_lines_and_then_says_where_it_ended(tmp_path: Path, trade: Trade) -> None:
    path = tmp_path / "raw.gz"
    content = b"".join(b"%d %s\n" % (time, trade("A", time, time)) for time in range(1, 5_000))
    path.write_bytes(gzip.compress(content)[:-5_000])
    records: list[Record] = []
    with pytest.raises(TailwatchError, match=f"{path}: the gzip data ends in the middle, after line"):
        records.extend(read_files([path]))
    assert [record.line for record in records] == list(range(1, len(records) + 1))
    assert len(records) > 1_000


@pytest.mark.recordings
def test_the_real_recordings_are_read_whole_and_in_order(recordings: Path) -> None:
    paths = sorted((recordings / "binance").glob("*.gz"))
    assert feeds_of(paths) == ("binance:spot", "binance:usdm")
    spot = [path for path in paths if path.name.startswith("spot")]
    assert feeds_of(spot) == ("binance:spot",)
    records = list(read_files(spot))
    assert len(records) == 41_249 + 33_618
    assert all(first.stamp <= second.stamp for first, second in pairwise(records))
    assert {record.adapter for record in records} == {"binance"}
    binance = get_adapter("binance")
    trades = [tick for record in records for tick in binance.decode(record.payload, record.stamp)]
    for symbol in ("BTCUSDT", "ETHUSDT"):
        identifiers = [tick.identifier for tick in trades if isinstance(tick, Tick) and tick.symbol == symbol]
        assert identifiers == list(range(identifiers[0], identifiers[0] + len(identifiers)))  # type: ignore[operator]
