"""Commands are claimed in order, withdrawn only before, and answered once."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from storage.commands import Asks, CommandStore
from storage.outbox import OutboxStore
from storage.retention import Retention
from storage.rows import AnswerRow, CommandRow, OutboxRow

pytestmark = pytest.mark.anyio


@pytest.fixture
def store(database_url: str) -> Iterator[CommandStore]:
    store = CommandStore(database_url, "live")
    yield store
    store.close()


@pytest.fixture
async def asks(database_url: str) -> Any:
    async with Asks(database_url) as asks:
        yield asks


async def test_commands_are_claimed_in_the_order_in_which_they_were_asked(store: CommandStore, asks: Asks) -> None:
    for name in ("c", "a", "b"):
        await asks.ask("live", name, "command", b'{"n":1}')
    await asks.ask("other", "x", "command", b"{}")
    assert store.claim(2) == [CommandRow("c", "command", b'{"n":1}'), CommandRow("a", "command", b'{"n":1}')]


async def test_a_claimed_command_comes_again_until_it_is_in_the_journal(store: CommandStore, asks: Asks) -> None:
    await asks.ask("live", "a", "command", b"{}")
    await asks.ask("live", "q", "question", b"{}")
    assert [row.id for row in store.claim()] == ["a", "q"]
    assert [row.id for row in store.claim()] == ["a"]
    store.journaled({"a": 17})
    assert store.claim() == []


async def test_only_what_nobody_has_claimed_can_be_withdrawn(store: CommandStore, asks: Asks) -> None:
    await asks.ask("live", "a", "command", b"{}")
    await asks.ask("live", "b", "command", b"{}")
    assert await asks.withdraw("a")
    assert [row.id for row in store.claim()] == ["b"]
    assert not await asks.withdraw("b")
    assert await asks.withdraw("never asked")


async def test_a_withdrawal_waits_for_a_claim_in_progress_and_finds_it_made(database_url: str, asks: Asks) -> None:
    await asks.ask("live", "a", "command", b"{}")
    with psycopg.connect(database_url) as claiming:
        claiming.execute("update commands set claimed = now() where id = 'a'")
        withdrawal = asyncio.create_task(asks.withdraw("a"))
        done, _ = await asyncio.wait([withdrawal], timeout=0.2)
        assert not done
        claiming.commit()
    assert not await withdrawal


async def test_an_answer_is_stored_once_with_the_events_and_told(database_url: str, asks: Asks) -> None:
    await asks.ask("live", "a", "command", b"{}")
    outbox = OutboxStore(database_url, "live")
    with psycopg.connect(database_url, autocommit=True) as listening:
        listening.execute("listen answers")
        outbox.write([], answers=[AnswerRow("a", 200, b'{"first":1}')])
        outbox.write([], answers=[AnswerRow("a", 409, b'{"second":2}'), AnswerRow("unknown", 200, b"{}")])
        told = [note.payload for note in listening.notifies(timeout=0.5)]
    outbox.close()
    assert told == ["a"]
    assert await asks.answers(["a", "unknown"]) == [AnswerRow("a", 200, b'{"first":1}')]


async def test_a_question_waits_for_no_disk_where_a_command_does(
    store: CommandStore, asks: Asks, database_url: str
) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        name = connection.info.dbname
        connection.execute(f"alter database {name} set synchronous_commit = on".encode())
    waited: list[str] = []
    session = store._session

    @contextmanager
    def watched() -> Iterator[Any]:
        with type(session).transaction(session) as connection:
            yield connection
            waited.append(str(connection.execute("show synchronous_commit").fetchone()[0]))

    session.transaction = watched  # type: ignore[method-assign]
    for kind in ("question", "command"):
        await asks.ask("live", kind, kind, b"{}")  # type: ignore[arg-type]
        assert [row.kind for row in store.claim()] == [kind]
    assert waited == ["off", "on"]
    outbox = OutboxStore(database_url, "live")
    outbox.last()
    outbox.answer_questions([AnswerRow("question", 200, b"{}")])
    outbox.close()
    assert await asks.answers(["question"]) == [AnswerRow("question", 200, b"{}")]


async def test_a_question_is_answered_while_figures_are_being_stored(database_url: str, asks: Asks) -> None:
    await asks.ask("live", "q", "question", b"{}")
    outbox = OutboxStore(database_url, "live")
    outbox.last()
    with psycopg.connect(database_url) as holding:
        holding.execute("lock table risk_snapshots")
        writing = threading.Thread(target=outbox.write, args=([OutboxRow("main", 5, "risk", 0, 10**18, b"{}")],))
        writing.start()
        waiting = "select from pg_locks where not granted and relation = 'risk_snapshots'::regclass"
        while holding.execute(waiting).fetchone() is None:
            await asyncio.sleep(0.01)
        outbox.answer_questions([AnswerRow("q", 200, b"{}")])
        assert await asks.answers(["q"]) == [AnswerRow("q", 200, b"{}")]
        assert outbox.newest.id == 0
    writing.join()
    assert outbox.newest.id == 1
    outbox.close()


async def test_a_run_cannot_answer_for_another(database_url: str, asks: Asks) -> None:
    await asks.ask("live", "a", "command", b"{}")
    replay = OutboxStore(database_url, "replay-1")
    replay.write([], answers=[AnswerRow("a", 200, b"{}")])
    replay.close()
    assert await asks.answers(["a"]) == []


async def test_the_engine_hears_of_a_command_while_it_waits(store: CommandStore, asks: Asks, database_url: str) -> None:
    store.claim()
    heard = threading.Event()

    def wait() -> None:
        store.wait(60.0)
        heard.set()

    waiting = threading.Thread(target=wait, daemon=True)
    waiting.start()
    await asks.ask("live", "a", "command", b"{}")
    assert await asyncio.to_thread(heard.wait, 20.0)
    waiting.join()


async def test_old_answers_are_forgotten_and_open_commands_stay(database_url: str, asks: Asks) -> None:
    for name in ("answered", "open", "new"):
        await asks.ask("live", name, "command", b"{}")
    with psycopg.connect(database_url) as connection:
        connection.execute("update commands set created = created - interval '2 hours' where id <> 'new'")
        connection.execute("update commands set status = 200, answer = '{}' where id <> 'open'")
    retention = Retention(database_url, "live")
    retention.forget()
    retention.close()
    with psycopg.connect(database_url) as connection:
        left = connection.execute("select id from commands order by id").fetchall()
    assert left == [("new",), ("open",)]
