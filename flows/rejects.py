"""What part of each venue's messages is refused lately: a venue that changed its format shows here first."""

from collections import Counter, deque
from collections.abc import Iterable

from flows.actors.ledger import LedgerRow

WINDOW_S = 10
"""Looks, one a second, that are compared."""
MOST = 0.01
"""The part of what came that may be refused."""
_FEW = 5
_OF_THE_MARKET = frozenset(("unknown_symbol", "off_market", "correction", "cancel", "crossed", "locked"))
"""Reasons that say something of the market, nothing of the messages."""


class Rejects:
    """Compares the ledger with what it was ten looks ago."""

    def __init__(self) -> None:
        self._looks: deque[dict[str, Counter[str]]] = deque(maxlen=WINDOW_S + 1)

    def look(self, rows: Iterable[LedgerRow]) -> str | None:
        """Take the ledger as of now; say whose messages are refused, and why; None while it is 1 % at most."""
        venues: dict[str, Counter[str]] = {}
        for row in rows:
            counted = venues.setdefault(row.feed.partition(":")[0], Counter())
            counted.update(row.rejected)
            counted[""] += row.received
        self._looks.append(venues)
        wrong = (self._wrong(venue, counted) for venue, counted in sorted(venues.items()))
        return "; ".join(filter(None, wrong)) or None

    def _wrong(self, venue: str, counted: Counter[str]) -> str | None:
        lately = counted - self._looks[0].get(venue, Counter())
        came = lately.pop("", 0)
        refused = Counter({reason: count for reason, count in lately.items() if reason not in _OF_THE_MARKET})
        if refused.total() < _FEW or refused.total() <= MOST * came:
            return None
        part = 100 * refused.total() / came
        return f"{part:.0f} % of what {venue} told lately is refused, most of it as {refused.most_common(1)[0][0]}"
