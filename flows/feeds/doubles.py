"""Whether an object of JSON says one field twice, in two ways: decoders take the last one, and tell nobody."""

import json
from typing import Any

from flows.feeds.adapter import FrameError


class _SaidTwiceError(Exception):
    pass


def check_fields(payload: bytes) -> None:
    """Refuse a frame in which :func:`says_twice` finds something. Raises FrameError."""
    if says_twice(payload):
        raise FrameError("doubled_field")


def says_twice(payload: bytes) -> bool:
    """Tell whether some object in ``payload``, which has been decoded, has a key twice with different values.

    A frame whose keys and texts are all different has none twice. Any other, or one with escapes, is parsed by the
    standard library, key by key: ten times the cost.
    """
    try:
        return not _has_distinct_keys(payload) and _is_told_in_two_ways(payload)
    except RecursionError:
        raise FrameError("too_deep") from None


def _has_distinct_keys(payload: bytes) -> bool:
    if b"\\" in payload:
        return False
    texts = payload.split(b'"')[1::2]
    return len(set(texts)) == len(texts)


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
