import json
from dataclasses import replace

import psycopg
import pytest
from structlog.testing import capture_logs

from flows.commands import Holding, Limits, Positions, Trade, encode_command
from flows.journal import JournalWriter
from flows.messages import Kind
from flows.replay import Replay, replay_to_database, replay_to_file, run_name
from riskcore.errors import InputError
from riskcore.limits import Limit
from riskcore.settings import NANOSECONDS, RiskSettings

BOOK = Positions((Holding("desk one", "AAA", 5.0), Holding("desk one", "BBB", -2.0), Holding("two", "BBB", 1.0)))
LIMITS = Limits(
    (
        Limit("desk one", "var", "historical", 0.99, warning=10.0, breach=20.0),
        Limit("desk one", "gross", breach=100.0, hold=10 * NANOSECONDS),
        Limit("two", "watchdog", hold=7 * NANOSECONDS),
    )
)


@pytest.fixture
def ticks(tmp_path):
    """Forty seconds of two instruments, with everything that can be wrong with a line in between."""
    lines = []
    for step in range(400):
        ts = 1_700_000_000_000 + step * 100
        symbol = ("AAA", "BBB")[step % 2]
        price = 100 + (step * 7919 % 23) / 10
        lines.append(json.dumps({"ts": ts, "symbol": symbol, "price": price, "trade_id": step // 2 + 1}))
    lines.insert(20, '{"ts": 1700000002000, "symbol": "AAA", "price": NaN}')
    lines.insert(30, '{"ts": 1700000003000, "symbol": "AAA", "price": -1}')
    lines.insert(40, "{not json")
    lines.insert(50, '{"ts": 1700000005000, "symbol": "ZZZ", "price": 5}')
    lines.insert(60, lines[59])
    file = tmp_path / "ticks.ndjson"
    file.write_text("\n".join(lines) + "\n")
    return file


@pytest.fixture
def replay(ticks):
    settings = RiskSettings(bar=NANOSECONDS, paths=300, min_observations=5)
    return lambda **changes: Replay([ticks], [BOOK, LIMITS], settings, "hash", **changes)


def test_a_replay_gives_the_same_bytes_each_time_at_any_speed_and_with_any_number_of_workers(replay, tmp_path):
    outputs = []
    for name, changes in enumerate(({}, {}, {"workers": 2}, {"speed": 400.0})):
        out = tmp_path / f"{name}.ndjson"
        replay_to_file(replay(**changes), out)
        outputs.append(out.read_bytes())
    lines = [json.loads(line) for line in outputs[0].splitlines()]
    assert len([line for line in lines if line["type"] == "risk"]) > 50
    assert len([line for line in lines if line["type"] == "alert"]) > 5
    assert lines == sorted(lines, key=lambda line: (line["event_time"], line["portfolio"]))
    assert all(output == outputs[0] for output in outputs)


def test_the_number_of_shards_changes_no_figure(replay, tmp_path):
    for shards in (1, 3):
        replay_to_file(replay(shards=shards), tmp_path / f"{shards}.ndjson")
    assert (tmp_path / "1.ndjson").read_bytes() == (tmp_path / "3.ndjson").read_bytes()


def test_what_the_book_holds_and_never_traded_is_told_beside_the_names_that_did(replay, tmp_path):
    lost = Positions((Holding("main", "AAA", 1.0), Holding("main", "feed:BBB", 1.0), Holding("main", "CCC", 1.0)))
    with capture_logs() as logs:
        replay_to_file(replace(replay(), commands=[lost]), tmp_path / "out.ndjson")
        replay_to_file(replay(), tmp_path / "all.ndjson")
    told = [log for log in logs if log["event"] == "no tick of what the book holds"]
    assert [(log["symbols"], log["other_symbols"]) for log in told] == [("feed:BBB, CCC", "BBB, ZZZ")]


def test_the_first_line_of_each_reason_to_refuse_is_shown(replay, ticks, tmp_path):
    bad = '{"ts":1,"symbol":"AAA","price":"one"}'
    ticks.write_text(ticks.read_text() + f"{bad}\n{bad}\n")
    with capture_logs() as logs:
        replay_to_file(replay(), tmp_path / "out.ndjson")
    shown = {log["reason"]: (log["first"], log["text"]) for log in logs if log["event"] == "lines refused"}
    assert shown["wrong_type"] == ("ticks.ndjson: line 406", bad)
    assert len(shown) == len([log for log in logs if log["event"] == "lines refused"])


def test_every_line_has_one_fate_and_bad_ones_do_not_stop_the_rest(replay, tmp_path):
    total = replay_to_file(replay(), tmp_path / "out.ndjson")
    assert total.received == 405
    assert total.accepted == 400
    assert total.duplicate == 1
    assert sum(total.rejected.values()) == 4
    assert total.rejected["unknown_symbol"] == total.rejected["not_positive"] == 1


def test_strict_stops_at_the_first_bad_line_and_names_it(replay, tmp_path):
    with pytest.raises(InputError, match=r"ticks.ndjson: line 21: .*--strict"):
        replay_to_file(replay(strict=True), tmp_path / "out.ndjson")
    assert not (tmp_path / "out.ndjson").exists()


def test_nothing_in_the_asked_for_time_is_an_error_that_says_so(replay, tmp_path):
    with pytest.raises(InputError, match="nothing to replay"):
        replay_to_file(replay(start=1_800_000_000 * NANOSECONDS), tmp_path / "out.ndjson")


def test_a_symbol_that_two_feeds_have_must_be_written_in_full(ticks, tmp_path):
    other = tmp_path / "other.ndjson"
    other.write_text('{"ts": 1700000000050, "symbol": "AAA", "price": 9, "feed": "elsewhere:spot"}\n')
    two = Replay([ticks, other], [BOOK], RiskSettings(bar=NANOSECONDS, paths=10), "hash")
    with pytest.raises(InputError, match=r"'AAA' could mean .*elsewhere:spot:AAA"):
        replay_to_file(two, tmp_path / "out.ndjson")


def test_a_replay_into_the_database_can_be_repeated_and_stores_ticks_refusals_and_figures_once(replay, database_url):
    for _ in range(2):
        replay_to_database(replay(), database_url)
    with psycopg.connect(database_url) as connection:
        count = {
            table: connection.execute(f"select count(*) from {table}").fetchone()[0]
            for table in ("ticks", "quarantine", "risk_snapshots", "positions")
        }
        runs = connection.execute("select run from runs").fetchall()
        published = connection.execute("select distinct payload ->> 'published_at' from risk_snapshots").fetchall()
    assert count["ticks"] == 400
    assert count["quarantine"] == 5
    assert count["positions"] == 3 + 2  # and those of the firm
    assert count["risk_snapshots"] == 3 * 39
    assert published == [(None,)]
    assert runs == [(run_name(replay()),)]


def test_another_book_is_another_run(replay, ticks):
    other = Replay([ticks], [Positions((Holding("x", "AAA", 1.0),))], replay().settings, "hash")
    assert run_name(other) != run_name(replay())


def test_a_journal_has_its_own_book_and_another_one_takes_its_place(tmp_path):
    journal = tmp_path / "journal"
    start = 1_700_000_000 * NANOSECONDS
    writer = JournalWriter(journal, silence_s=3600.0, clock=lambda: start)
    writer.append(Kind.COMMAND, encode_command(Positions((Holding("own", "AAA", 1.0),))))
    for second in range(5):
        tick = {"ts": start + second * NANOSECONDS, "symbol": "AAA", "price": 10 + second, "seq": second + 1}
        payload, stamp = json.dumps(tick).encode(), start + second * NANOSECONDS
        writer.append(Kind.FRAME, payload, adapter="tailwatch", origin="x", stamp=stamp)
    writer.close()
    settings = RiskSettings(bar=NANOSECONDS, paths=10)
    for name, commands in (("own", ()), ("other", [Positions((Holding("other", "AAA", 2.0),))])):
        replay_to_file(Replay([journal], commands, settings, "hash"), tmp_path / name)
    own, other = ((tmp_path / name).read_text().splitlines() for name in ("own", "other"))
    assert {json.loads(line)["portfolio"] for line in own} == {"own"}
    assert {json.loads(line)["portfolio"] for line in other} == {"other"}
    assert [json.loads(line)["market_value"] for line in other] == [20.0, 22.0, 24.0, 26.0]


def test_what_a_replay_tells_at_its_end_adds_up_late_ticks_and_suspects_included(tmp_path):
    start = 1_700_000_000_000
    told = [(second, 100 + second % 3 / 10) for second in range(60)]
    told += [(58, 5.0), (20, 100.0), (61, 1e6), (62, 100.0), (63, 100.0)]
    lines = [json.dumps({"ts": start + second * 1000, "symbol": "AAA", "price": price}) for second, price in told]
    (tmp_path / "ticks.ndjson").write_text("\n".join(lines) + "\n")
    book = Positions((Holding("one", "AAA", 1.0),))
    replay = Replay([tmp_path / "ticks.ndjson"], [book], RiskSettings(bar=NANOSECONDS, paths=10), "hash")
    total = replay_to_file(replay, tmp_path / "out")
    assert total.received == 65 == total.accepted + total.duplicate + total.late + sum(total.rejected.values())
    assert (total.late, total.rejected) == (1, {"suspect": 2})


def risk_of(path):
    lines = map(json.loads, path.read_text().splitlines())
    return [line for line in lines if line["type"] == "risk"]


def test_trades_change_the_book_from_their_time_on_and_not_before(replay, tmp_path):
    plain, traded = tmp_path / "plain.ndjson", tmp_path / "traded.ndjson"
    middle = (1_700_000_000 + 20) * NANOSECONDS
    trades = [
        Trade("early", "two", "BBB", 1.0, 100.0, middle - 3600 * NANOSECONDS),
        Trade("middle", "two", "AAA", 2.0, 100.0, middle),
        Trade("never", "two", "BBB", 1.0, 100.0, middle + 3600 * NANOSECONDS),
    ]
    replay_to_file(replay(), plain)
    with capture_logs() as logs:
        replay_to_file(replay(trades=trades), traded)
    two = [line for line in risk_of(traded) if line["portfolio"] == "two"]
    assert {line["positions"][0]["quantity"] for line in two} == {2.0}
    ends = sorted({line["event_time"] for line in risk_of(plain)})
    with_aaa = [line["event_time"] for line in two if len(line["positions"]) == 2]
    # A bar is closed a second of lateness after its end: the one that the trade still finds open has it, too.
    assert with_aaa[0] in ends[18:20]
    assert with_aaa == ends[ends.index(with_aaa[0]) :]
    desk, other = (
        [line["measures"] for line in risk_of(path) if line["portfolio"] == "desk one"] for path in (traded, plain)
    )
    assert desk == other
    assert [(log["event"], log["count"]) for log in logs if "count" in log] == [
        ("trades after the end of the recording are not booked", 1)
    ]


def test_the_window_leaves_out_trades_as_it_leaves_out_ticks(replay, tmp_path):
    start = (1_700_000_000 + 10) * NANOSECONDS
    trades = [Trade("before", "two", "BBB", 5.0, None, start - 1), Trade("at", "two", "BBB", 2.0, None, start)]
    replay_to_file(replay(start=start, trades=trades), tmp_path / "out.ndjson")
    lines = [line for line in risk_of(tmp_path / "out.ndjson") if line["portfolio"] == "two"]
    assert {line["positions"][0]["quantity"] for line in lines} == {3.0}
    assert lines[0]["event_time"] > "2023-11-14T22:13:30"


def test_a_replay_with_trades_is_another_run(replay):
    assert run_name(replay(trades=[Trade("t", "two", "BBB", 1.0)])) != run_name(replay())


def test_trades_are_stored_once(replay, database_url):
    work = replay(trades=[Trade("t1", "two", "BBB", 2.5, 101.0, 1_700_000_010 * NANOSECONDS)])
    for _ in range(2):
        replay_to_database(work, database_url)
    with psycopg.connect(database_url) as connection:
        trades = connection.execute("select trade_id, quantity, event_ns from trades").fetchall()
        (held,) = connection.execute("select quantity from positions where portfolio = 'two'").fetchall()
    assert trades == [("t1", 2.5, 1_700_000_010 * NANOSECONDS)]
    assert held == (3.5,)
