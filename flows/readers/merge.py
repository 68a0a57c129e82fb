"""Several inputs as one stream of records, in one order."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from heapq import merge
from itertools import chain
from pathlib import Path

from flows.feeds import get_adapter
from flows.feeds.adapter import Adapter
from flows.messages import Record
from flows.readers.entry import Entry
from flows.readers.recognise import TickFile, first_frames, open_file, ticks_of
from flows.readers.record_lines import RecordFile
from flows.readers.segments import JournalFile
from flows.readers.streams import BytesRead
from flows.readers.text import TextFile
from flows.timestamps import LIMIT
from riskcore.errors import InputError
from riskcore.messages import Tick

Progress = Callable[[int, int], object]
"""Called with the bytes read so far and the bytes that there are."""


def read_files(
    paths: Sequence[Path | str],
    format: str | None = None,  # noqa: A002 - the name of the command line's option
    start: int | None = None,
    end: int | None = None,
    on_progress: Progress | None = None,
    *,
    torn: bool = False,
) -> Iterator[Record]:
    """Read tick files, raw recordings and journals, merged by (receive time or else ``ts``; position; line).

    All inputs are opened and recognised before the first record. Each line is a FRAME record whose ``origin``
    is the file; one that cannot be read is handed on as it is, with the time before it, for its reason to be
    counted. Stamps are the largest time so far, so they never decrease; offsets count from 0, but one journal
    alone keeps its own.

    Parameters
    ----------
    paths
        Files or journal directories; compressed ones are recognised.
    format
        ``ndjson``, ``csv``, ``parquet``, ``journal`` or the name of an adapter; None looks into the files.
    start, end
        Times in nanoseconds: records from ``start`` on and before ``end``.
    on_progress
        See `Progress`.
    torn
        Take what can be read of compressed text that ends in the middle.

    Raises
    ------
    InputError
        At once: an input cannot be read or has no ticks in it.
    TailwatchError
        While reading: compressed data ends in the middle, or a journal is damaged.
    """
    files = [replace(file, torn=torn) if isinstance(file, TextFile) else file for file in _open_all(paths, format)]
    bytes_read = None if on_progress is None else _counter(files, on_progress)
    since, before = -LIMIT if start is None else start, LIMIT if end is None else end
    if len(files) == 1 and isinstance(files[0], JournalFile | RecordFile):
        records = files[0].records(bytes_read)
        return (record for record in records if since <= record.stamp < before)
    streams = [file.entries(bytes_read) for file in files]
    return _records(streams[0] if len(streams) == 1 else merge(*streams), since, before)


def feeds_of(
    paths: Sequence[Path | str],
    format: str | None = None,  # noqa: A002 - as above
) -> tuple[str, ...]:
    """Name the feeds (``binance:spot``) found in the first lines of the files, sorted.

    Raises
    ------
    InputError
        As `read_files`.
    """
    frames = chain.from_iterable(first_frames(file) for file in _open_all(paths, format))
    return tuple(sorted({tick.feed for name, frame in frames for tick in _ticks(name, frame)}))


def _ticks(name: str, frame: bytes) -> list[Tick]:
    return [tick for adapter in _adapters(name) for tick in ticks_of(adapter, frame)]


@cache
def _adapters(name: str) -> tuple[Adapter, ...]:
    return get_adapter(name, "trade"), get_adapter(name, "mid")


def _records(entries: Iterable[Entry], since: int, before: int) -> Iterator[Record]:
    offset, stamp = 0, 0
    for time, _, line, kind, adapter, origin, payload in entries:
        if since <= time < before:
            stamp = max(stamp, time)
            yield Record(offset, stamp, kind, adapter, origin, line, payload)
            offset += 1


def _open_all(paths: Sequence[Path | str], format_name: str | None) -> list[TickFile]:
    if not paths:
        raise InputError("no file to read was named")
    places = [Path(path) for path in paths]
    names = [place.name for place in places]
    origins = [str(place) if names.count(place.name) > 1 else place.name for place in places]
    return [
        open_file(place, position, origin, format_name)
        for position, (place, origin) in enumerate(zip(places, origins, strict=True))
    ]


def _counter(files: list[TickFile], on_progress: Progress) -> BytesRead:
    total = sum(_size(file.path) for file in files)
    done = 0

    def bytes_read(count: int) -> None:
        nonlocal done
        done = min(total, done + count)
        on_progress(done, total)

    return bytes_read


def _size(path: Path) -> int:
    parts = path.iterdir() if path.is_dir() else [path]
    return sum(part.stat().st_size for part in parts)
