"""Whatever is written and read in whatever order: no alert is lost, nothing comes twice, nothing out of order."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from api import following
from api.following import Following, Wanted, newest_of_each
from api.frames import Event
from api.hub import Hub
from api.settings import ApiSettings
from storage.rows import EventRow, RunRow

written = st.tuples(st.sampled_from(["risk", "risk", "alert"]), st.sampled_from("abc"))
steps = st.lists(st.one_of(written, st.just("notify"), st.just("read")), max_size=60)


class Table:
    """An outbox in memory; what is written is seen by the hub only when it is notified."""

    def __init__(self) -> None:
        self.rows: list[EventRow] = []

    def write(self, kind: str, portfolio: str) -> None:
        number = len(self.rows) + 1
        self.rows.append(EventRow(number, kind, portfolio, b'{"n":%d}' % number))

    async def newest_run(self) -> str:
        return "live"

    async def run(self, run: str) -> RunRow:
        return RunRow(run, "live", b"{}", "", 0)

    async def portfolios(self, run: str) -> Sequence[EventRow]:
        return list({row.portfolio: row for row in self.rows if row.kind == "risk"}.values())

    async def oldest_id(self, run: str) -> int:
        return min(1, len(self.rows))

    async def newest_id(self, run: str) -> int:
        return len(self.rows)

    async def events_after(
        self, run: str, after: int, portfolios: Any = None, kinds: Any = None, limit: int = 500
    ) -> Sequence[EventRow]:
        await asyncio.sleep(0)
        found = [
            row
            for row in self.rows[after:]
            if (kinds is None or row.kind in kinds) and (portfolios is None or row.portfolio in portfolios)
        ]
        return found[:limit]


class Client:
    """Reads one chunk when it is told to, as a slow reader does."""

    def __init__(self, frames: AsyncIterator[bytes]) -> None:
        self._frames = frames
        self._next: asyncio.Future[bytes] | None = None
        self.received = b""

    async def read(self) -> bool:
        if self._next is None:
            self._next = asyncio.ensure_future(anext(self._frames))
        for _ in range(20):
            await asyncio.sleep(0)
        if not self._next.done():
            return False
        self.received += self._next.result()
        self._next = None
        return True

    async def close(self) -> None:
        if self._next is not None:
            self._next.cancel()
            await asyncio.gather(self._next, return_exceptions=True)

    def numbers(self) -> list[int]:
        lines = self.received.split(b"\n")
        return [int(line.removeprefix(b'data: {"n":')[:-1]) for line in lines if line.startswith(b'data: {"n":')]


async def played(before: list[Any], then: list[Any], keep: int, resumes_at: int | None) -> tuple[Table, list[int]]:
    table: Any = Table()
    for kind, portfolio in before:
        table.write(kind, portfolio)
    hub = Hub(table, ApiSettings("", keep_bytes=keep))
    await hub._advance()
    cursor = None
    if resumes_at is not None:
        cursor = await hub._cursor_of(await table.run("live"), resumes_at)
    client = Client(Following(hub, table, Wanted(), cursor).frames())
    for step in then:
        if step == "notify":
            await hub._advance()
        elif step == "read":
            await client.read()
        else:
            table.write(*step)
    await hub._advance()
    while await client.read():
        pass
    await client.close()
    return table, client.numbers()


def check(table: Table, got: list[int], after: int) -> None:
    assert got == sorted(set(got)), "something came twice or out of order"
    rows = [row for row in table.rows if row.id > after]
    alerts = {row.id for row in rows if row.kind == "alert"}
    assert alerts <= set(got), "an alert was lost"
    newest = {row.portfolio: row.id for row in rows if row.kind == "risk"}
    assert set(newest.values()) <= set(got), "the newest figures were left out"


@given(before=st.lists(written, max_size=40), then=steps, keep=st.integers(0, 2_000), data=st.data())
@settings(deadline=None, max_examples=150)
def test_resumed_stream_has_neither_hole_nor_double(before: list[Any], then: list[Any], keep: int, data: Any) -> None:
    resumes_at = data.draw(st.integers(0, len(before)))
    original = following.UNCONFLATED, following.PAGE
    following.UNCONFLATED, following.PAGE = data.draw(st.integers(1, 10)), data.draw(st.integers(1, 10))
    try:
        table, got = asyncio.run(played(before, then, keep, resumes_at))
    finally:
        following.UNCONFLATED, following.PAGE = original
    check(table, got, resumes_at)
    assert all(number > resumes_at for number in got)


@given(before=st.lists(written, max_size=20), then=steps, keep=st.integers(0, 2_000))
@settings(deadline=None, max_examples=100)
def test_new_stream_has_the_present_and_all_that_follows(before: list[Any], then: list[Any], keep: int) -> None:
    table, got = asyncio.run(played(before, ["read", "read", *then], keep, None))
    check(table, got, len(before))
    present = {row.portfolio: row.id for row in table.rows[: len(before)] if row.kind == "risk"}
    assert got[: len(present)] == sorted(present.values())


def test_a_bars_figure_is_not_replaced_by_one_between_bars() -> None:
    def event(number: int, kind: str = "risk", *, transient: bool = False) -> Event:
        return Event(number, "p", kind, "", b"", transient)

    events = [event(1), event(2, transient=True), event(3, "alert"), event(4), event(5, transient=True)]
    assert [kept.id for kept in newest_of_each(events)] == [3, 4, 5]
    assert [kept.id for kept in newest_of_each(events[:2])] == [1, 2]
