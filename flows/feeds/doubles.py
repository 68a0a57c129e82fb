"""Whether an object of JSON says one field twice, in two ways: decoders take the last one, and tell nobody."""

import json
from typing import Any

import msgspec

from flows.feeds.adapter import FrameError

_decode = msgspec.json.Decoder().decode


class _SaidTwiceError(Exception):
    pass


def check_fields(payload: bytes) -> None:
    """Refuse a frame in which :func:`says_twice` finds something. Raises FrameError."""
    if says_twice(payload):
        raise FrameError("doubled_field")


def says_twice(payload: bytes) -> bool:
    """Tell whether some object in ``payload``, which has been decoded, has a key twice with different values.

    Each distinct key and each text among the values stands between two quotation marks. A frame that has no others is
    done; any other, or one with escapes, is parsed by the standard library, key by key.
    """
    try:
        return not _has_distinct_keys(payload) and _is_told_in_two_ways(payload)
    except RecursionError:
        raise FrameError("too_deep") from None


def _has_distinct_keys(payload: bytes) -> bool:
    if b"\\" in payload:
        return False
    try:
        return 2 * _texts(_decode(payload)) == payload.count(b'"')
    except msgspec.MsgspecError:
        return False


def _texts(content: Any) -> int:
    is_object = type(content) is dict
    parts = content.values() if is_object else content
    kinds = list(map(type, parts))
    found = kinds.count(str) + (len(kinds) if is_object else 0)
    if dict in kinds or list in kinds:
        found += sum(_texts(part) for part in parts if type(part) in (dict, list))
    return found


def _is_told_in_two_ways(payload: bytes) -> bool:
    try:
        # Numbers as they are written: any length, and no rounding makes two of them one.
        json.loads(payload, object_pairs_hook=_distinct, parse_int=str, parse_float=str)
    except _SaidTwiceError:
        return True
    except ValueError:
        raise FrameError("malformed") from None
    return False


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs) and any(fields[name] != value for name, value in pairs):
        raise _SaidTwiceError
    return fields
