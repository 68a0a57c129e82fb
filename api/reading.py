"""What the API needs of the database: :mod:`storage.reads` reads it, :mod:`storage.commands` asks the engine by it."""

from collections.abc import AsyncGenerator, Sequence
from typing import Literal, Protocol

from storage.alerts import Alerts, StoredAlert, StoredLimit
from storage.backtests import Backtests
from storage.commands import ANSWERS, Asks
from storage.explained import Explanations
from storage.instruments import Instruments
from storage.jobs import JOBS, JobRow, Jobs
from storage.listen import Notification, heard_on, notifications
from storage.reads import Reads
from storage.rows import (
    AnswerRow,
    AsOfRow,
    BacktestRow,
    EventRow,
    HistoryRow,
    InstrumentRow,
    PartRow,
    PartsRow,
    PositionRow,
    RunRow,
    TokenRow,
)
from storage.scenarios import Scenarios


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

    async def first_moment(self, run: str, portfolio: str) -> int | None: ...

    async def risk_as_of(self, run: str, portfolio: str, known: int) -> EventRow | None: ...

    async def positions(self, run: str, portfolio: str) -> Sequence[PositionRow]: ...

    async def books(self, run: str, portfolios: Sequence[str]) -> Sequence[PositionRow]: ...

    async def instruments(self, run: str) -> Sequence[InstrumentRow]: ...

    async def limits(self, run: str, portfolio: str) -> Sequence[StoredLimit]: ...

    async def alert(self, run: str, name: str) -> StoredAlert | None: ...

    async def alerts(
        self, run: str, *, since: int, after: int, portfolios: Sequence[str] | None, limit: int
    ) -> Sequence[StoredAlert]: ...

    async def note_received(self, places: Sequence[tuple[str, int]]) -> None: ...

    async def undelivered(self, run: str) -> int: ...

    async def silences(self, run: str) -> Sequence[bytes]: ...

    async def token(self, digest: bytes) -> TokenRow | None: ...

    async def open_session(self, digest: bytes, token: bytes, lifetime_s: float) -> TokenRow | None: ...

    async def close_session(self, digest: bytes) -> None: ...

    async def parts(self) -> Sequence[PartRow]: ...

    async def ask(self, run: str, identifier: str, kind: Literal["command", "question"], payload: bytes) -> None: ...

    async def withdraw(self, identifier: str) -> bool: ...

    async def answers(self, identifiers: Sequence[str]) -> Sequence[AnswerRow]: ...

    async def as_of(self, run: str, portfolio: str, at: int) -> AsOfRow | None: ...

    async def begin(self, run: str, portfolio: str, at: int, method: str, confidence: float) -> AsOfRow | None: ...

    async def explained(
        self, run: str, portfolio: str, first: AsOfRow, last: AsOfRow, method: str, confidence: float
    ) -> PartsRow: ...

    async def backtest(self, run: str, portfolio: str, bars: int) -> Sequence[BacktestRow]: ...

    async def scenarios(self) -> Sequence[bytes]: ...

    async def store_scenario(self, name: str, definition: bytes, most: int) -> bool: ...

    async def delete_scenario(self, name: str) -> bool: ...

    async def add_job(
        self, identifier: str, run: str, kind: str, portfolio: str, request: bytes, most: int
    ) -> bool: ...

    async def jobs(self) -> Sequence[JobRow]: ...

    async def job(self, identifier: str) -> tuple[JobRow, str | None] | None: ...

    async def cancel_job(self, identifier: str) -> bool: ...

    def jobs_changed(self) -> AsyncGenerator[str | None, None]:
        """Yield the id of each job that has changed, and None when it is time to look without one."""

    def answered(self) -> AsyncGenerator[str | None, None]:
        """Yield the id of each command that is answered, and None when it is time to look without one."""

    def notifications(self) -> AsyncGenerator[Notification | None, None]:
        """Yield when something may be new; never end, and never raise for a database that is away."""


class DatabaseReader(Reads, Asks, Explanations, Backtests, Jobs, Scenarios, Instruments, Alerts):
    """What ``storage`` reads and asks, together with its notifications."""

    def __init__(self, url: str, *, connections: int, timeout_s: float) -> None:
        super().__init__(url, connections=connections, timeout_s=timeout_s)
        self._listen_url = url

    def notifications(self) -> AsyncGenerator[Notification | None, None]:
        return notifications(self._listen_url)

    def jobs_changed(self) -> AsyncGenerator[str | None, None]:
        return heard_on(self._listen_url, JOBS)

    def answered(self) -> AsyncGenerator[str | None, None]:
        return heard_on(self._listen_url, ANSWERS)
