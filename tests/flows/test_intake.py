"""What the API asks is in the journal exactly once, whatever is killed on the way."""

import json

import psycopg
import pytest

from flows.actors.risk import RiskActor
from flows.commands import Holding, Positions, Trade, Trades, encode_command
from flows.intake import Intake
from flows.journal import JournalReader, JournalWriter
from flows.messages import Command, FeedBatch, Kind, Moment
from flows.questions import Inbox
from riskcore.settings import NANOSECONDS, RiskSettings
from storage.commands import CommandStore

BOOK = Positions((Holding("one", "A", 3.0), Holding("two", "A", -1.0)))
SETTINGS = RiskSettings(bar=NANOSECONDS, paths=200, min_observations=5)


@pytest.fixture
def ask(database_url):
    """Write a row as the API does."""

    def write(name, payload, run="live", kind="command"):
        with psycopg.connect(database_url) as connection:
            connection.execute(
                "insert into commands (id, run, kind, payload) values (%s, %s, %s, %s)", [name, run, kind, payload]
            )

    return write


@pytest.fixture
def journal(tmp_path):
    writer = JournalWriter(tmp_path / "journal", fsync_interval_s=0.0, silence_s=3600.0)
    yield writer
    writer.close()


@pytest.fixture
def new_intake(journal, database_url):
    """Make intakes of one journal that are driven by hand."""
    intakes = []

    def make():
        intakes.append(Intake(CommandStore(database_url, "live"), journal, Inbox(lambda: 0)))
        return intakes[-1]

    yield make
    for intake in intakes:
        intake._store.close()


def commands_of(path):
    reader = JournalReader(path)
    records = [record for record in reader.read(1000) if record.kind is Kind.COMMAND]
    reader.close()
    return records


def trades(name, quantity=1.0):
    told = {
        "command": "trades",
        "trades": [{"trade_id": name, "portfolio": "one", "symbol": "A", "quantity": quantity}],
    }
    return json.dumps(told)


def state_of(database_url):
    with psycopg.connect(database_url) as connection:
        return connection.execute("select id, journal_offset, status from commands order by number").fetchall()


def test_commands_are_in_the_journal_in_the_order_in_which_they_were_asked(ask, journal, new_intake, database_url):
    for name in ("c", "a", "b"):
        ask(name, trades(name))
    assert new_intake().take() == 3
    found = [json.loads(record.payload)["asked"] for record in commands_of(journal.directory)]
    assert found == ["c", "a", "b"]
    assert all(offset is not None for _, offset, _ in state_of(database_url))


def test_a_command_that_nobody_knows_is_refused_and_stops_nothing(ask, journal, new_intake, database_url):
    ask("x", '{"command":"nonsense"}')
    ask("y", '{"command":"trades","trades":[{"trade_id":7}]}')
    ask("z", trades("z"))
    new_intake().take()
    assert [(name, status) for name, _, status in state_of(database_url)] == [("x", 422), ("y", 422), ("z", None)]
    assert len(commands_of(journal.directory)) == 1


def test_a_kill_between_journal_and_database_books_a_trade_once(ask, journal, new_intake):
    ask("c", trades("T1"))
    killed = new_intake()
    killed._store.journaled = lambda _offsets: None
    killed.take()
    new_intake().take()
    records = commands_of(journal.directory)
    assert [json.loads(record.payload)["asked"] for record in records] == ["c", "c"]
    actor = RiskActor(SETTINGS)
    events = [Command(0, 1, encode_command(BOOK))]
    events += [Command(record.offset + 1, record.stamp, record.payload) for record in records]
    said = [m.said for m in actor.on_batch(FeedBatch(9, 9, events)) if isinstance(m, Moment)]
    assert [answer.status for one in said for answer in one.answers] == [200]
    assert [(row.portfolio, row.quantity) for one in said for row in one.changed] == [("one", 4.0), ("firm", 3.0)]


def test_a_restored_actor_knows_the_commands_that_it_has_heard(tmp_path):
    told = encode_command(Trades((Trade("T1", "one", "A", 2.0),), asked="c"))
    actor, restored = RiskActor(SETTINGS), RiskActor(SETTINGS)
    actor.on_batch(FeedBatch(1, 1, [Command(0, 1, encode_command(BOOK)), Command(1, 1, told)]))
    restored.restore(actor.snapshot())
    again = FeedBatch(3, 3, [Command(2, 2, told), Command(3, 3, encode_command(BOOK))])
    assert restored.on_batch(again) == actor.on_batch(again)
    (moment,) = RiskActor.on_batch(restored, FeedBatch(4, 4, [Command(4, 4, encode_command(BOOK))]))
    assert [(row.portfolio, row.quantity) for row in moment.said.holdings] == [
        ("firm", 4.0),
        ("one", 5.0),
        ("two", -1.0),
    ]


def test_every_shard_decides_alike_and_one_answers(tmp_path):
    batch = Trades(
        (Trade("T1", "one", "A", 2.0), Trade("T2", "two", "A", 1.0), Trade("T3", "three", "A", 1.0)), asked="c"
    )
    actors = [RiskActor(SETTINGS, shard=shard, shards=3) for shard in range(3)]
    events = [Command(0, 1, encode_command(BOOK)), Command(1, 1, encode_command(batch))]
    said = [m.said for actor in actors for m in actor.on_batch(FeedBatch(1, 1, events))]
    assert [row for one in said for row in one.changed] == []
    assert [(answer.id, answer.status) for one in said for answer in one.answers] == [("c", 422)]


def test_the_intake_of_a_stopped_engine_has_ended(ask, journal, database_url):
    with Intake(CommandStore(database_url, "live"), journal, Inbox(lambda: 0)) as intake:
        ask("c", trades("c"))
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute("notify commands, 'live'")
    assert not intake._thread.is_alive()
    store = CommandStore(database_url, "live")
    assert {row.id for row in store.claim()} <= {"c"}
    store.close()
