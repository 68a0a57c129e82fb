"""Raw recordings as the player needs them: when each frame came, and what a client must have asked for to get it."""

import heapq
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, get_args

from flows.feeds import get_adapter
from flows.feeds.adapter import Adapter, PriceSource
from flows.readers.recognise import open_file, ticks_of
from flows.readers.streams import check_file, lines
from flows.readers.text import NotReceivedError, TextFile, captured, prefixed
from riskcore.errors import InputError

_STREAM = re.compile(rb'\{"stream":"([^"]+)"')
_NOT_SENT = b'{"lastUpdateId"'


class Played(NamedTuple):
    """One frame of a recording; ``names`` are its stream or its symbols, none for what goes to everybody."""

    received: int
    names: frozenset[str]
    frame: bytes


def read_recordings(paths: Sequence[Path]) -> Iterator[Played]:
    """Read the frames of all files in order of their receive times; answers to REST requests are left out.

    Raises
    ------
    InputError
        A file that cannot be read or is not a raw recording: lines of ``<receive time, ns> <frame>``, or a
        capture of cryptofeed.
    TailwatchError
        Compressed data ends in the middle.
    """
    return heapq.merge(*(_read(path) for path in paths), key=lambda played: played.received)


def heartbeat_of(path: Path) -> bytes:
    """What the venue of a recording sends when there is nothing to say; empty for one that pings."""
    return next((adapter.heartbeat for adapter in _adapters(path)), b"")


def _read(path: Path) -> Iterator[Played]:
    check_file(path)
    adapters = _adapters(path)
    for first, run in lines(path):
        for number, line in enumerate(run, first):
            if not line:
                continue
            try:
                received, frame = _split(line)
            except NotReceivedError:
                continue
            except ValueError:
                raise InputError(
                    f"{path} line {number} is not '<receive time, ns> <frame>': give a raw recording to play"
                ) from None
            if not frame.startswith(_NOT_SENT):
                yield Played(received, _names(adapters, frame), frame)


def _adapters(path: Path) -> tuple[Adapter, ...]:
    """Both readings of the venue that the recording is of, none where that cannot be told."""
    try:
        file = open_file(path, 0, path.name, None)
    except InputError:
        return ()
    if not isinstance(file, TextFile):
        return ()
    return tuple(get_adapter(file.adapter, price) for price in get_args(PriceSource))


def _names(adapters: Sequence[Adapter], frame: bytes) -> frozenset[str]:
    if (named := _STREAM.match(frame)) is not None:
        return frozenset((named[1].decode(errors="replace"),))
    return frozenset(tick.symbol for adapter in adapters for tick in ticks_of(adapter, frame))


def _split(line: bytes) -> tuple[int, bytes]:
    try:
        received, frame = prefixed(line)
    except ValueError:
        return captured(line)
    if not frame:
        raise ValueError(line[:40])
    return received, frame
