"""Raw recordings as the player needs them: when each frame came, and of which stream it is."""

import gzip
import heapq
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

import zstandard

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
        A file that cannot be read or is not a raw recording: lines of ``<receive time, ns> <frame>``.
    """
    return heapq.merge(*(_read(path) for path in paths), key=lambda played: played.received)


def _read(path: Path) -> Iterator[Played]:
    try:
        with _opened(path) as file:
            for number, line in enumerate(file, 1):
                stamp, _, frame = line.rstrip(b"\r\n").partition(b" ")
                if not stamp.isdigit() or not frame:
                    raise InputError(
                        f"{path} line {number} is not '<receive time, ns> <frame>': give a raw recording to play"
                    )
                if not frame.startswith(_NOT_SENT):
                    named = _STREAM.match(frame)
                    yield Played(int(stamp), named[1].decode(errors="replace") if named else "", frame)
    except (OSError, EOFError, zstandard.ZstdError) as error:
        raise InputError(f"cannot read the recording {path}: {error}") from None


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    with path.open("rb") as file:
        if path.suffix == ".gz":
            with gzip.open(file) as unpacked:
                yield unpacked  # type: ignore[misc]  # a GzipFile reads like a file
        elif path.suffix == ".zst":
            with zstandard.ZstdDecompressor().stream_reader(file) as unpacked:
                yield io.BufferedReader(unpacked)
        else:
            yield file
