"""A risk flow that is stopped anywhere and resumed tells its clients what an undisturbed one would have told."""

import json
from functools import partial
from threading import Event

import psycopg
import pytest

from flows.checkpoint import write_checkpoint
from flows.commands import Holding, Limits, Positions, encode_command
from flows.crew import new_crew, resumed_crew, run_of
from flows.dataflow import risk_dataflow
from flows.journal import JournalReader, JournalWriter
from flows.messages import Kind
from flows.running import run_dataflow
from flows.sinks import OutboxSink
from flows.sources import Checkpoints, RecordSource
from riskcore.limits import Limit
from riskcore.settings import NANOSECONDS, RiskSettings
from storage.outbox import OutboxStore

SETTINGS = RiskSettings(bar=NANOSECONDS, paths=200, min_observations=5)
BOOK = Positions((Holding("one", "A", 3.0), Holding("two", "A", -1.0), Holding("two", "B", 2.0)))
LIMITS = Limits(
    (
        Limit("one", "var", "historical", 0.99, warning=5.0, breach=9.0),
        Limit("one", "gross", warning=300.0, breach=310.0, hold=2 * NANOSECONDS),
        Limit("two", "position_share", breach=0.5),
        Limit("two", "watchdog", hold=NANOSECONDS),
    )
)
SHARDS = 2


@pytest.fixture
def journal(tmp_path):
    """Forty seconds of two instruments, and the book in front of them and once more in their midst."""
    now = 1_700_000_000 * NANOSECONDS
    directory = tmp_path / "journal"
    writer = JournalWriter(directory, fsync_interval_s=0.0, silence_s=3600.0, clock=lambda: now)
    writer.append(Kind.COMMAND, encode_command(BOOK))
    writer.append(Kind.COMMAND, encode_command(LIMITS))
    for step in range(800):
        now = 1_700_000_000 * NANOSECONDS + step * 50_000_000
        tick = {"ts": now, "symbol": "AB"[step % 2], "price": 100 + step * 7919 % 31 / 50, "seq": step + 1}
        writer.append(Kind.FRAME, json.dumps(tick).encode(), adapter="tailwatch", origin="test", stamp=now)
        if step == 350:
            writer.append(Kind.COMMAND, encode_command(BOOK), stamp=now)
    assert writer.flush(10.0)
    writer.close()
    return directory


def records_of(journal, offset):
    reader = JournalReader(journal, offset)
    while records := reader.read(1000):
        yield from records
    reader.close()


class Flow:
    """The engine's flow over a journal, without its feeds; it is told to stop after so many stored batches."""

    def __init__(self, journal, database_url, run, checkpoint):
        self.journal, self.url, self.run, self.checkpoint = journal, database_url, run, checkpoint
        self.began_at = []

    def go(self, stop_after=10**9):
        stopping, moments = Event(), []

        def on_stored(moment):
            moments.append(moment)
            if len(moments) >= stop_after:
                stopping.set()

        make = partial(new_crew, SETTINGS, "hash", NANOSECONDS // 4, SHARDS)
        crew = resumed_crew(make, self.checkpoint, "hash", 10**9)
        store = OutboxStore(self.url, self.run)
        crew = crew.held_against(store.last().journal_offset, make)
        self.began_at.append(crew.offset)
        sink = OutboxSink(store, stopping, self._write, on_stored, clock=lambda: 0)
        source = RecordSource(records_of(self.journal, crew.offset), stopping, Checkpoints(records=97))
        run_dataflow(risk_dataflow(source, crew.feed, crew.risk.__getitem__, SHARDS, crew.alerts, sink))
        store.close()

    def _write(self, parts):
        write_checkpoint(self.checkpoint, parts, "hash")

    def told(self):
        query = (
            "select o.id, o.kind, o.journal_offset, coalesce(o.payload, s.payload)::text from outbox o"
            " left join risk_snapshots s on s.run = o.run and s.id = o.id where o.run = %s order by o.id"
        )
        with psycopg.connect(self.url) as connection:
            return connection.execute(query, [self.run]).fetchall()

    def standing(self):
        query = "select portfolio, name, definition::text, standing::text, journal_offset from limits where run = %s"
        with psycopg.connect(self.url) as connection:
            return sorted(connection.execute(query, [self.run]).fetchall())


def test_a_flow_stopped_again_and_again_tells_the_same_events_under_the_same_ids(journal, database_url, tmp_path):
    whole = Flow(journal, database_url, "whole", tmp_path / "whole")
    whole.go()
    broken = Flow(journal, database_url, "broken", tmp_path / "broken")
    while len(broken.told()) < len(whole.told()) and len(broken.began_at) < 30:
        broken.go(1)
    assert broken.began_at == sorted(broken.began_at)
    assert len(set(broken.began_at)) > 3
    expected = whole.told()
    assert [row[0] for row in expected] == list(range(1, len(expected) + 1))
    assert len(expected) > 150
    assert len([row for row in expected if row[1] == "alert"]) > 30
    assert broken.told() == expected
    assert broken.standing() == whole.standing()


@pytest.mark.parametrize("damage", ["missing", "cut", "other settings"])
def test_without_a_usable_checkpoint_the_state_is_built_anew_and_nothing_is_told_twice(
    journal, database_url, tmp_path, damage
):
    whole = Flow(journal, database_url, "whole", tmp_path / "whole")
    whole.go()
    flow = Flow(journal, database_url, "run", tmp_path / "checkpoint")
    flow.go(3)
    if damage == "missing":
        flow.checkpoint.unlink()
    elif damage == "cut":
        flow.checkpoint.write_bytes(flow.checkpoint.read_bytes()[:-7])
    else:
        state = flow.checkpoint.read_bytes()
        flow.checkpoint.write_bytes(state.replace(b'"hash"', b'"hush"'))
    flow.go()
    assert flow.began_at == [0, 0]
    assert flow.told() == whole.told()


def test_a_database_restored_from_an_older_copy_is_told_again_what_it_has_lost(journal, database_url, tmp_path):
    whole = Flow(journal, database_url, "whole", tmp_path / "whole")
    whole.go()
    flow = Flow(journal, database_url, "run", tmp_path / "checkpoint")
    flow.go(6)
    with psycopg.connect(database_url) as connection:
        for table in ("outbox", "risk_snapshots"):
            connection.execute(f"delete from {table} where run = 'run' and id > 2".encode())
    flow.go()
    assert flow.began_at == [0, 0]
    assert flow.told() == whole.told()


def test_a_run_is_named_after_its_journal(journal):
    assert run_of(journal, Event()) == "live-2023-11-14T22:13:20.000000000Z"


def test_a_run_that_is_stopped_before_its_journal_begins_has_no_name(tmp_path):
    stopping = Event()
    stopping.set()
    assert run_of(tmp_path / "nothing", stopping) is None
