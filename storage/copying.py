"""Rows as lines of COPY's text format: how what was refused and what is missing is stored, and all is verified.

Text that PostgreSQL cannot store (a NUL, half of a surrogate pair) becomes a replacement character: one such
character would refuse the whole batch for ever. The quarantine keeps the bytes as they came.
"""

from functools import lru_cache

from storage.rows import AcceptedTick, MissingRange, RefusedTick

PAYLOAD_LIMIT = 64 * 1024
"""Bytes of a refused frame that are kept."""

_NULL = r"\N"
_ORDINALS = 1 << 20
_UNSTORABLE = str.maketrans({"\0": "\ufffd"})
_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r", "\b": r"\b", "\f": r"\f", "\v": r"\v"})


def tick_line(row: AcceptedTick) -> str:
    tick = row.tick
    return (
        f"{_text(tick.feed)}\t{_text(tick.symbol)}\t{tick.event_time}\t{tick.price}\t{_number(tick.size)}"
        f"\t{_number(tick.bid)}\t{_number(tick.ask)}\t{tick.side or _NULL}\t{_number(tick.identifier)}\t{fact_of(row)}"
        f"\t{received_of(row)}\t{row.offset}\t{row.ordinal}\n"
    )


def fact_of(row: AcceptedTick) -> int:
    """The venue's identifier; without one the place in the journal, below zero where none counts."""
    identifier = row.tick.identifier
    return -(row.offset * _ORDINALS + row.ordinal) - 1 if identifier is None else identifier


def received_of(row: AcceptedTick) -> int:
    received = row.tick.received
    return row.stamp if received is None else received


def refused_line(row: RefusedTick) -> str:
    feed, symbol = (_NULL, _NULL) if row.tick is None else (_text(row.tick.feed), _text(row.tick.symbol))
    return (
        f"{row.offset}\t{row.ordinal}\t{row.stamp}\t{_text(row.origin)}\t{row.line}\t{row.fate}\t{_text(row.reason)}"
        f"\t{feed}\t{symbol}\t\\\\x{row.payload[:PAYLOAD_LIMIT].hex()}\t{len(row.payload)}\n"
    )


def gap_line(row: MissingRange) -> str:
    return f"{_text(row.feed)}\t{_text(row.symbol)}\t{row.first}\t{row.last}\t{row.offset}\t{row.stamp}\n"


def _number(value: float | None) -> str:
    return _NULL if value is None else str(value)


@lru_cache(maxsize=16_384)
def _text(value: str) -> str:
    return storable(value).translate(_ESCAPES)


def storable(value: str) -> str:
    """The text with what PostgreSQL cannot store replaced."""
    return value.translate(_UNSTORABLE).encode("utf-8", "replace").decode()
