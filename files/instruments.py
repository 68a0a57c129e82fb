"""What is known of an instrument, and under which names it is found."""

from collections.abc import Mapping

import msgspec


class Instrument(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is known of an instrument, whoever holds it."""

    symbol: str
    currency: str | None = None
    multiplier: float | None = None
    product: str = "spot"
    mark: float | None = None
    """A price set by hand, for want of ticks."""
    proxy: str | None = None
    """The instrument whose returns stand in for its own."""
    negative: bool = False
    """Its price can be 0 or below."""
    session: str | None = None
    """The calendar by which it trades; None for always."""
    ends: int | None = None
    """Event time from which on it is no more (delisted, expired), nanoseconds."""


def of_symbol(instruments: Mapping[str, Instrument], symbol: str) -> Instrument | None:
    """What is known of an instrument under the name that a position has for it: that name, or the venue's own of it."""
    return instruments.get(symbol) or instruments.get(symbol.rpartition(":")[2])
