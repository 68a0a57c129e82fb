"""Lines of text with a frame or a tick in each: raw recordings, bare frames, NDJSON, CSV."""

import csv
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from flows.feeds import get_adapter
from flows.feeds.adapter import Adapter, FrameError
from flows.messages import Kind
from flows.readers.entry import Entry, TimeOf, receive_time
from flows.readers.streams import BytesRead, lines
from flows.timestamps import parse_timestamp
from riskcore.errors import InputError
from riskcore.messages import Tick

FIELDS = ("ts", "symbol", "price", "size", "side", "seq", "trade_id", "bid", "ask", "feed", "received")
_NUMBERS = frozenset({"price", "size", "bid", "ask"})
_INTEGERS = frozenset({"ts", "received", "seq", "trade_id"})


_CAPTURED = re.compile(rb"(\d{9,10})(?:\.(\d{1,9}))?: ")
_OF_THE_CLIENT = re.compile(rb"(?:wss?|https?)://\S+ <-(?:>|) \d+(?:\.\d+)?(?:: |$)")


class NotReceivedError(ValueError):
    """A line of a capture that nobody received."""


class _Times(msgspec.Struct, gc=False):
    ts: int | str | None = None
    received: int | str | None = None


_decode_times = msgspec.json.Decoder(_Times).decode


@dataclass(frozen=True, slots=True)
class TextFile:
    """A file of lines: how the time of a line is found, and which adapter reads what is in it."""

    path: Path
    position: int
    origin: str
    adapter: str
    time_of: TimeOf
    first_line: int = 1
    torn: bool = False
    """Whether what can be read of compressed data that ends in the middle is taken."""

    def entries(self, bytes_read: BytesRead | None = None) -> Iterator[Entry]:
        """Yield one entry a line; a line without a time has that of the line before it.

        Lines at the beginning that have none get the first time that is found, as far as a run of lines goes.
        """
        time, time_of = 0, self.time_of
        position, origin, adapter, frame = self.position, self.origin, self.adapter, Kind.FRAME
        for first, run in lines(self.path, bytes_read, torn=self.torn):
            if not time:
                time = _first_time(run, time_of)
            for number, line in enumerate(run, first):
                if not line or number < self.first_line:
                    continue
                try:
                    time, payload = time_of(line)
                except NotReceivedError:
                    continue
                except ValueError:
                    payload = line
                yield time, position, number, frame, adapter, origin, payload


def prefixed(line: bytes) -> tuple[int, bytes]:
    """Split ``<receive ns> <frame>``."""
    digits, _, frame = line.partition(b" ")
    return receive_time(digits), frame


def captured(line: bytes) -> tuple[int, bytes]:
    """Split ``<receive time in seconds>: <frame>``, as cryptofeed captures a socket.

    Raises
    ------
    NotReceivedError
        The line tells what the client did: ``<url> <-> <seconds>`` it connected, ``<url> <- <seconds>: …`` it sent.
    ValueError
        The line is something else.
    """
    match = _CAPTURED.match(line)
    if match is not None:
        seconds, fraction = match.groups()
        return receive_time(seconds + (fraction or b"").ljust(9, b"0")), line[match.end() :]
    raise NotReceivedError if _OF_THE_CLIENT.match(line) else ValueError(line[:40])


def tick_object(line: bytes) -> tuple[int, bytes]:
    """Find the time of a tick object of the file format: ``received``, or else ``ts``."""
    try:
        times = _decode_times(line)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ValueError("not a tick object") from error
    time = times.received if times.received is not None else times.ts
    if time is None:
        raise ValueError("no time")
    return parse_timestamp(time), line


def bare_frame(adapter: Adapter) -> TimeOf:
    """Find the time of an exchange's frame recorded without its receive time: that of its first tick."""

    def time_of(line: bytes) -> tuple[int, bytes]:
        try:
            decoded = adapter.decode(line, None)
        except FrameError as error:
            raise ValueError(error.reason) from error
        for tick in decoded:
            if isinstance(tick, Tick) and tick.event_time > 0:
                return tick.event_time, line
        raise ValueError("no tick")

    return time_of


def table_row(columns: list[str]) -> TimeOf:
    """Make tick objects of the rows of a CSV file with these ``columns``; others than ours are left out."""
    kept = [(index, name) for index, name in enumerate(columns) if name in FIELDS]
    width = len(columns)

    def time_of(line: bytes) -> tuple[int, bytes]:
        cells = _cells(line)
        if len(cells) != width:
            raise ValueError(f"{len(cells)} cells under {width} columns")
        tick = {name: _value(name, cells[index]) for index, name in kept if cells[index]}
        return tick_object(msgspec.json.encode(tick))

    return time_of


def header_columns(line: bytes) -> list[str]:
    return [name.strip().lower() for name in _cells(line)]


def frame_times(adapter: str) -> TimeOf:
    return tick_object if adapter == "tailwatch" else bare_frame(get_adapter(adapter))


def _cells(line: bytes) -> list[str]:
    text = line.decode()
    if '"' not in text:
        return text.split(",")
    try:
        return next(csv.reader([text]))
    except csv.Error as error:
        raise ValueError(str(error)) from error


def _value(name: str, text: str) -> str | int | float:
    if "_" in text:
        return text
    try:
        if name in _INTEGERS:
            return int(text)
        if name in _NUMBERS and math.isfinite(number := float(text)):
            return number
    except ValueError:
        pass
    return text


def _first_time(run: list[bytes], time_of: Callable[[bytes], tuple[int, bytes]]) -> int:
    for line in run:
        try:
            return time_of(line)[0]
        except ValueError:
            continue
    return 0


def check_columns(path: Path, columns: list[str]) -> None:
    """Refuse a table that does not say what a tick needs.

    Raises
    ------
    InputError
        A column is missing or stands twice.
    """
    doubled = sorted({name for name in columns if name in FIELDS and columns.count(name) > 1})
    if doubled:
        raise InputError(f"{path}: column {doubled[0]} stands twice in the header")
    missing = [name for name in ("ts", "symbol") if name not in columns]
    if not ("price" in columns or {"bid", "ask"} <= set(columns)):
        missing.append("price")
    if missing:
        raise InputError(f"{path}: has no column {', '.join(missing)}; a tick needs ts, symbol and price")
