"""Raw recordings as the player needs them: when each frame came, and of which stream it is."""

import heapq
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from flows.readers.streams import check_file, lines
from flows.readers.text import NotReceivedError, captured, prefixed
from riskcore.errors import InputError

_STREAM = re.compile(rb'\{"stream":"([^"]+)"')
_NOT_SENT = b'{"lastUpdateId"'


class Played(NamedTuple):
    """One frame of a recording; ``stream`` is empty for a frame that names none."""

    received: int
    stream: str
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


def _read(path: Path) -> Iterator[Played]:
    check_file(path)
    for first, run in lines(path):
        for number, line in enumerate(run, first):
            try:
                received, frame = _split(line)
            except NotReceivedError:
                continue
            except ValueError:
                raise InputError(
                    f"{path} line {number} is not '<receive time, ns> <frame>': give a raw recording to play"
                ) from None
            if not frame.startswith(_NOT_SENT):
                named = _STREAM.match(frame)
                yield Played(received, named[1].decode(errors="replace") if named else "", frame)


def _split(line: bytes) -> tuple[int, bytes]:
    try:
        received, frame = prefixed(line)
    except ValueError:
        return captured(line)
    if not frame:
        raise ValueError(line[:40])
    return received, frame
