import errno
import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from structlog.testing import capture_logs

from flows.feeds import get_adapter
from flows.journal import Appender, JournalError
from flows.messages import Kind, Record
from flows.readers import feeds_of, read_files
from flows.recording import RecordingWriter, TickFileStore
from riskcore.errors import InputError, TailwatchError
from riskcore.messages import Tick

SECOND = 1_000_000_000
NAMES = ["ticks.ndjson", "ticks.ndjson.gz", "ticks.ndjson.zst"]


def trade(number: int, price: str = "61837.63") -> bytes:
    return (
        b'{"stream":"btcusdt@trade","data":{"e":"trade","E":%d,"s":"BTCUSDT","t":%d,"p":"%s","q":"0.02",'
        b'"T":%d,"m":true,"M":true}}' % (number * 1000, number, price.encode(), number * 1000)
    )


def recorded(path: Path, price: str = "trade") -> list[Tick]:
    decode = get_adapter("tailwatch", price).decode  # type: ignore[arg-type]
    found = [part for record in read_files([path]) for part in decode(record.payload, None)]
    return [tick for tick in found if isinstance(tick, Tick)]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_recorded_replays_as_the_same_ticks(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    writer = RecordingWriter(path)
    for number in range(1, 200):
        writer.append(Kind.FRAME, trade(number, f"{100 + number / 7:.8f}"), "binance", "socket", SECOND * (number + 2))
    writer.append(Kind.CONNECTED, b"{}")
    writer.close()
    decode = get_adapter("binance").decode
    expected = [decode(trade(number, f"{100 + number / 7:.8f}"), SECOND * (number + 2))[0] for number in range(1, 200)]
    assert recorded(path) == expected
    assert writer.ticks == 199
    assert feeds_of([path]) == ("binance:spot",)
    assert [record.stamp for record in read_files([path])] == [SECOND * (number + 2) for number in range(1, 200)]


def test_a_line_is_the_tick_object_of_the_contract(tmp_path: Path) -> None:
    path = tmp_path / "ticks.ndjson"
    writer = RecordingWriter(path)
    writer.append(Kind.FRAME, trade(5), "binance", "socket", 6 * SECOND)
    writer.close()
    assert msgspec.json.decode(path.read_bytes()) == {
        "ts": "1970-01-01T00:00:05.000000000Z",
        "symbol": "BTCUSDT",
        "price": 61837.63,
        "size": 0.02,
        "side": "sell",
        "trade_id": 5,
        "feed": "binance:spot",
        "received": "1970-01-01T00:00:06.000000000Z",
    }


def test_sequence_numbers_stay_sequence_numbers(tmp_path: Path) -> None:
    path = tmp_path / "ticks.ndjson"
    frame = b'[{"ts":1795348800,"symbol":"A","price":1,"seq":9},{"ts":1795348800,"symbol":"B","price":2,"seq":10}]'
    writer = RecordingWriter(path)
    writer.append(Kind.FRAME, frame, "tailwatch", "socket", 1795348801 * SECOND)
    writer.close()
    lines = [msgspec.json.decode(line) for line in path.read_bytes().splitlines()]
    assert [(line["symbol"], line["seq"], "trade_id" in line) for line in lines] == [("A", 9, False), ("B", 10, False)]


def test_quotes_are_recorded_with_both_sides_and_the_receive_time(tmp_path: Path) -> None:
    path = tmp_path / "ticks.ndjson"
    quote = b'{"u":400900217,"s":"BNBUSDT","b":"25.35","B":"31.21","a":"25.37","A":"40.66"}'
    writer = RecordingWriter(path, price="mid")
    writer.append(Kind.FRAME, quote, "binance", "socket", 1795348801 * SECOND)
    writer.close()
    (tick,) = recorded(path, "mid")
    assert (tick.bid, tick.ask, tick.price) == (25.35, 25.37, 25.36)
    assert tick.event_time == tick.received == 1795348801 * SECOND


def test_an_unreadable_frame_is_counted_and_told_and_the_next_is_recorded(tmp_path: Path) -> None:
    path = tmp_path / "ticks.ndjson"
    writer = RecordingWriter(path)
    with capture_logs() as logs:
        for frame in (b"garbage", b'{"result":null,"id":1}', trade(1)):
            writer.append(Kind.FRAME, frame, "binance", "socket")
        writer.close()
    assert (writer.ticks, writer.unreadable) == (1, 1)
    assert len(recorded(path)) == 1
    assert [log["reason"] for log in logs] == ["malformed"]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_durable_can_be_read_while_recording_goes_on(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    writer = RecordingWriter(path, fsync_interval_s=0.0)
    for number in range(1, 4):
        assert writer.wait_durable(writer.append(Kind.FRAME, trade(number), "binance"), 5.0)
        found: list[Record] = []
        try:
            found.extend(read_files([path]))
        except TailwatchError as unfinished:
            assert f"after line {number}" in str(unfinished)  # noqa: PT017 - an uncompressed file has no end
        assert len(found) == number
    writer.close()


class FullDisk:
    """Takes half of a write and then no more, until it is emptied."""

    def __init__(self) -> None:
        self.full = False
        self._write = os.write

    def write(self, file: int, data: memoryview) -> int:
        if not self.full:
            return self._write(file, data)
        if len(data) > 20:
            return self._write(file, data[: len(data) // 2])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("name", NAMES)
def test_a_full_disk_tears_no_line_and_doubles_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    path = tmp_path / name
    disk = FullDisk()
    monkeypatch.setattr("flows.recording.os.write", disk.write)
    writer = Appender(TickFileStore(path), fsync_interval_s=0.0, retry_s=0.001)
    accepted = 0
    assert writer.flush(5.0)
    disk.full = True
    while writer.error is None:
        writer.append(Kind.FRAME, trade(accepted + 1), "binance")
        accepted += 1
        while writer.error is None and not writer.flush(0.001):
            pass
    with pytest.raises(JournalError, match="No space left"):
        writer.append(Kind.FRAME, trade(0), "binance")
    disk.full = False
    assert writer.flush(5.0)
    writer.close()
    assert [tick.identifier for tick in recorded(path)] == list(range(1, accepted + 1))


def test_an_existing_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "ticks.ndjson"
    path.write_text("precious")
    with pytest.raises(InputError, match=r"ticks.ndjson: exists already"):
        RecordingWriter(path)
    assert path.read_text() == "precious"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda folder: folder / "ticks.csv", r"ends in \.ndjson"),
        (lambda folder: folder / "nowhere" / "t.ndjson", "No such file or directory"),
    ],
)
def test_a_file_that_cannot_be_made_is_named(tmp_path: Path, make: Callable[[Path], Path], message: str) -> None:
    with pytest.raises(InputError, match=message) as refused:
        RecordingWriter(make(tmp_path))
    assert str(make(tmp_path)) in str(refused.value)
