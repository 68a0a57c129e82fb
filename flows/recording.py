"""A recording: the journal's writer pointed at a file of ticks instead of segments."""

import os
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec
import structlog
import zstandard

from flows.feeds import Adapter, FrameError, get_adapter
from flows.feeds.adapter import PriceSource, SequencedTick
from flows.journal import Appender
from flows.messages import Kind, Record
from flows.timestamps import format_timestamp
from riskcore.errors import InputError
from riskcore.messages import Tick

_log = structlog.get_logger(__name__)
_GZIP_WINDOW = 31


class _Compressor(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...
    def flush(self, mode: int, /) -> bytes: ...


class TickReader:
    """Finds the ticks in records; a frame that cannot be read is counted in ``unreadable``.

    ``price`` is what all feeds tell, or what each does, by the adapter's name.
    """

    def __init__(self, price: PriceSource | Mapping[str, PriceSource] = "trade") -> None:
        self.unreadable = 0
        self._price = price
        self._adapters: dict[str, Adapter] = {}

    def ticks(self, records: Sequence[Record]) -> Iterator[tuple[Record, Tick]]:
        """Yield each tick with the record that it is in."""
        for record in records:
            if record.kind is Kind.FRAME:
                for tick in self._ticks(record):
                    yield record, tick

    def _ticks(self, record: Record) -> list[Tick]:
        adapter = self._adapters.get(record.adapter)
        if adapter is None:
            price = self._price if isinstance(self._price, str) else self._price[record.adapter]
            adapter = self._adapters[record.adapter] = get_adapter(record.adapter, price)
        try:
            decoded = adapter.decode(record.payload, record.stamp)
        except FrameError as error:
            self.unreadable += 1
            _log.warning("a frame cannot be read and is not recorded", reason=error.reason)
            return []
        return [found for found in decoded if isinstance(found, Tick)]


class TickFileStore:
    """Writes the ticks in records to a new NDJSON file, compressed as its name says (``.gz``, ``.zst``).

    What is no tick is left out; a frame that cannot be read is counted in ``unreadable``. After a ``sync``
    all ticks so far can be read from the file, even if the program dies.

    Raises
    ------
    InputError
        The file exists already, cannot be made, or its name ends in something else.
    """

    def __init__(self, path: Path, price: PriceSource | Mapping[str, PriceSource] = "trade") -> None:
        self.path = path
        self.next_offset = self.last_stamp = 0
        self.ticks = 0
        self._reader = TickReader(price)
        self._compressor, self._flush_mode, self._finish_mode = _compressor(path)
        self._size = 0
        self._pending: tuple[int, bytes] | None = None
        try:
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        except FileExistsError as error:
            raise InputError(f"{path}: exists already; name a new file to record to") from error
        except OSError as error:
            raise InputError(f"{path}: cannot be written: {error.strerror}") from error

    @property
    def name(self) -> str:
        return f"recording {self.path}"

    @property
    def unreadable(self) -> int:
        return self._reader.unreadable

    def append(self, records: Sequence[Record]) -> None:
        """Write the ticks of a batch. One that could not be written may come again; it is encoded once."""
        first = records[0].offset
        if self._pending is None or self._pending[0] != first:
            self._pending = first, self._compress(b"".join(self._lines(records)))
        self._write(self._pending[1])
        self._pending = None
        self.next_offset = records[-1].offset + 1

    def sync(self) -> None:
        os.fdatasync(self._file)

    def close(self) -> None:
        try:
            if self._compressor is not None and self._pending is None:
                self._write(self._compressor.flush(self._finish_mode))
                os.fdatasync(self._file)
        finally:
            os.close(self._file)

    def _lines(self, records: Sequence[Record]) -> Iterator[bytes]:
        for record, tick in self._reader.ticks(records):
            self.ticks += 1
            yield msgspec.json.encode(tick_fields(tick, record.stamp)) + b"\n"

    def _compress(self, data: bytes) -> bytes:
        if self._compressor is None or not data:
            return data
        return self._compressor.compress(data) + self._compressor.flush(self._flush_mode)

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[os.write(self._file, rest) :]
        except OSError:
            os.ftruncate(self._file, self._size)
            os.lseek(self._file, self._size, os.SEEK_SET)
            raise
        self._size += len(data)


class RecordingWriter(Appender):
    """Records the ticks of what is appended to a file; the same interface as the journal's writer."""

    def __init__(
        self,
        path: Path | str,
        price: PriceSource | Mapping[str, PriceSource] = "trade",
        *,
        fsync_interval_s: float = 0.5,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self.path = Path(path)
        self._ticks = TickFileStore(self.path, price)
        super().__init__(self._ticks, fsync_interval_s=fsync_interval_s, silence_s=1.0, clock=clock)

    @property
    def ticks(self) -> int:
        """How many ticks have been recorded."""
        return self._ticks.ticks

    @property
    def unreadable(self) -> int:
        """How many frames could not be read and are not in the file."""
        return self._ticks.unreadable


def tick_fields(tick: Tick, received: int) -> dict[str, Any]:
    """Lay a tick out as an object of the file format; one without a time of its own gets ``received``."""
    fields = {
        "ts": format_timestamp(tick.event_time if tick.event_time > 0 else received),
        "symbol": tick.symbol,
        "price": tick.price,
        "size": tick.size,
        "side": tick.side,
        "seq" if isinstance(tick, SequencedTick) else "trade_id": tick.identifier,
        "bid": tick.bid,
        "ask": tick.ask,
        "feed": tick.feed,
        "received": format_timestamp(received),
    }
    return {name: value for name, value in fields.items() if value is not None}


def _compressor(path: Path) -> tuple[_Compressor | None, int, int]:
    if path.suffix == ".gz":
        return zlib.compressobj(wbits=_GZIP_WINDOW), zlib.Z_SYNC_FLUSH, zlib.Z_FINISH
    if path.suffix == ".zst":
        flush, finish = zstandard.COMPRESSOBJ_FLUSH_BLOCK, zstandard.COMPRESSOBJ_FLUSH_FINISH
        return zstandard.ZstdCompressor().compressobj(), flush, finish
    if path.suffix == ".ndjson":
        return None, 0, 0
    raise InputError(f"{path}: a recording's name ends in .ndjson, .ndjson.gz or .ndjson.zst")
