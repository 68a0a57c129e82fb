import io
import json
from threading import Event, Thread

import psycopg
import pytest

from flows.insistence import Insistence
from flows.messages import Accepted, Checkpoint, End, FeedBatch, Moment, Said
from flows.sinks import ArchiveSink, NdjsonSink, OutboxSink, whole_file
from riskcore.messages import Alert, Quality, RiskSnapshot, Tick
from riskcore.state import Image
from storage.archive import ArchiveStore
from storage.errors import DatabaseUnavailableError, WriterConflictError, WriterReplacedError
from storage.outbox import OutboxStore
from storage.rows import AnswerRow, LimitRow, PositionRow, SilenceRow

PATIENCE_S = 20.0
QUALITY = Quality(40, (), (), 0, 0, 0, "60s", 7, "hash")


def snapshot(portfolio, seq, moment="bar"):
    return RiskSnapshot(
        portfolio,
        seq,
        "2026-11-22T09:30:00.000000000Z",
        "USD",
        "1d",
        1.0,
        1.0,
        1.0,
        0.0,
        (),
        (),
        None,
        QUALITY,
        moment=moment,
    )


def moment(offset, event_time, *snapshots, ordinal=0):
    return Moment(offset, ordinal, event_time, 0, snapshots)


def test_lines_are_sorted_by_event_time_and_portfolio_though_bars_close_late():
    file = io.BytesIO()
    part = NdjsonSink(file).build_part("out", "file", None)
    part.write_batch([moment(1, 105, snapshot("a", 1, "tick"), snapshot("b", 1, "tick"))])
    part.write_batch(
        [moment(2, 100, snapshot("a", 2), snapshot("b", 2)), moment(3, 110, snapshot("a", 3), snapshot("b", 3))]
    )
    part.close()
    lines = [json.loads(line) for line in file.getvalue().splitlines()]
    assert [(line["portfolio"], line["seq"]) for line in lines] == [
        ("a", 2),
        ("b", 2),
        ("a", 1),
        ("b", 1),
        ("a", 3),
        ("b", 3),
    ]


def test_a_line_says_nothing_that_a_wall_clock_decides():
    file = io.BytesIO()
    part = NdjsonSink(file).build_part("out", "file", None)
    part.write_batch([moment(1, 105, snapshot("a", 1))])
    line = json.loads(file.getvalue())
    assert line["type"] == "risk"
    assert line["schema"] == 1
    assert "published_at" not in line
    assert "lag_ms" not in line["quality"]


def test_an_output_that_fails_leaves_no_file_behind(tmp_path):
    def write():
        with whole_file(tmp_path / "out") as file:
            file.write(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write()
    assert list(tmp_path.iterdir()) == []


def test_an_output_that_is_told_to_stop_keeps_what_was_there_before(tmp_path):
    (tmp_path / "out").write_bytes(b"before")
    stopping = Event()
    with whole_file(tmp_path / "out", stopping) as file:
        file.write(b"half")
        stopping.set()
    assert (tmp_path / "out").read_bytes() == b"before"
    assert len(list(tmp_path.iterdir())) == 1


def outbox(database_url, checkpoints=None):
    store = OutboxStore(database_url, "live")
    sink = OutboxSink(store, Event(), (checkpoints if checkpoints is not None else []).append, clock=lambda: 2_000_000)
    return store, sink.build_part("out", "outbox", None)


def stored(database_url):
    with psycopg.connect(database_url) as connection:
        return connection.execute("select id, journal_offset, ordinal, portfolio from outbox order by id").fetchall()


def test_events_have_ids_without_a_hole_and_repeats_change_nothing(database_url):
    moments = [
        moment(5, 100, snapshot("a", 1), snapshot("b", 1)),
        moment(5, 200, snapshot("a", 2), ordinal=1),
        moment(9, 300, snapshot("a", 3)),
    ]
    store, part = outbox(database_url)
    part.write_batch(moments[:2])
    part.close()
    store.close()
    store, part = outbox(database_url)
    part.write_batch(moments)
    part.close()
    store.close()
    assert stored(database_url) == [(1, 5, 0, "a"), (2, 5, 1, "b"), (3, 5, 2, "a"), (4, 9, 0, "a")]


def test_a_stored_event_says_when_it_was_published_and_how_late(database_url):
    store, part = outbox(database_url)
    part.write_batch([moment(5, 1_000_000, snapshot("a", 1))])
    part.close()
    store.close()
    with psycopg.connect(database_url) as connection:
        (payload,) = connection.execute("select payload::text from risk_snapshots").fetchone()
    event = json.loads(payload)
    assert event["published_at"] == "1970-01-01T00:00:00.002000000Z"
    assert event["quality"]["lag_ms"] == 1.0


def test_a_book_stated_twice_in_one_batch_is_stored_as_it_was_stated_last(database_url):
    def stated(offset, quantity):
        row = PositionRow("a", "AAA", quantity, None, 1.0, "USD", None, offset)
        return Moment(offset, 0, 0, 0, (), Said(holdings=(row,)))

    store, part = outbox(database_url)
    part.write_batch([stated(0, 5.0), stated(9, 7.0)])
    part.close()
    store.close()
    with psycopg.connect(database_url) as connection:
        assert connection.execute("select quantity, journal_offset from positions").fetchall() == [(7.0, 9)]


def test_a_checkpoint_is_taken_only_behind_what_is_stored(database_url):
    checkpoints = []
    store, part = outbox(database_url, checkpoints)
    checkpoint = (Checkpoint(6, 0, b"", Image({}, {})),)
    seen = []
    part._checkpoint = lambda parts: seen.append((parts, stored(database_url)))
    part.write_batch([moment(5, 100, snapshot("a", 1)), checkpoint, moment(7, 200, snapshot("a", 2))])
    part.close()
    store.close()
    assert seen == [((checkpoint[0]._replace(stored=5),), [(1, 5, 0, "a")])]
    assert len(stored(database_url)) == 2


class Slow:
    """A store whose transactions take until they are let go, or fail then."""

    def __init__(self, error=None):
        self.begun, self.let_go, self.error, self.told = Event(), Event(), error, []

    def answer_questions(self, answers):
        self.told.append([answer.id for answer in answers])

    def write(self, rows, *_rows, **_more):
        self.begun.set()
        assert self.let_go.wait(PATIENCE_S)
        if self.error is not None:
            raise self.error
        self.told.append([row.journal_offset for row in rows])


def test_who_asked_a_question_waits_for_no_figures_to_be_stored():
    store = Slow()
    part = OutboxSink(store, Event()).build_part("out", "outbox", None)
    part.write_batch([moment(5, 100, snapshot("a", 1))])
    assert store.begun.wait(PATIENCE_S)
    part.write_batch([AnswerRow("q", 200, b"{}")])
    assert store.told == [["q"]]
    store.let_go.set()
    part.close()
    assert store.told == [["q"], [5]]


def test_the_flow_is_one_batch_ahead_of_what_is_stored_and_no_more():
    store, ahead = Slow(), Event()
    part = OutboxSink(store, Event()).build_part("out", "outbox", None)
    part.write_batch([moment(5, 100, snapshot("a", 1))])

    def go_on():
        part.write_batch([moment(6, 200, snapshot("a", 2))])
        ahead.set()

    flow = Thread(target=go_on)
    flow.start()
    assert store.begun.wait(PATIENCE_S)
    assert not ahead.wait(0.1)
    store.let_go.set()
    assert ahead.wait(PATIENCE_S)
    flow.join()
    part.close()
    assert store.told == [[5], [6]]


def test_behind_what_could_not_be_stored_nothing_is_and_the_flow_hears_of_it():
    store, checkpoints = Slow(WriterReplacedError("another")), []
    part = OutboxSink(store, Event(), checkpoints.append).build_part("out", "outbox", None)
    store.let_go.set()
    part.write_batch([moment(5, 100, snapshot("a", 1)), (Checkpoint(6, 0, b"", Image({}, {})),)])
    with pytest.raises(WriterReplacedError):
        part.write_batch([moment(7, 200, snapshot("a", 2))])
    with pytest.raises(WriterReplacedError):
        part.close()
    assert store.told == checkpoints == []


@pytest.mark.parametrize("make", [OutboxSink, ArchiveSink])
def test_the_last_transaction_that_fails_is_an_error_of_the_flow(make):
    class Replaced:
        def write(self, *_rows, **_more):
            raise WriterReplacedError("another")

    part = make(Replaced(), Event()).build_part("out", "one", None)
    part.write_batch([moment(5, 100, snapshot("a", 1)) if make is OutboxSink else FeedBatch(2, 2, [accepted(2)], b"")])
    with pytest.raises(WriterReplacedError):
        part.close()


def test_no_checkpoint_is_taken_behind_what_was_given_up():
    class Away:
        def write(self, *_rows, **_more):
            raise DatabaseUnavailableError("away")

    stopping, checkpoints = Event(), []
    stopping.set()
    part = OutboxSink(Away(), stopping, checkpoints.append).build_part("out", "outbox", None)
    part.write_batch([moment(5, 100, snapshot("a", 1))])
    part.write_batch([(Checkpoint(6, 0, b"", Image({}, {})),)])
    part.close()
    assert checkpoints == []


def test_a_database_that_is_away_is_waited_for():
    attempts = []

    def write():
        attempts.append(1)
        if len(attempts) < 3:
            raise DatabaseUnavailableError("away")

    patient = Insistence("test", _Never())
    assert patient.insist(write)
    assert len(attempts) == 3
    assert patient.trouble is None


@pytest.mark.parametrize("make", [OutboxSink, ArchiveSink])
def test_a_sink_that_waits_for_the_database_says_why(make):
    waiting = Event()

    class Full:
        def write(self, *_rows, **_more):
            waiting.set()
            raise DatabaseUnavailableError("no space left")

    stopping = Event()
    sink = make(Full(), stopping)
    part = sink.build_part("out", "one", None)
    assert sink.trouble is None
    part.write_batch([moment(5, 100, snapshot("a", 1)) if make is OutboxSink else FeedBatch(2, 2, [accepted(2)], b"")])
    assert waiting.wait(PATIENCE_S)
    stopping.set()
    part.close()
    assert sink.trouble == "no space left"


def test_who_gave_up_once_stores_nothing_over_the_hole():
    stopping = Event()
    stopping.set()
    patient = Insistence("test", stopping)

    def away():
        raise DatabaseUnavailableError("away")

    written = []
    assert not patient.insist(away)
    assert not patient.insist(lambda: written.append(1))
    assert written == []


def test_another_program_that_writes_the_same_is_waited_for_only_so_long():
    attempts = []

    def write():
        attempts.append(1)
        raise WriterConflictError("another")

    with pytest.raises(WriterConflictError):
        Insistence("test", _Never(), conflict_s=0.01).insist(write)
    assert len(attempts) > 1


class _Never(Event):
    def wait(self, timeout=None):
        return False


def accepted(offset):
    return Accepted(
        offset, 0, offset * 1_000, 0, Tick("sim", "A", offset * 1_000_000, 10.0 + offset, identifier=offset)
    )


def test_the_archive_stores_ticks_only_together_with_the_state_to_go_on_from(database_url):
    store = ArchiveStore(database_url, "live")
    part = ArchiveSink(store, Event()).build_part("archive", "archive", None)
    part.write_batch([FeedBatch(1, 1, [accepted(1)])])
    assert store.progress().offset == -1
    part.write_batch([FeedBatch(2, 2, [accepted(2)], b"state"), FeedBatch(3, 3, [accepted(3)])])
    part.close()
    progress = store.progress()
    store.close()
    assert (progress.offset, progress.state, progress.ticks) == (2, b"state", 2)


def test_the_end_of_a_recording_is_archived_without_a_state(database_url):
    store = ArchiveStore(database_url, "replay-1")
    part = ArchiveSink(store, Event()).build_part("archive", "archive", None)
    part.write_batch([FeedBatch(2, 2, [accepted(1), End(2, 2)])])
    progress = store.progress()
    store.close()
    assert (progress.offset, progress.ticks) == (2, 1)


def alert(portfolio, number, at="2026-11-22T09:30:00.000000000Z"):
    return Alert(
        str(number), portfolio, "var", "historical", 0.99, "firing", "breach", 2.0, 1.0, at, at, journal_offset=7
    )


LIMIT = LimitRow("a", "gross", b'{"rule":"gross"}', b'{"state":"ok"}', 5)


def test_alerts_stand_behind_the_figures_that_caused_them_in_one_transaction(database_url):
    caused = moment(5, 100, snapshot("a", 1))._replace(alerts=(alert("a", 1), alert("b", 2)), limits=(LIMIT,))
    later = moment(5, 0, ordinal=1)._replace(alerts=(alert("a", 3),))
    query = "select o.id, o.kind, o.ordinal, o.payload->>'id', o.xmin = l.xmin from outbox o, limits l order by o.id"
    found = []
    for _ in range(2):
        store, part = outbox(database_url)
        part.write_batch([caused, later])
        part.close()
        store.close()
        with psycopg.connect(database_url) as connection:
            found.append(connection.execute(query).fetchall())
    rows, again = found
    assert [row[:4] for row in again] == [row[:4] for row in rows]
    assert [row[:4] for row in rows] == [
        (1, "risk", 0, None),
        (2, "alert", 1, "1"),
        (3, "alert", 2, "2"),
        (4, "alert", 3, "3"),
    ]
    assert all(row[4] for row in rows)


def test_a_limit_told_again_by_an_earlier_record_does_not_come_back(database_url):
    store, part = outbox(database_url)
    newer = LIMIT._replace(standing=b'{"state":"firing"}', journal_offset=9)
    part.write_batch([moment(9, 100)._replace(limits=(newer,))])
    part.write_batch([moment(5, 100)._replace(limits=(LIMIT,))])
    part.write_batch([moment(11, 100)._replace(silences=(SilenceRow("s", b"{}", 11), SilenceRow("s", None, 11)))])
    part.close()
    store.close()
    with psycopg.connect(database_url) as connection:
        assert connection.execute("select standing->>'state', journal_offset from limits").fetchall() == [("firing", 9)]
        assert connection.execute("select id, definition from silences").fetchall() == [("s", None)]


def test_alerts_have_lines_of_their_own_in_order_of_time_and_portfolio():
    file = io.BytesIO()
    part = NdjsonSink(file).build_part("out", "file", None)
    early = "1970-01-01T00:00:00.000000100Z"
    late = "1970-01-01T00:00:00.000000109Z"
    between = moment(1, 90)._replace(alerts=(alert("b", 1, late),))
    bar = moment(2, 100, snapshot("a", 1), snapshot("b", 1))._replace(alerts=(alert("a", 2, early),))
    part.write_batch([between, bar, moment(3, 110, snapshot("a", 2))])
    part.close()
    lines = [json.loads(line) for line in file.getvalue().splitlines()]
    assert [(line["type"], line["portfolio"]) for line in lines] == [
        ("risk", "a"),
        ("alert", "a"),
        ("risk", "b"),
        ("alert", "b"),
        ("risk", "a"),
    ]
