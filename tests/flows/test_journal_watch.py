"""A journal that cannot be written is told to everybody, once, and so is its end: without a record of the journal."""

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import psycopg
import pytest

from flows.journal.appender import Appender
from flows.journal.store import SegmentStore
from flows.journal_watch import JournalWatch
from flows.messages import Kind, Record
from flows.watch import tell_back
from riskcore.messages import Alert
from storage.errors import DatabaseUnavailableError
from storage.limits import write_silences
from storage.outbox import OutboxStore
from storage.rows import Last, OutboxRow, SilenceRow
from storage.runs import RunStore
from storage.silence import SilenceReads

KEEP_S = 60


class SmallDisk(SegmentStore):
    """Segments on a disk that may be full."""

    full = False

    def append(self, records: "list[Record]") -> None:  # type: ignore[override]
        if self.full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        super().append(records)


class Engine:
    """What of an engine has to do with it: its journal, its outbox, and the watch."""

    def __init__(self, directory: Path, url: str) -> None:
        self.disk, self.now = SmallDisk(directory / "journal", 2**20), 0.0
        self.journal = Appender(self.disk, silence_s=3600.0, retry_s=0.01)
        self.store, self._reads = OutboxStore(url, "live"), SilenceReads(url)
        self.watch = JournalWatch(self.journal, self.store, self._reads, "live", lambda: self.now)

    def fill(self) -> None:
        self.disk.full = True
        self.journal.append(Kind.FRAME, b"x")
        while self.journal.error is None:
            pass

    def empty(self) -> None:
        self.disk.full = False
        while self.journal.error is not None:
            pass

    def look(self, after_s: float = 0.0) -> None:
        self.now += after_s
        self.watch.look()

    def end(self) -> None:
        self.disk.full = False
        self.journal.close()
        self.store.close()
        self.watch.close()


@pytest.fixture
def new_engine(tmp_path: Path, database_url: str) -> Iterator[Callable[[], Engine]]:
    runs = RunStore(database_url)
    runs.register("live", "live", b"{}", "hash")
    runs.close()
    made: list[Engine] = []

    def make() -> Engine:
        for one in made:
            one.end()
        made[:] = [Engine(tmp_path, database_url)]
        return made[0]

    yield make
    made[0].end()


def told(url: str) -> list[Alert]:
    with psycopg.connect(url) as connection:
        rows = connection.execute("select payload::text from outbox where portfolio = '*' order by id").fetchall()
    return [msgspec.json.decode(text, type=Alert) for (text,) in rows]


def test_a_full_disk_is_told_once_and_resolved_when_it_has_room(
    new_engine: Callable[[], Engine], database_url: str
) -> None:
    engine = new_engine()
    engine.look()
    assert told(database_url) == []
    engine.fill()
    engine.look()
    engine.look(KEEP_S + 1)
    [fired] = told(database_url)
    assert (fired.rule, fired.state, fired.level, fired.portfolio) == ("journal", "firing", "breach", "*")
    assert fired.reason is not None
    assert "cannot be written: No space left on device: nothing is accepted" in fired.reason
    engine.empty()
    engine.look()
    engine.look()
    assert [(one.state, one.since) for one in told(database_url)] == [
        ("firing", fired.since),
        ("resolved", fired.since),
    ]


def test_a_disk_that_trembles_is_told_at_most_twice_a_minute(
    new_engine: Callable[[], Engine], database_url: str
) -> None:
    engine = new_engine()
    for _ in range(KEEP_S):
        engine.fill()
        engine.look(0.5)
        engine.empty()
        engine.look(0.5)
    assert [one.state for one in told(database_url)] == ["firing"]
    engine.look(KEEP_S)
    assert [one.state for one in told(database_url)] == ["firing", "resolved"]


def test_each_time_has_an_id_of_its_own(new_engine: Callable[[], Engine], database_url: str) -> None:
    engine = new_engine()
    for _ in range(2):
        engine.fill()
        engine.look()
        engine.empty()
        engine.look(KEEP_S)
    assert [one.state for one in told(database_url)] == ["firing", "resolved"] * 2
    assert len({one.id for one in told(database_url)}) == 4


def test_what_was_seen_while_the_database_was_away_is_told_later_though_it_is_over(
    new_engine: Callable[[], Engine], database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = new_engine()
    with monkeypatch.context() as patch:
        patch.setattr(engine.store._session, "url", "postgresql://nobody@127.0.0.1:1/none")
        engine.fill()
        with pytest.raises(DatabaseUnavailableError):
            engine.look()
    engine.empty()
    engine.look()
    engine.look(KEEP_S)
    assert [one.state for one in told(database_url)] == ["firing", "resolved"]


def test_an_engine_that_comes_back_resolves_what_the_last_one_told(
    new_engine: Callable[[], Engine], database_url: str
) -> None:
    first = new_engine()
    first.fill()
    first.look()
    second = new_engine()
    second.look()
    second.look()
    assert [one.state for one in told(database_url)] == ["firing", "resolved"]


def test_events_go_on_behind_it_without_a_hole_and_the_engines_own_alert_is_another(
    new_engine: Callable[[], Engine], database_url: str
) -> None:
    engine = new_engine()
    engine.store.write([OutboxRow("main", 7, "risk", 0, 10**18, b"{}")])
    engine.fill()
    engine.look()
    tell_back(engine.store, "live", 2 * 10**18)
    assert engine.store.write([OutboxRow("main", 8, "risk", 0, 10**18, b"{}")]) == Last(8, 0, 3)
    assert [(one.rule, one.state, one.journal_offset) for one in told(database_url)] == [("journal", "firing", 7)]


@pytest.mark.parametrize(("rule", "expected"), [(None, True), ("journal", True), ("engine", False)])
def test_a_maintenance_window_covers_it(
    new_engine: Callable[[], Engine], database_url: str, rule: str | None, expected: bool
) -> None:
    window = {"command": "silence", "id": "w", "starts": 0, "ends": 2**62, "rule": rule, "portfolio": None}
    with psycopg.connect(database_url) as connection:
        write_silences(connection, "live", [SilenceRow("w", msgspec.json.encode(window), 1)])
    engine = new_engine()
    engine.fill()
    engine.look()
    assert [one.silenced for one in told(database_url)] == [expected]
