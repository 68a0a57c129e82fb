"""What ``tailwatch db`` says of a database, and with what status it ends."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from flows.actors.feed import FeedActor
from flows.commands import Holding, Positions, encode_command
from flows.journal import JournalReader, JournalWriter
from flows.messages import Accepted, Kind
from flows.universe import Universe
from storage.archive import ArchiveStore

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def data_dir(tmp_path: Path, database_url: str) -> Path:
    """A journal of three ticks, archived."""
    writer = JournalWriter(tmp_path / "journal", silence_s=3600.0, clock=lambda: 10**18)
    writer.append(Kind.COMMAND, encode_command(Positions((Holding("main", "A", 1.0),))))
    for number in range(1, 4):
        tick = {"ts": 10**18 + number, "symbol": "A", "price": 100 + number, "seq": number}
        writer.append(Kind.FRAME, json.dumps(tick).encode(), adapter="tailwatch", origin="test")
    assert writer.flush(10.0)
    writer.close()
    reader = JournalReader(tmp_path / "journal")
    events = FeedActor(Universe()).on_batch(reader.read()).events
    store = ArchiveStore(database_url, "live-2001-09-09T01:46:40.000000000Z")
    store.write([event for event in events if isinstance(event, Accepted)], [], [], reader.offset - 1)
    store.close()
    return tmp_path


def test_verify_finds_nothing_where_nothing_is_wrong(in_process: Run, data_dir: Path, database_url: str) -> None:
    finished = in_process("db", "verify", "--data-dir", str(data_dir), "--database-url", database_url)
    assert finished.returncode == 0, finished.stderr
    assert "3 ticks, 0 quarantine, 0 gaps; no differences" in finished.stdout


def test_verify_names_the_row_that_is_missing_and_ends_with_1(
    in_process: Run, data_dir: Path, database_url: str
) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("delete from ticks where fact = 2")
    finished = in_process("db", "verify", "--data-dir", str(data_dir), "--database-url", database_url)
    assert finished.returncode == 1
    assert "ticks: journal_offset 2, ordinal 0, feed tailwatch, symbol A, identifier 2: is missing" in finished.stdout
    assert "1 difference" in finished.stdout


def test_verify_without_a_journal_says_so(in_process: Run, tmp_path: Path, database_url: str) -> None:
    finished = in_process("db", "verify", "--data-dir", str(tmp_path), "--database-url", database_url)
    assert finished.returncode == 1
    assert "there is nothing in it yet" in finished.stderr
