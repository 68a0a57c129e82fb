"""Server-sent events as bytes, made once and sent to every client."""

from typing import NamedTuple

RETRY = b"retry: 2000\n"
"""Stands in front of the first event: without a blank line, which some parsers take for an event without data."""
PING = b": ping\n"
"""A comment, without a blank line for the same reason."""


class Event(NamedTuple):
    """A stored event with its frame; ``payload`` is a slice of the frame, so it is kept once."""

    id: int
    portfolio: str
    kind: str
    cursor: str
    frame: bytes
    transient: bool = False
    """A figure between bars."""

    @property
    def payload(self) -> bytes:
        return self.frame[self.frame.index(b"\ndata: ") + 7 : -2]


def frame(event: str, payload: bytes, identifier: str | None = None) -> bytes:
    """Write one event. ``payload`` goes out unchanged, so it must be a single line.

    Raises
    ------
    ValueError
        For a line break in the name, the identifier or the payload: it would split the event in two.
    """
    head = f"event: {event}\n" if identifier is None else f"event: {event}\nid: {identifier}\n"
    parts = (event.encode(), (identifier or "").encode(), payload)
    if any(b"\n" in part or b"\r" in part or b"\x00" in part for part in parts):
        raise ValueError(f"a {event} event must be a single line without NUL")
    return head.encode() + b"data: " + payload + b"\n\n"
