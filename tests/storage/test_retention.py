import psycopg
import pytest

from storage.outbox import OutboxStore
from storage.retention import Retention
from storage.rows import OutboxRow

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
