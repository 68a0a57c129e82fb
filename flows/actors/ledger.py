"""The ledger: what became of every tick, exactly.

received = accepted + duplicate + the sum of rejected, for every feed and symbol. What cannot be told to
belong to an instrument of the universe is booked under the empty symbol, so the ledger is as large as the
universe and no larger.
"""

from typing import Any, NamedTuple


class Account:
    """The book of one symbol of one feed. Lateness is told by the bars, as a part of accepted."""

    __slots__ = ("accepted", "duplicate", "missing", "received", "rejected")

    def __init__(self) -> None:
        self.received = 0
        self.accepted = 0
        self.duplicate: dict[str, int] = {}
        self.rejected: dict[str, int] = {}
        self.missing = 0
        """Identifiers in declared gaps; those that came after all are told by the series."""

    @property
    def is_balanced(self) -> bool:
        return self.received == self.accepted + sum(self.duplicate.values()) + sum(self.rejected.values())


class LedgerRow(NamedTuple):
    """One account, for metrics and status."""

    feed: str
    symbol: str
    received: int
    accepted: int
    duplicate: int
    conflict: int
    """Those of the duplicates that told another price: the first one counts."""
    rejected: dict[str, int]
    missing: int


class Settled(NamedTuple):
    """What became of every tick of a run: ``received`` is the sum of all fates."""

    received: int
    accepted: int
    duplicate: int
    late: int
    rejected: dict[str, int]
    """Counted by reason."""
    missing: int
    """Identifiers in declared gaps; they were never received."""

    @property
    def is_balanced(self) -> bool:
        """Whether every tick received has exactly one fate."""
        return self.accepted >= 0 and self.received == sum(
            (self.accepted, self.duplicate, self.late, *self.rejected.values())
        )


def settled_accounts(rows: list[LedgerRow], decided: dict[str, dict[str, list[int]]]) -> dict[tuple[str, str], Settled]:
    """The account of each feed and symbol, after what bars and jumps have decided (late and suspect, by both)."""
    return {(row.feed, row.symbol): settled(row, *decided.get(row.feed, {}).get(row.symbol, (0, 0))) for row in rows}


def settled(total: LedgerRow, late: int, suspect: int) -> Settled:
    """Add to the decoder's sum what bars and model tell; what the decoder let through counts as accepted until then."""
    rejected = total.rejected | ({"suspect": suspect} if suspect else {})
    accepted = total.accepted - late - suspect
    return Settled(total.received, accepted, total.duplicate, late, rejected, total.missing)


class Ledger:
    """All accounts, by feed and symbol."""

    def __init__(self) -> None:
        self._accounts: dict[tuple[str, str], Account] = {}

    def account(self, feed: str, symbol: str = "") -> Account:
        """The account of a symbol, or of what belongs to none; made when it is not there."""
        account = self._accounts.get((feed, symbol))
        return account or self._accounts.setdefault((feed, symbol), Account())

    def rows(self) -> list[LedgerRow]:
        """Every account, sorted by feed and symbol."""
        return [_row(feed, symbol, account) for (feed, symbol), account in sorted(self._accounts.items())]

    def total(self) -> LedgerRow:
        """The sum of all accounts, under no name."""
        rejected: dict[str, int] = {}
        sums = [0, 0, 0, 0, 0]
        for row in self.rows():
            for reason, count in row.rejected.items():
                rejected[reason] = rejected.get(reason, 0) + count
            figures = (row.received, row.accepted, row.duplicate, row.conflict, row.missing)
            sums = [total + figure for total, figure in zip(sums, figures, strict=True)]
        received, accepted, duplicate, conflict, missing = sums
        return LedgerRow("", "", received, accepted, duplicate, conflict, rejected, missing)

    @property
    def is_balanced(self) -> bool:
        """Whether every tick received has exactly one fate."""
        return all(account.is_balanced for account in self._accounts.values())

    def state(self) -> list[dict[str, Any]]:
        """What :meth:`restore` needs, as JSON-able data."""
        return [
            {"feed": feed, "symbol": symbol} | {name: getattr(account, name) for name in Account.__slots__}
            for (feed, symbol), account in self._accounts.items()
        ]

    @classmethod
    def restore(cls, state: list[dict[str, Any]]) -> "Ledger":
        """Make the ledger that :meth:`state` described."""
        ledger = cls()
        for row in state:
            account = ledger.account(row["feed"], row["symbol"])
            for name in Account.__slots__:
                setattr(account, name, row[name])
        return ledger


def _row(feed: str, symbol: str, account: Account) -> LedgerRow:
    duplicates = account.duplicate
    return LedgerRow(
        feed,
        symbol,
        account.received,
        account.accepted,
        sum(duplicates.values()),
        duplicates.get("conflict", 0),
        dict(account.rejected),
        account.missing,
    )
