"""A run has one writer, and one that was frozen and replaced stores nothing any more."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import psycopg
import pytest

from flows.messages import Accepted
from riskcore.messages import Tick
from storage.archive import ArchiveStore
from storage.commands import CommandStore
from storage.errors import DatabaseUnavailableError, SchemaMismatchError, WriterConflictError, WriterReplacedError
from storage.outbox import OutboxStore
from storage.rows import AnswerRow, Last, OutboxRow
from storage.runs import PartStore

PATIENCE_S = 30.0


def event(offset: int, text: str = "first") -> OutboxRow:
    return OutboxRow("main", offset, "risk", 0, 10**18 + offset, f'{{"by":"{text}"}}'.encode())


def alive(url: str, seconds_ago: float, part: str = "engine") -> None:
    """The part's last sign of life."""
    parts = PartStore(url)
    parts.beat(part, "live", b"{}")
    parts.close()
    with psycopg.connect(url) as connection:
        connection.execute("update parts set beat = beat - %s * interval '1 second'", [seconds_ago])
        connection.execute("update writers set since = since - %s * interval '1 second'", [seconds_ago])


def stored(url: str) -> list[tuple[int, str]]:
    with psycopg.connect(url) as connection:
        return connection.execute("select id, payload->>'by' from risk_snapshots order by id").fetchall()


def until_done(call: Callable[[], Last]) -> Last:
    give_up = time.monotonic() + PATIENCE_S
    while True:
        try:
            return call()
        except WriterConflictError:
            if time.monotonic() > give_up:
                raise


def until_replaced(call: Callable[[], object]) -> WriterReplacedError:
    give_up = time.monotonic() + PATIENCE_S
    while time.monotonic() < give_up:
        try:
            call()
        except DatabaseUnavailableError:
            continue
        except WriterReplacedError as error:
            return error
    raise AssertionError("it was never told that it was replaced")


def test_a_writer_that_is_silent_is_replaced_and_never_writes_again(database_url: str) -> None:
    first, second = OutboxStore(database_url, "live"), OutboxStore(database_url, "live")
    first.write([event(1)])
    alive(database_url, seconds_ago=60)
    assert until_done(lambda: second.write([event(2, "second")])) == Last(2, 0, 2)
    error = until_replaced(lambda: first.write([event(3)]))
    assert "another program has taken over to write run live as its engine: this one ends" in str(error)
    second.close()
    until_replaced(lambda: first.write([event(3)]))
    first.close()
    assert stored(database_url) == [(1, "first"), (2, "second")]


@pytest.mark.parametrize("seconds_ago", [0, 5])
def test_a_writer_that_is_alive_is_not_replaced(database_url: str, seconds_ago: float) -> None:
    first, second = OutboxStore(database_url, "live"), OutboxStore(database_url, "live")
    first.write([event(1)])
    alive(database_url, seconds_ago)
    with pytest.raises(WriterConflictError, match="another program is the engine of run live"):
        second.last()
    assert first.write([event(2)]) == Last(2, 0, 2)
    first.close()
    second.close()


def test_the_epoch_alone_keeps_a_replaced_writer_out(database_url: str) -> None:
    outbox, archive = OutboxStore(database_url, "live"), ArchiveStore(database_url, "live")
    outbox.write([event(1)])
    archive.progress()
    with psycopg.connect(database_url) as connection:
        connection.execute("update writers set epoch = epoch + 1")
    with pytest.raises(WriterReplacedError):
        outbox.write([event(2)])
    with pytest.raises(WriterReplacedError, match="as its archive"):
        archive.write([Accepted(1, 0, 1, 0, Tick("f", "A", 10**18, 1.0, identifier=1))], [], [], 1)
    outbox.close()
    archive.close()
    assert stored(database_url) == [(1, "first")]
    with psycopg.connect(database_url) as connection:
        assert connection.execute("select count(*) from ticks").fetchone() == (0,)


def test_a_writer_that_lost_its_connection_takes_its_right_up_again(database_url: str) -> None:
    store = OutboxStore(database_url, "live")
    for offset in range(3):
        store.write([event(offset)])
        store.close()
    with psycopg.connect(database_url) as connection:
        assert connection.execute("select part, epoch from writers").fetchall() == [("engine", 1)]


def test_an_engine_that_was_replaced_takes_no_command(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("insert into commands (id, run, kind, payload) values ('c', 'live', 'command', '{}')")
    first, second = OutboxStore(database_url, "live"), OutboxStore(database_url, "live")
    first.last()
    ears = [CommandStore(database_url, "live", store.right) for store in (first, second)]
    alive(database_url, seconds_ago=60)
    until_done(second.last)
    with pytest.raises(WriterReplacedError):
        ears[0].claim()
    with pytest.raises(WriterReplacedError):
        ears[0].journaled({"c": 5})
    assert [row.id for row in ears[1].claim()] == ["c"]
    ears[1].journaled({"c": 7})
    for one in (*ears, first, second):
        one.close()
    with psycopg.connect(database_url) as connection:
        assert connection.execute("select journal_offset from commands").fetchall() == [(7,)]


def test_an_engine_that_was_replaced_answers_no_question(database_url: str) -> None:
    first, second = OutboxStore(database_url, "live"), OutboxStore(database_url, "live")
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("insert into commands (id, run, kind, payload) values ('q', 'live', 'question', '{}')")
        first.last()
        alive(database_url, seconds_ago=60)
        until_done(second.last)
        with pytest.raises(WriterReplacedError):
            first.answer_questions([AnswerRow("q", 200, b'{"by":"first"}')])
        second.answer_questions([AnswerRow("q", 200, b'{"by":"second"}')])
        assert connection.execute("select answer->>'by' from commands").fetchall() == [("second",)]
    first.close()
    second.close()


def test_a_schema_that_this_program_does_not_know_is_not_written_to(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("insert into schema_migrations (version, name, flavour) values (9999, 'later', 'x')")
    for store in (OutboxStore(database_url, "live"), ArchiveStore(database_url, "live")):
        with pytest.raises(SchemaMismatchError, match="update tailwatch"):
            store.last() if isinstance(store, OutboxStore) else store.progress()


WRITES_ON_AND_ON = """
import itertools, sys
from storage.errors import DatabaseUnavailableError
from storage.outbox import OutboxStore
from storage.rows import OutboxRow
store = OutboxStore(sys.argv[1], "live")
for offset in itertools.count():
    row = OutboxRow("main", offset, "risk", 0, 10**18 + offset, b'{"by":"first"}')
    while True:
        try:
            print(store.write([row]).id, flush=True)
            break
        except DatabaseUnavailableError:
            pass
"""


def test_a_program_frozen_while_it_writes_and_thawed_behind_its_successor_writes_nothing_double(
    database_url: str,
) -> None:
    first = subprocess.Popen(
        [sys.executable, "-c", WRITES_ON_AND_ON, database_url],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert first.stdout is not None
    assert first.stderr is not None
    while int(first.stdout.readline()) < 20:
        pass
    os.kill(first.pid, signal.SIGSTOP)
    try:
        alive(database_url, seconds_ago=60)
        second = OutboxStore(database_url, "live")
        begun = until_done(second.last).id
        second.write([event(10**6 + n, "second") for n in range(10)])
    finally:
        os.kill(first.pid, signal.SIGCONT)
    _, complaint = first.communicate(timeout=PATIENCE_S)
    second.write([event(2 * 10**6, "second")])
    second.close()
    assert first.returncode == 1
    assert "WriterReplacedError" in complaint
    found = stored(database_url)
    assert [number for number, _ in found] == list(range(1, begun + 12))
    assert [by for _, by in found] == ["first"] * begun + ["second"] * 11
