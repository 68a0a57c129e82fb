"""The ledger as a table: what became of every tick, by feed and symbol."""

from collections.abc import Iterable, Sequence

import msgspec

from tailwatch.logging import one_line

SHOWN = 20
_COLUMNS = ("received", "accepted", "duplicate", "late", "rejected", "missing")


class Account(msgspec.Struct):
    """One account, as the engine tells it."""

    feed: str
    symbol: str
    received: int
    accepted: int
    duplicate: int
    late: int
    rejected: dict[str, int]
    missing: int

    @property
    def counts(self) -> tuple[int, ...]:
        refused = sum(self.rejected.values())
        return self.received, self.accepted, self.duplicate, self.late, refused, self.missing


class _Told(msgspec.Struct):
    accounts: list[Account] = []


def accounts_in(state: bytes) -> list[Account]:
    """The accounts in what the part ``ledger`` says of itself."""
    return msgspec.json.decode(state, type=_Told).accounts


def table(accounts: Sequence[Account]) -> Iterable[str]:
    """Lines of a table: those first whose ticks were not all accepted; at most twenty, and how many more there are."""
    yield f"{'LEDGER':<40}" + "".join(f"{name:>13}" for name in _COLUMNS) + "  reasons"
    ordered = sorted(accounts, key=lambda one: (one.accepted - one.received - one.missing, one.feed, one.symbol))
    for one in ordered[:SHOWN]:
        reasons = ", ".join(f"{reason} {count:,d}" for reason, count in sorted(one.rejected.items()))
        name = one_line(f"{one.feed} {one.symbol or '(no instrument)'}")
        yield f"{name:<40}" + "".join(f"{count:13,d}" for count in one.counts) + f"  {reasons}".rstrip()
    if len(ordered) > SHOWN:
        yield f"and {len(ordered) - SHOWN:,d} more"
