"""Why a frame could not be decoded, from a closed list; asked only after decoding has failed."""

import re

import msgspec

from flows.feeds.adapter import MAX_FRAME, FrameError, FrameReason, TickReason

_NOT_A_NUMBER = re.compile(rb"[:,\[\s][+-]?(?:NaN|[Ii]nf(?:inity)?)\b")

_OF_A_TICK: dict[str, TickReason] = {
    "not_finite": "not_finite",
    "not_an_object": "not_an_object",
    "missing_field": "missing_field",
    "doubled_field": "doubled_field",
}

UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What decoding may raise."""


def check_bytes(payload: bytes) -> None:
    """Refuse a frame that is too large or not UTF-8, wherever in it the fault is."""
    if len(payload) > MAX_FRAME:
        raise FrameError("too_large")
    if not payload.isascii():
        try:
            payload.decode()
        except UnicodeDecodeError:
            raise FrameError("not_utf8") from None


def reason_of(error: Exception, payload: bytes) -> FrameReason:
    """Name the fault that made decoding ``payload`` raise ``error``."""
    if isinstance(error, RecursionError):
        return "too_deep"
    if isinstance(error, UnicodeDecodeError):
        return "not_utf8"
    if isinstance(error, msgspec.ValidationError):
        return _reason_of_content(str(error))
    return "not_finite" if _NOT_A_NUMBER.search(payload) else "malformed"


def tick_reason(reason: FrameReason) -> TickReason:
    """The reason of a frame as that of one tick among others."""
    return _OF_A_TICK.get(reason, "wrong_type")


def _reason_of_content(message: str) -> FrameReason:
    if message.startswith("Number out of range"):
        return "not_finite"
    if "missing required field" in message:
        return "missing_field"
    if message.startswith("Expected `object") and " - at " not in message:
        return "not_an_object"
    return "wrong_type"
