"""Who is silent cannot say so: somebody else says it in the engine's place, once, and the engine that it is back."""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import psycopg
import pytest

from flows.watch import Watch, tell_back
from riskcore.messages import Alert
from storage.deliveries import DeliveryStore
from storage.errors import DatabaseUnavailableError, WriterReplacedError
from storage.limits import write_silences
from storage.outbox import OutboxStore
from storage.rows import Last, OutboxRow, SilenceRow
from storage.runs import PartStore, RunStore

LIMIT_S = 10


def event(offset: int) -> OutboxRow:
    return OutboxRow("main", offset, "risk", 0, 10**18 + offset, b"{}")


@pytest.fixture
def store(database_url: str) -> Iterator[OutboxStore]:
    """The store of an engine that has been heard once, an hour ago."""
    runs, parts, store = RunStore(database_url), PartStore(database_url), OutboxStore(database_url, "live")
    runs.register("live", "live", b"{}", "hash")
    store.write([event(7)])
    parts.beat("engine", "live", b"{}")
    with psycopg.connect(database_url) as connection:
        connection.execute("update parts set beat = beat - interval '1 hour'")
        connection.execute("update writers set since = since - interval '1 hour'")
    yield store
    for one in (runs, parts, store):
        one.close()


@pytest.fixture
def watched(database_url: str) -> Iterator[Callable[..., Watch]]:
    """Look once a second, for so many seconds."""
    made: list[Watch] = []
    now = [0.0]

    def look(seconds: int, step_s: float = 1.0, watch: Watch | None = None) -> Watch:
        if watch is None:
            watch = Watch(database_url, LIMIT_S, lambda: now[0])
            made.append(watch)
        for _ in range(seconds):
            watch.look()
            now[0] += step_s
        return watch

    yield look
    for one in made:
        one.close()


def told(url: str) -> list[tuple[int, Alert]]:
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "select id, payload::text from outbox where portfolio = '*' and kind = 'alert' order by id"
        ).fetchall()
    return [(number, msgspec.json.decode(text, type=Alert)) for number, text in rows]


def restarted(url: str) -> OutboxStore:
    store = OutboxStore(url, "live")
    tell_back(store, "live", 2 * 10**18)
    return store


def test_a_silent_engine_is_told_once_by_however_many_watch(
    store: OutboxStore, watched: Any, database_url: str
) -> None:
    store.close()
    first = watched(LIMIT_S)
    assert told(database_url) == []
    watched(1, watch=first)
    watched(3, watch=first)
    watched(LIMIT_S + 2)
    [(number, alert)] = told(database_url)
    assert number == 2
    assert (alert.rule, alert.state, alert.level, alert.portfolio) == ("engine", "firing", "breach", "*")
    assert (alert.limit, alert.journal_offset, alert.silenced) == (10.0, 7, False)
    assert alert.value == pytest.approx(3_600, abs=60)
    assert alert.reason is not None
    assert "no sign of life for 36" in alert.reason


def test_a_frozen_engine_is_replaced_so_that_nothing_of_it_comes_behind_the_alert(
    store: OutboxStore, watched: Any, database_url: str
) -> None:
    watched(LIMIT_S + 1)
    assert len(told(database_url)) == 1
    with pytest.raises(WriterReplacedError):
        _insisting(lambda: store.write([event(8)]))


def test_the_engine_says_itself_that_it_is_back_and_goes_on_with_its_ids(
    store: OutboxStore, watched: Any, database_url: str
) -> None:
    store.close()
    watched(LIMIT_S + 1)
    back = restarted(database_url)
    assert back.last() == Last(7, 0, 3)
    assert back.write([event(7), event(8)]) == Last(8, 0, 4)
    tell_back(back, "live", 3 * 10**18)
    back.close()
    (_, fired), (number, resolved) = told(database_url)
    assert (number, resolved.state, resolved.since) == (3, "resolved", fired.since)
    assert resolved.id != fired.id
    with psycopg.connect(database_url) as connection:
        rows = connection.execute("select id, kind, journal_offset, ordinal from outbox order by id").fetchall()
    assert rows == [(1, "risk", 7, 0), (2, "alert", 7, -1), (3, "alert", 7, -2), (4, "risk", 8, 0)]


def test_an_engine_that_falls_silent_again_is_told_again(store: OutboxStore, watched: Any, database_url: str) -> None:
    store.close()
    watch = watched(LIMIT_S + 1)
    restarted(database_url).close()
    parts = PartStore(database_url)
    parts.beat("engine", "live", b"{}")
    parts.close()
    watched(LIMIT_S, watch=watch)
    assert len(told(database_url)) == 2
    watched(1, watch=watch)
    assert [alert.state for _, alert in told(database_url)] == ["firing", "resolved", "firing"]
    assert len({alert.id for _, alert in told(database_url)}) == 3


def test_an_engine_that_beats_is_left_alone(store: OutboxStore, watched: Any, database_url: str) -> None:
    parts = PartStore(database_url)
    watch = watched(LIMIT_S)
    parts.beat("engine", "live", b"{}")
    parts.close()
    watched(LIMIT_S, watch=watch)
    assert told(database_url) == []
    assert store.write([event(8)]) == Last(8, 0, 2)


def test_only_silence_that_was_watched_counts(store: OutboxStore, watched: Any, database_url: str) -> None:
    watch = watched(LIMIT_S - 1)
    watched(5, step_s=3_600.0, watch=watch)
    assert told(database_url) == []
    assert store.write([event(8)]) == Last(8, 0, 2)


def test_an_engine_that_has_just_taken_its_right_is_not_replaced(
    store: OutboxStore, watched: Any, database_url: str
) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("update writers set since = clock_timestamp()")
    watched(LIMIT_S + 3)
    assert told(database_url) == []
    assert store.write([event(8)]) == Last(8, 0, 2)


@pytest.mark.parametrize(
    ("rule", "portfolio", "expected"),
    [(None, None, True), ("engine", None, True), ("var", None, False), (None, "main", False)],
)
def test_a_maintenance_window_for_all_silences_it(
    store: OutboxStore, watched: Any, database_url: str, rule: str | None, portfolio: str | None, expected: bool
) -> None:
    store.close()
    window = {
        "command": "silence", "id": "w", "starts": 0, "ends": 2**62, "rule": rule, "portfolio": portfolio
    }  # fmt: skip
    with psycopg.connect(database_url) as connection:
        write_silences(connection, "live", [SilenceRow("w", msgspec.json.encode(window), 1)])
    watched(LIMIT_S + 1)
    assert [alert.silenced for _, alert in told(database_url)] == [expected]


def test_nobody_is_missed_who_was_never_there_nor_a_replay(watched: Any, database_url: str) -> None:
    watched(LIMIT_S + 2)
    runs, parts = RunStore(database_url), PartStore(database_url)
    runs.register("replay-1", "replay", b"{}", "hash")
    parts.beat("engine", "replay-1", b"{}")
    watched(LIMIT_S + 2)
    runs.close()
    parts.close()
    assert told(database_url) == []


def test_the_webhook_sends_it_as_any_other_alert(store: OutboxStore, watched: Any, database_url: str) -> None:
    deliveries = DeliveryStore(database_url)
    deliveries.waiting()
    store.close()
    watched(LIMIT_S + 1)
    [delivery] = deliveries.waiting()
    deliveries.close()
    assert delivery.alert == told(database_url)[0][1].id


def _insisting(call: Callable[[], object]) -> None:
    while True:
        try:
            call()
        except DatabaseUnavailableError:  # the session that was ended under it
            continue
