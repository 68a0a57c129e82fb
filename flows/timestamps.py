"""Timestamps: RFC 3339 text or Unix integers on the outside, integer nanoseconds UTC inside."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from riskcore.errors import InputError

NANOSECONDS = 1_000_000_000
LIMIT = 2**63 - 1
"""The largest absolute timestamp: years 1677 to 2262, what 64 bits of nanoseconds hold."""

_TEXT = re.compile(r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}):(\d{2})(?:\.(\d{1,9}))?([Zz]|[+-]\d{2}:\d{2})", re.ASCII)
_INTEGER = re.compile(r"[+-]?\d{1,19}", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse_timestamp(value: str | int) -> int:
    """Read a time as nanoseconds since the epoch, UTC.

    Text is RFC 3339 with up to nine digits of a second and an offset, or an integer in digits. An
    integer counts seconds, milliseconds, microseconds or nanoseconds, told by its magnitude (below
    1e11, 1e14, 1e17, above), so that every unit covers the years from 1973 on. A leap second ``:60``
    is the first moment of the next minute.

    Raises
    ------
    InputError
        The value is neither, has no offset, or lies outside the years 1677 to 2262.

    Examples
    --------
    >>> parse_timestamp("2026-11-22T09:30:00.123456789Z")
    1795339800123456789
    >>> parse_timestamp("2026-11-22T10:30:00+01:00"), parse_timestamp(1795339800000)
    (1795339800000000000, 1795339800000000000)
    """
    if isinstance(value, str):
        nanoseconds = _from_text(value)
    elif isinstance(value, int) and not isinstance(value, bool):
        nanoseconds = _by_magnitude(value)
    else:
        raise InputError(f"timestamp {value!r} is neither text nor an integer")
    if not -LIMIT <= nanoseconds <= LIMIT:
        raise InputError(f"timestamp {value!r} is outside the years 1677 to 2262")
    return nanoseconds


def format_timestamp(nanoseconds: int) -> str:
    """Write a time as RFC 3339 with nine digits of a second and ``Z``.

    Examples
    --------
    >>> format_timestamp(1795339800123456789)
    '2026-11-22T09:30:00.123456789Z'
    """
    second, fraction = divmod(nanoseconds, NANOSECONDS)
    return f"{_second_text(second)}.{fraction:09d}Z"


@lru_cache(maxsize=4096)
def _second_text(second: int) -> str:
    return (_EPOCH + timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%S")


def _by_magnitude(value: int) -> int:
    size = abs(value)
    if size < 10**11:
        return value * NANOSECONDS
    if size < 10**14:
        return value * 1_000_000
    if size < 10**17:
        return value * 1_000
    return value


def _from_text(text: str) -> int:
    match = _TEXT.fullmatch(text)
    if match is None:
        if _INTEGER.fullmatch(text):
            return _by_magnitude(int(text))
        raise InputError(f"timestamp {text[:40]!r} is not RFC 3339 with an offset, nor an integer")
    date, minute, second, fraction, zone = match.groups()
    start = _minute(date, minute, zone)
    if start is None or int(second) > 60:
        raise InputError(f"timestamp {text!r} names a day or an hour that does not exist")
    return start + int(second) * NANOSECONDS + int((fraction or "").ljust(9, "0"))


@lru_cache(maxsize=4096)
def _minute(date: str, minute: str, zone: str) -> int | None:
    offset = "+00:00" if zone in "Zz" else zone
    try:
        moment = datetime.fromisoformat(f"{date}T{minute}:00{offset}")
        return (moment - _EPOCH) // timedelta(seconds=1) * NANOSECONDS
    except (ValueError, OverflowError):
        return None
