"""Bytes of a file, decompressed and cut into lines, in bounded memory whatever the file holds."""

import os
import stat
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import structlog
import zstandard

from flows.feeds.adapter import MAX_FRAME
from riskcore.errors import InputError, TailwatchError

_log = structlog.get_logger(__name__)
CHUNK = 256 * 1024
_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_GZIP_WINDOW = 31
_ZSTD_WINDOW = 128 * 1024 * 1024
_ZSTD_STEP = 512
"""Compressed bytes decompressed at once: at zstd's highest ratio (128 KiB in 4 bytes) that is 16 MiB."""

_FREE = 64 * 1024 * 1024
_MAX_RATIO = 500
"""Recordings pack to a tenth or a thirtieth; what unpacks to more than this was made to fill a memory or a disk."""

BytesRead = Callable[[int], None]


class Torn(Exception):  # noqa: N818 - not an error yet: who knows the line makes it one
    """Compressed data ends in the middle or is damaged."""


def check_file(path: Path) -> None:
    """Refuse what is no regular file or cannot be read.

    Raises
    ------
    InputError
        The message names the file.
    """
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            raise InputError(f"{path}: is not a regular file")
        os.close(os.open(path, os.O_RDONLY))
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error


def chunks(path: Path, bytes_read: BytesRead | None = None) -> Iterator[bytes]:
    """Yield the file's bytes, decompressed by what they begin with (gzip, zstd), in bounded pieces.

    Raises
    ------
    Torn
        The compressed data ends in the middle or is damaged; all before it has been yielded.
    InputError
        It unpacks to over 64 MiB and more than 500 times what was read of it: a bomb.
    """
    taken = made = 0

    def count(size: int) -> None:
        nonlocal taken
        taken += size
        if bytes_read is not None:
            bytes_read(size)

    raw = _raw(path, count)
    first = next(raw, b"")
    for piece in _unpacked(first, _chain(first, raw)):
        made += len(piece)
        if made > _FREE and made > _MAX_RATIO * taken:
            raise InputError(f"{path}: unpacks to more than {_MAX_RATIO} times its size, as no recording does")
        yield piece


def lines(
    path: Path, bytes_read: BytesRead | None = None, longest: int = MAX_FRAME, *, torn: bool = False
) -> Iterator[tuple[int, list[bytes]]]:
    """Yield runs of lines with the number of their first, without line ends and byte order mark.

    Of a line over ``longest`` (1 MiB) only so much and one byte are kept, which tells everybody that it is too long.

    Raises
    ------
    TailwatchError
        Compressed data ends in the middle or is damaged: the message names the last line before. With ``torn`` that is
        a warning, and the lines end there, without the torn one.
    """
    number, rest, skipping, first = 1, b"", False, True
    try:
        for chunk in chunks(path, bytes_read):
            data = chunk.removeprefix(b"\xef\xbb\xbf") if first else chunk
            first = False
            if skipping:
                if (newline := data.find(b"\n")) < 0:
                    continue
                data, skipping = data[newline:], False
            found = (rest + data).split(b"\n")
            rest = found.pop()
            if found:
                yield number, _without_returns(found) if b"\r" in data or b"\r" in found[0] else found
                number += len(found)
            if len(rest) > longest:
                rest, skipping = rest[: longest + 1], True
    except Torn as end:
        if not torn:
            raise TailwatchError(f"{path}: {end}, after line {number - 1}") from end
        _log.warning("only the beginning of a file is read", file=str(path), because=str(end), last_line=number - 1)
        return
    if rest:
        yield number, _without_returns([rest])


def _without_returns(found: list[bytes]) -> list[bytes]:
    return [line.rstrip(b"\r") for line in found]


def _chain(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _raw(path: Path, bytes_read: BytesRead) -> Iterator[bytes]:
    with path.open("rb", buffering=0) as file:
        while block := file.read(CHUNK):
            bytes_read(len(block))
            yield block


def _unpacked(first: bytes, blocks: Iterator[bytes]) -> Iterator[bytes]:
    if first.startswith(_GZIP):
        return _gunzip(blocks)
    return _unzstd(blocks) if first.startswith(_ZSTD) else blocks


def _gunzip(blocks: Iterator[bytes]) -> Iterator[bytes]:
    member, inside = zlib.decompressobj(_GZIP_WINDOW), False
    try:
        for block in blocks:
            rest = block
            while rest:
                inside = True
                yield member.decompress(rest, CHUNK)
                rest = member.unconsumed_tail
                if member.eof:
                    rest = member.unused_data.lstrip(b"\0")
                    member, inside = zlib.decompressobj(_GZIP_WINDOW), False
        while inside and (pending := member.decompress(b"", CHUNK)):
            yield pending
    except zlib.error as error:
        raise Torn(f"the gzip data is damaged ({error})") from error
    if inside and not member.eof:
        raise Torn("the gzip data ends in the middle")


def _unzstd(blocks: Iterator[bytes]) -> Iterator[bytes]:
    decompressor = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
    frame, inside = decompressor.decompressobj(), False
    try:
        for block in blocks:
            for start in range(0, len(block), _ZSTD_STEP):
                rest = block[start : start + _ZSTD_STEP]
                while rest:
                    inside = True
                    yield frame.decompress(rest)
                    rest = b""
                    if frame.eof:
                        rest = frame.unused_data
                        frame, inside = decompressor.decompressobj(), False
    except zstandard.ZstdError as error:
        raise Torn(f"the zstd data is damaged ({error})") from error
    if inside:
        raise Torn("the zstd data ends in the middle")
