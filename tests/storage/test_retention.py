import time

import psycopg
import pytest

from flows.messages import Accepted
from riskcore.messages import Tick
from storage.archive import ArchiveStore
from storage.outbox import OutboxStore
from storage.retention import Retention, TickRetention
from storage.rows import OutboxRow
from storage.verify import kept_from

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND


@pytest.fixture
def told(database_url: str) -> str:
    """Two hours of one portfolio, a figure a minute, every fifth of them a bar's; and an alert."""
    store = OutboxStore(database_url, "run")
    rows = [
        OutboxRow("p", minute, "risk", 0, START + minute * 60 * SECOND, b"{}", transient=minute % 5 != 0)
        for minute in range(120)
    ]
    store.write([*rows[:10], OutboxRow("p", 9, "alert", 1, START + 9 * 60 * SECOND, b"{}"), *rows[10:]])
    store.close()
    return database_url


def _left(url: str) -> list[tuple[int, str]]:
    with psycopg.connect(url) as connection:
        return connection.execute("select journal_offset, kind from outbox order by id").fetchall()


def test_figures_between_bars_are_forgotten_after_an_hour_and_all_else_stays(told: str) -> None:
    retention = Retention(told, "run")
    gone = retention.forget()
    retention.close()
    left = _left(told)
    minutes = [offset for offset, kind in left if kind == "risk"]
    assert minutes == [minute for minute in range(120) if minute % 5 == 0 or minute >= 59]
    assert (9, "alert") in left
    assert gone == 121 - len(left)
    with psycopg.connect(told) as connection:
        (snapshots,) = connection.execute("select count(*) from risk_snapshots").fetchone() or (0,)
    assert snapshots == len(minutes)


def test_nothing_is_forgotten_twice_and_other_runs_are_left_alone(told: str) -> None:
    other = Retention(told, "other")
    assert other.forget() == 0
    other.close()
    retention = Retention(told, "run")
    assert retention.forget() > 0
    assert retention.forget() == 0
    retention.close()


def test_many_are_forgotten_in_small_transactions(told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.retention._AT_ONCE", 7)
    retention = Retention(told, "run")
    assert retention.forget() == 47
    retention.close()


DAY = 24 * 3600
NOW = time.time_ns() // (DAY * SECOND) * DAY * SECOND + DAY // 2 * SECOND


def test_ticks_of_days_that_are_not_kept_are_forgotten_in_every_run(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.retention._AT_ONCE", 3)
    for run in ("live", "replay-0123456789ab"):
        archive = ArchiveStore(database_url, run)
        moments = [NOW - hours * 3600 * SECOND for hours in range(0, 120, 6)]
        ticks = [Accepted(n, 0, at, 0, Tick("f", "A", at, 1.0, None, None, n)) for n, at in enumerate(moments)]
        archive.write(ticks, [], [], 99)
        archive.close()
    retention = TickRetention(database_url, keep_s=2 * DAY)
    retention.forget()
    retention.forget()
    retention.close()
    begin = kept_from(database_url)
    assert begin // SECOND % DAY == 0
    assert NOW - 3 * DAY * SECOND < begin <= NOW - DAY * SECOND
    with psycopg.connect(database_url) as connection:
        left = connection.execute("select event_ns, count(*) from ticks group by 1 order by 1").fetchall()
    assert left == sorted((at, 2) for at in moments if at >= begin)


def test_the_longer_memory_that_was_not_kept_is_not_given_back(database_url: str) -> None:
    for keep_s in (DAY, 10 * DAY):
        retention = TickRetention(database_url, keep_s)
        retention.forget()
        retention.close()
    assert kept_from(database_url) >= NOW - 2 * DAY * SECOND
