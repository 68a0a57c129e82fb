"""What the API needs of the database: the questions; :mod:`storage.reads` answers them."""

from collections.abc import AsyncGenerator, Sequence
from typing import Protocol

from storage.listen import Notification, notifications
from storage.reads import Reads
from storage.rows import EventRow, HistoryRow, PartRow, PositionRow, RunRow


class Reader(Protocol):
    """Answers within a deadline or raises ``storage.errors.DatabaseError``."""

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def newest_run(self) -> str | None: ...

    async def run(self, run: str) -> RunRow | None: ...

    async def portfolios(self, run: str) -> Sequence[EventRow]: ...

    async def oldest_id(self, run: str) -> int: ...

    async def newest_id(self, run: str) -> int: ...

    async def events_after(
        self,
        run: str,
        after: int,
        portfolios: Sequence[str] | None = None,
        kinds: Sequence[str] | None = None,
        limit: int = 500,
    ) -> Sequence[EventRow]: ...

    async def risk_history(
        self, run: str, portfolio: str, start: int, end: int, resolution_s: int
    ) -> Sequence[HistoryRow]: ...

    async def positions(self, run: str, portfolio: str) -> Sequence[PositionRow]: ...

    async def parts(self) -> Sequence[PartRow]: ...

    def notifications(self) -> AsyncGenerator[Notification | None, None]:
        """Yield when something may be new; never end, and never raise for a database that is away."""


class DatabaseReader(Reads):
    """The reads of ``storage`` together with its notifications."""

    def __init__(self, url: str, *, connections: int, timeout_s: float) -> None:
        super().__init__(url, connections=connections, timeout_s=timeout_s)
        self._listen_url = url

    def notifications(self) -> AsyncGenerator[Notification | None, None]:
        return notifications(self._listen_url)
