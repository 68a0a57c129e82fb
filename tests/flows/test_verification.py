"""One row that was altered, lost or put in by hand is found and named."""

import json
import re

import psycopg
import pytest

from flows.actors.feed import FeedActor
from flows.commands import Holding, Positions, encode_command
from flows.journal import JournalReader, JournalWriter
from flows.messages import Accepted, Gap, Kind, Refused
from flows.universe import Universe
from flows.verification import verify_archive
from storage.archive import ArchiveStore, archived
from storage.outbox import OutboxStore
from storage.rows import OutboxRow
from storage.verify import torn_events

SECOND = 10**9
START = 1_700_000_000 * SECOND
FRAMES = (
    {"ts": START, "symbol": "A", "price": 100.1, "seq": 1, "size": 1e-7},
    {"ts": START + 1, "symbol": "A", "price": 1e-5, "seq": 2, "side": "buy"},
    {"ts": START + 1, "symbol": "A", "price": 99.0, "seq": 2},
    {"ts": START + 3, "symbol": "A", "price": 101.0, "seq": 9},
    {"ts": START + 4, "symbol": "A", "price": -1.0, "seq": 10},
    {"ts": START + 5, "symbol": "B\x0b\t\\", "price": 12345678.875, "seq": 11},
    {"ts": START + 6, "symbol": "B", "price": 1e9, "seq": 12},
)


@pytest.fixture
def journal(tmp_path):
    writer = JournalWriter(tmp_path / "journal", silence_s=3600.0, clock=lambda: START)
    book = Positions((Holding("main", "A", 1.0), Holding("main", "B", 1.0)))
    writer.append(Kind.COMMAND, encode_command(book))
    for frame in FRAMES:
        writer.append(Kind.FRAME, json.dumps(frame).encode(), adapter="tailwatch", origin="test\x0b\x0c\b")
    writer.append(Kind.FRAME, b"\xffno JSON\n", adapter="tailwatch", origin="test")
    assert writer.flush(10.0)
    writer.close()
    return tmp_path / "journal"


@pytest.fixture
def run(journal, database_url):
    """The run, archived."""
    reader, feed = JournalReader(journal), FeedActor(Universe())
    events = feed.on_batch(reader.read(1000)).events
    name = f"live-{START}"
    with_kind = {kind: [event for event in events if isinstance(event, kind)] for kind in (Accepted, Refused, Gap)}
    store = ArchiveStore(database_url, name)
    store.write(with_kind[Accepted], with_kind[Refused], with_kind[Gap], reader.offset - 1)
    store.close()
    assert min(len(found) for found in with_kind.values()) > 0
    return name


def differences(journal, url, run):
    return [str(found) for found in verify_archive(journal, url, run, archived(url, run), "trade").differences]


def test_what_was_archived_is_what_the_journal_says(journal, database_url, run):
    verified = verify_archive(journal, database_url, run, archived(database_url, run), "trade")
    assert verified.differences == []
    assert verified.counts == {"ticks": 4, "quarantine": 4, "gaps": 1}


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        ("delete from ticks where fact = 9", r"ticks: journal_offset 4, .*symbol A, identifier 9: is missing"),
        ("update ticks set price = 100.10000000000001 where fact = 1 and symbol = 'A'",
         r"ticks: .*identifier 1: price is 100.10000000000001, the journal says 100.1"),
        ("update ticks set size = null where fact = 1 and symbol = 'A'", r"ticks: .*size is \\N, the journal says"),
        ("update ticks set side = 'sell' where fact = 2", "ticks: .*identifier 2: side is sell, the journal says buy"),
        ("insert into ticks (run, feed, symbol, time, event_ns, price, fact, received_ns, journal_offset, ordinal)"
         " select run, feed, symbol, time, event_ns, price, 77, received_ns, journal_offset, 5 from ticks"
         " where fact = 9",
         "ticks: journal_offset 4, ordinal 5, .*: is not in the journal"),
        ("delete from quarantine where reason = 'conflict'", "quarantine: .*: is missing"),
        ("update quarantine set payload = payload || '\\x00' where reason = 'bad_symbol'",
         "quarantine: .*payload is .*, the journal says"),
        ("update gaps set last = last + 1",
         "gaps: journal_offset 4, feed tailwatch, .*first 3: last is 9, the journal says 8"),
        ("delete from gaps", "gaps: .*first 3: is missing"),
    ],
)  # fmt: skip
def test_one_row_altered_lost_or_put_in_is_found_and_named(journal, database_url, run, damage, named):
    with psycopg.connect(database_url) as connection:
        assert connection.execute(damage.encode()).rowcount == 1
    (found,) = differences(journal, database_url, run)
    assert re.search(named, found), found


def test_what_the_archive_has_not_reached_yet_is_not_missing(journal, database_url, run):
    with psycopg.connect(database_url) as connection:
        connection.execute("delete from ticks where journal_offset > 3")
        connection.execute("delete from quarantine where journal_offset > 3")
        connection.execute("delete from gaps")
        connection.execute("update archive_progress set journal_offset = 3")
    assert differences(journal, database_url, run) == []


def test_ticks_that_were_forgotten_are_not_missing(journal, database_url, run):
    with psycopg.connect(database_url) as connection:
        connection.execute("insert into forgotten values ('ticks', moment(%s))", [START + 2_000])
        connection.execute("delete from ticks where event_ns < %s and symbol = 'A'", [START + 2_000])
    assert differences(journal, database_url, run) == []


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        ("delete from risk_snapshots where id = 2", [(2, "main", "event without its snapshot")]),
        ("delete from outbox where id = 2",
         [(2, "main", "snapshot without its event"), (3, "main", "event before it is missing")]),
        ("""update risk_snapshots set payload = '{"portfolio":"other","quality":{"journal_offset":1}}' where id = 2""",
         [(2, "main", "event whose payload was altered"), (2, "main", "snapshot that says it is another")]),
        ("""update risk_snapshots set payload = replace(payload::text, '"var":7', '"var":6')::json where id = 3""",
         [(3, "main", "event whose payload was altered")]),
        ("""update outbox set payload = '{"state":"resolved"}' where kind = 'alert'""",
         [(5, "main", "event whose payload was altered")]),
    ],
)  # fmt: skip
def test_an_event_that_is_not_whole_is_found_and_named(database_url, damage, found):
    store = OutboxStore(database_url, "live")
    payload = b'{"portfolio":"main", "var":7,"quality":{"journal_offset":%d}}'
    store.write([OutboxRow("main", n, "risk", 0, START + n, payload % n) for n in range(4)])
    store.write([OutboxRow("main", 3, "alert", 1, START + 3, b'{"state":"firing", "by":"\xc3\xbc"}')])
    store.close()
    assert torn_events(database_url, "live") == []
    with psycopg.connect(database_url) as connection:
        connection.execute(damage.encode())
    assert torn_events(database_url, "live") == found
