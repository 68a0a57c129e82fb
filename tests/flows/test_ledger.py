"""Every tick has one fate, the same in the ledger, in the journal decoded anew, and in the tables."""

import json
from itertools import count

import numpy as np
import psycopg
import pytest

from flows.commands import Holding, Positions, encode_command
from flows.journal import JournalWriter
from flows.messages import Kind, Record
from flows.replay import Replay, replay_to_database, run_name
from riskcore.settings import NANOSECONDS, RiskSettings
from tests.ledger import account_of, l1_sent, l2_fates, l3_rows, l4_figures, l5_client, l7_acknowledged, read_journal

START = 1_700_000_000 * NANOSECONDS
SETTINGS = RiskSettings(bar=NANOSECONDS, paths=50, min_observations=5, lateness=0)
BOOK = Positions((Holding("main", "AAA", 5.0), Holding("main", "BBB", -2.0)))
FEED = "tailwatch"


@pytest.fixture
def journal(tmp_path):
    """Sixty seconds with repeats, conflicts, a gap, late ticks, spikes, an unknown symbol and what is no tick."""
    now, numbers, draw = START, count(1), np.random.default_rng(4)
    writer = JournalWriter(tmp_path / "journal", 0.0, clock=lambda: now)

    def say(symbol, price, number, late=0):
        fields = {"ts": now - 1_000_000 - late, "symbol": symbol, "price": price, "seq": number}
        writer.append(Kind.FRAME, json.dumps(fields).encode(), FEED, "test")

    writer.append(Kind.COMMAND, encode_command(BOOK))
    for step in range(600):
        now = START + step * NANOSECONDS // 10
        symbol, price = ("AAA", "BBB")[step % 2], 100.0 + float(draw.normal(0, 0.05))
        number = next(numbers)
        say(symbol, price, number)
        if step == 300:
            lost = [next(numbers) for _ in range(3)]
            assert lost == [number + 1, number + 2, number + 3]
        if step % 50 == 7:
            say(symbol, price, number)
            say(symbol, price + 1, number)
        if step % 97 == 30:
            say(symbol, 1.0 if step % 2 else 900.0, next(numbers))
            say(symbol, price, next(numbers))
        if step % 60 == 40:
            say(symbol, price, next(numbers), late=3 * NANOSECONDS)
        if step % 80 == 11:
            say("ZZZ", 5.0, next(numbers))
            writer.append(Kind.FRAME, b"{no json", FEED, "test")
        writer.flush(5.0)
    writer.close()
    return tmp_path / "journal"


@pytest.fixture
def replay(journal):
    return Replay([journal], [], SETTINGS, "hash")


@pytest.fixture
def account(journal):
    records = read_journal(journal)
    end = Record(records[-1].offset + 1, records[-1].stamp, Kind.END, "", "", 0, b"")
    return account_of([*records, end], SETTINGS, settings_hash="hash")


def test_the_journal_has_every_kind_of_fate_and_each_account_balances(account):
    assert l2_fates(account) == []
    total = account.accounts[FEED, "AAA"]
    assert account.accounts[FEED, "BBB"].duplicate > 0
    assert total.late > 0
    assert account.accounts[FEED, ""].missing == 3
    assert total.rejected["suspect"] > 0
    assert account.accounts[FEED, ""].rejected == {"unknown_symbol": 8, "malformed": 8}
    assert set(account.verdicts.values()) == {"late", "suspect"}


def test_the_tables_agree_with_the_journal_on_every_tick_refusal_gap_and_figure(replay, account, database_url):
    for _ in range(2):
        told = replay_to_database(replay, database_url)
    run = run_name(replay)
    assert l3_rows(account, database_url, run) == []
    assert l4_figures(account, database_url, run) == []
    with psycopg.connect(database_url) as connection:
        fates = dict(
            connection.execute("select fate, count(*) from judged_ticks where run = %s group by 1", [run]).fetchall()
        )
    assert fates == {"accepted": told.accepted, "late": told.late, "suspect": told.rejected["suspect"]}


TAMPERING = [
    ("delete from ticks where journal_offset = (select min(journal_offset) from ticks)", "L3 ticks: 1 lost"),
    ("update ticks set price = price * 2 where journal_offset = (select max(journal_offset) from ticks)", "1 changed"),
    ("delete from verdicts where fate = 'late'", "L3 verdicts: "),
    ("update verdicts set fate = 'late' where fate = 'suspect'", "L3 verdicts: "),
    ("delete from gaps where first = (select min(first) from gaps)", "L3 gaps: "),
    ("update quarantine set reason = 'off_market' where reason = 'malformed'", "L3 quarantine: 8 changed"),
    (
        "insert into ticks select run, feed, symbol, time + interval '1 us', event_ns, price, size, bid, ask, side,"
        " identifier, fact, received_ns, journal_offset, ordinal from ticks order by journal_offset limit 1",
        "rows at",
    ),
    (
        "update risk_snapshots set payload = replace(payload::text, '\"var\":1', '\"var\":2')::json"
        " where payload::text like '%%\"var\":1%%'",
        "L4: ",
    ),
]


@pytest.mark.parametrize(("statement", "says"), TAMPERING)
def test_the_checker_finds_what_was_tampered_with(replay, account, database_url, statement, says):
    replay_to_database(replay, database_url)
    with psycopg.connect(database_url) as connection:
        assert connection.execute(statement.replace("%%", "%").encode()).rowcount > 0
    run = run_name(replay)
    wrong = [*l3_rows(account, database_url, run), *l4_figures(account, database_url, run)]
    assert len(wrong) == 1
    assert says in wrong[0]


def test_the_checker_tells_numbers_that_lie_in_no_gap(account):
    name = (FEED, "AAA")
    came = {name: [1, 2, 4]}
    gaps = account._replace(gaps=type(account.gaps)({(*name, 5, 6): 1}))
    assert l1_sent(gaps, {name: [1, 2, 4, 5, 6]}, came) == []
    assert l1_sent(gaps, {name: range(1, 7)}, came) == [
        f"L1 {name}: 1 were sent, did not come and are in no gap, first 3"
    ]


def test_the_checker_tells_a_hole_and_other_bytes_in_what_a_client_took():
    outbox = {number: b"%d" % number for number in range(1, 6)}
    assert l5_client([(2, b"2"), (3, b"3"), (3, b"3"), (4, b"4")], outbox) == []
    assert l5_client([(2, b"2"), (4, b"4")], outbox)
    assert l5_client([(3, b"3"), (2, b"2")], outbox)
    assert l5_client([(2, b"x")], outbox) == ["L5: event 2 has other bytes"]


def test_the_checker_tells_a_record_that_was_acknowledged_and_is_gone(journal):
    records = read_journal(journal)
    assert l7_acknowledged(records, {5: records[5].payload}) == []
    assert l7_acknowledged(records[:5], {5: records[5].payload}) == ["L7: record 5 was acknowledged"]
