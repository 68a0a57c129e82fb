"""The times that venues write, as nanoseconds."""

import re

from flows.feeds.adapter import FrameError
from flows.timestamps import NANOSECONDS, parse_timestamp
from riskcore.errors import InputError

_SECONDS = re.compile(r"(\d{1,11})(?:\.(\d{1,9}))?", re.ASCII)


def text_time(text: str | None) -> int:
    """Read RFC 3339.

    Raises
    ------
    FrameError
        There is none, or it is something else.
    """
    if text is None:
        raise FrameError("missing_field")
    try:
        return parse_timestamp(text)
    except InputError:
        raise FrameError("wrong_type") from None


def decimal_seconds(text: str) -> int:
    """Read seconds with a fraction as text, ``1618678142.557535``, without a float in between.

    Examples
    --------
    >>> decimal_seconds("1618678142.557535")
    1618678142557535000
    """
    match = _SECONDS.fullmatch(text)
    if match is None:
        raise FrameError("wrong_type")
    whole, fraction = match.groups()
    return int(whole) * NANOSECONDS + int((fraction or "").ljust(9, "0"))
