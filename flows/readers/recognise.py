"""Which format a file has, told by what is in it."""

from itertools import islice
from pathlib import Path

from flows.feeds import adapter_names, get_adapter
from flows.feeds.adapter import Adapter, Backfill, FrameError, Unusable
from flows.readers.entry import TimeOf
from flows.readers.parquet import ParquetFile
from flows.readers.record_lines import RecordFile, is_record_line
from flows.readers.segments import JournalFile, is_journal
from flows.readers.streams import check_file, lines
from flows.readers.text import (
    TextFile,
    captured,
    check_columns,
    frame_times,
    header_columns,
    prefixed,
    table_row,
)
from riskcore.errors import InputError, TailwatchError
from riskcore.messages import Tick

TickFile = TextFile | ParquetFile | JournalFile | RecordFile
FORMATS = ("ndjson", "csv", "parquet", "journal")
_HEAD_LINES = 500
_EXPECTED = (
    "expected ticks (NDJSON or CSV with ts, symbol and price; Parquet), a raw recording of "
    "an exchange's messages or a journal"
)


def open_file(path: Path, position: int, origin: str, format_name: str | None) -> TickFile:
    """Recognise one input, or take it for what ``format_name`` says: a format or an adapter.

    Raises
    ------
    InputError
        It cannot be read, or is nothing that has ticks in it.
    """
    check_format(format_name)
    if path.is_dir():
        if not is_journal(path):
            raise InputError(f"{path}: is a directory without journal segments; name tick files or a journal")
        return JournalFile(path, position)
    check_file(path)
    if is_journal(path):
        return JournalFile(path, position)
    if format_name == "journal":
        raise InputError(f"{path}: is no segment of a journal")
    if format_name == "parquet" or (format_name is None and _begins_with(path, b"PAR1")):
        file = ParquetFile(path, position, origin)
        file.columns()
        return file
    return _open_text(path, position, origin, format_name)


def is_whole_journal(path: Path) -> bool:
    """Whether this is a journal with its commands in it: a directory of segments, or all its records as lines."""
    if path.is_dir():
        return True
    if not path.is_file():
        return False
    try:
        return is_record_line(next(iter(head(path)), b""))
    except TailwatchError:
        return False


def check_format(name: str | None) -> None:
    if name is not None and name not in FORMATS and name not in adapter_names():
        raise InputError(f"format {name!r} is not known: use one of {', '.join((*FORMATS, *adapter_names()))}")


def head(path: Path) -> list[bytes]:
    """Return the first lines that are not empty, as far as the file can be read."""
    found: list[bytes] = []
    try:
        for _, run in lines(path):
            found += [line for line in run if line.strip()]
            if len(found) >= _HEAD_LINES or b"\0" in run[0]:
                break
    except TailwatchError:
        if not found:
            raise
    return found[:_HEAD_LINES]


def _open_text(path: Path, position: int, origin: str, format_name: str | None) -> TextFile | RecordFile:
    first_lines = head(path)
    if not first_lines:
        raise InputError(f"{path}: is empty; {_EXPECTED}")
    if any(b"\0" in line for line in first_lines):
        raise InputError(f"{path}: is not text; {_EXPECTED}")
    if format_name is None and is_record_line(first_lines[0]):
        return RecordFile(path, position)
    if format_name == "csv" or (format_name is None and _is_header(first_lines[0])):
        return _open_table(path, position, origin, first_lines[0])
    prefix = next((form for form in (prefixed, captured) if any(_has(form, line) for line in first_lines)), None)
    frames = first_lines if prefix is None else _frames(prefix, first_lines)
    adapter = _adapter_of(frames) if format_name is None else _adapter_named(format_name, frames)
    if adapter is None:
        raise InputError(f"{path}: no line of the first {len(first_lines)} can be read; {_EXPECTED}")
    return TextFile(path, position, origin, adapter, prefix or frame_times(adapter))


def _open_table(path: Path, position: int, origin: str, header: bytes) -> TextFile:
    columns = header_columns(header)
    check_columns(path, columns)
    return TextFile(path, position, origin, "tailwatch", table_row(columns), first_line=2)


def _adapter_named(format_name: str, frames: list[bytes]) -> str | None:
    if format_name == "ndjson":
        return "tailwatch" if any(map(_is_tick_object, frames)) else None
    return format_name if any(_is_readable(get_adapter(format_name), frame) for frame in frames) else None


def _is_readable(adapter: Adapter, frame: bytes) -> bool:
    try:
        found = adapter.decode(frame, None)
    except FrameError:
        return False
    return not found or not all(isinstance(part, Unusable) for part in found)


def _begins_with(path: Path, magic: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(magic)) == magic


def _is_header(line: bytes) -> bool:
    try:
        columns = header_columns(line)
    except ValueError:
        return False
    return len({"ts", "symbol", "price", "bid", "ask"} & set(columns)) > 1


def _has(prefix: TimeOf, line: bytes) -> bool:
    try:
        prefix(line)
    except ValueError:
        return False
    return b" " in line


def _frames(prefix: TimeOf, lines_: list[bytes]) -> list[bytes]:
    return [prefix(line)[1] if _has(prefix, line) else line for line in lines_]


def _adapter_of(frames: list[bytes]) -> str | None:
    if any(_is_tick_object(frame) for frame in frames):
        return "tailwatch"
    scores = {name: _ticks_in(frames, name) for name in adapter_names()}
    best = max(scores, key=lambda name: (scores[name], -len(name)))
    return best if scores[best] else None


def _is_tick_object(frame: bytes) -> bool:
    return frame.lstrip()[:1] == b"{" and b'"ts"' in frame and b'"symbol"' in frame


def _ticks_in(frames: list[bytes], name: str) -> int:
    return sum(len(ticks_of(get_adapter(name, price), frame)) for price in ("trade", "mid") for frame in frames)


def ticks_of(adapter: Adapter, frame: bytes) -> list[Tick]:
    """The ticks of a frame, history too."""
    try:
        decoded = adapter.decode(frame, None)
    except FrameError:
        return []
    found = (item.tick if isinstance(item, Backfill) else item for item in decoded)
    return [item for item in found if isinstance(item, Tick)]


def first_frames(file: TickFile) -> list[tuple[str, bytes]]:
    """Return the adapters and payloads of a file's first entries."""
    return [(entry[4], entry[6]) for entry in islice(file.entries(), 10 * _HEAD_LINES) if entry[4]]
