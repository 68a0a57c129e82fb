"""State as bytes: a dictionary of arrays and a small JSON-able one, versioned and checksummed, never pickled.

Layout, little-endian: magic (4), format version (2), length of the header (4), header, arrays, CRC-32 of
all before (4). The header is JSON: what the state is of, its ``meta``, and name, dtype and shape of each
array in the order they follow.
"""

import json
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from riskcore.errors import TailwatchError

_MAGIC = b"TWst"
_VERSION = 1
_PREFIX = struct.Struct("<4sHI")
_CHECKSUM = struct.Struct("<I")
_DTYPES = {"<f8", "<f4", "<i8", "|b1"}


class StateError(TailwatchError):
    """The bytes are not a state that this program can restore: the message says what is wrong with them."""


@dataclass(frozen=True, slots=True)
class State:
    """What was packed: arrays own their memory and can be written to."""

    arrays: dict[str, NDArray[Any]]
    meta: dict[str, Any]


@dataclass(slots=True)
class Image:
    """A state whose large arrays are still in use: nothing was copied, which takes microseconds.

    Whoever owns such an array copies it before changing it, unless the image is ``released`` by then: nobody reads it
    any more.
    """

    arrays: dict[str, NDArray[Any]]
    meta: dict[str, Any]
    released: bool = False


def pack(kind: str, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> bytes:
    """Encode arrays (float64, float32, int64, bool) and JSON-able ``meta`` as the state of a ``kind``."""
    return b"".join(pieces(kind, arrays, meta))


def pieces(kind: str, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> Iterator[bytes | memoryview]:
    """Yield the bytes of :func:`pack` piece by piece; a contiguous array is not copied."""
    blocks = [np.ascontiguousarray(array) for array in arrays.values()]
    listed = [(name, block.dtype.str, block.shape) for name, block in zip(arrays, blocks, strict=True)]
    header = json.dumps({"kind": kind, "meta": dict(meta), "arrays": listed}, allow_nan=False).encode()
    parts: list[Any] = [_PREFIX.pack(_MAGIC, _VERSION, len(header)), header]
    parts += [block.reshape(-1).view(np.uint8).data for block in blocks]
    checksum = 0
    for part in parts:
        checksum = zlib.crc32(part, checksum)
        yield part
    yield _CHECKSUM.pack(checksum)


def unpack(kind: str, state: bytes) -> State:
    """Decode what :func:`pack` made for the same ``kind``.

    Raises
    ------
    StateError
        When the bytes are damaged, cut short, of a newer format, or the state of something else.
    """
    header, at = _header(state)
    if header["kind"] != kind:
        raise StateError(f"this is the state of a {header['kind']}, not of a {kind}: restore it there")
    arrays = {}
    for name, dtype, shape in header["arrays"]:
        if dtype not in _DTYPES:
            raise StateError(f"state array {name} has the unexpected type {dtype}: the state is not ours")
        count = int(np.prod(shape, dtype=np.int64))
        arrays[name] = np.frombuffer(state, dtype, count, at).reshape(shape).copy()
        at += arrays[name].nbytes
    return State(arrays, header["meta"])


def _header(state: bytes) -> tuple[dict[str, Any], int]:
    if len(state) < _PREFIX.size + _CHECKSUM.size or not state.startswith(_MAGIC):
        raise StateError("the state is cut short or not ours: rebuild it from the journal")
    body = memoryview(state)[: -_CHECKSUM.size]
    if _CHECKSUM.unpack(state[-_CHECKSUM.size :])[0] != zlib.crc32(body):
        raise StateError("the state is damaged (its checksum does not match): rebuild it from the journal")
    _, version, length = _PREFIX.unpack_from(state)
    if version != _VERSION:
        raise StateError(f"the state has format {version}, this program reads {_VERSION}: rebuild it from the journal")
    end = _PREFIX.size + length
    return json.loads(bytes(body[_PREFIX.size : end])), end
