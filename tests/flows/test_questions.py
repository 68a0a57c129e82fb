"""A question is answered from the present, by whoever has the portfolio, and leaves no trace."""

import json
from threading import Event

import pytest

from flows.actors.alert import AlertActor
from flows.actors.merge import MergeActor
from flows.actors.risk import RiskActor
from flows.commands import Holding, Positions, Trade, Trades, encode_command
from flows.journal import JournalWriter
from flows.messages import Accepted, Command, FeedBatch, Kind, Moment
from flows.questions import Candidate, Inbox, Question, WhatIf
from flows.sources import JournalSource
from riskcore.messages import Tick
from riskcore.settings import NANOSECONDS, RiskSettings
from riskcore.state import pack
from storage.rows import AnswerRow

SETTINGS = RiskSettings(bar=NANOSECONDS, paths=200, min_observations=3, lateness=0)
BOOK = Positions((Holding("one", "A", 3.0), Holding("two", "A", -1.0), Holding("two", "B", 2.0)))
SELL = Question("q", WhatIf("one", (Candidate("A", -1.0),)))


def batches():
    """Six seconds of two instruments in batches of two ticks."""
    yield FeedBatch(0, 1, [Command(0, 1, encode_command(BOOK))])
    for step in range(60):
        at = 1_000 * NANOSECONDS + step * NANOSECONDS // 10
        ticks = [Tick("sim", "AB"[n], at, 100.0 + (step * 7919 % 31) / 50 + n) for n in range(2)]
        events = [Accepted(step + 1, n, at, n, tick) for n, tick in enumerate(ticks)]
        yield FeedBatch(step + 1, at, events)


def said(publish, questions):
    actor = RiskActor(SETTINGS, publish=publish)
    return [one for batch in batches() for one in actor.on_batch(batch._replace(questions=questions))], actor


@pytest.mark.parametrize("publish", [None, NANOSECONDS // 4])
def test_figures_are_the_same_to_the_last_bit_whether_something_was_asked_or_not(publish):
    silent, quiet = said(publish, ())
    asked, busy = said(publish, (SELL,))
    assert [one for one in asked if isinstance(one, Moment)] == silent
    assert sum(isinstance(one, AnswerRow) for one in asked) == 61
    one, other = busy.snapshot(), quiet.snapshot()
    assert pack("risk", one.arrays, one.meta) == pack("risk", other.arrays, other.meta)


def test_the_answer_names_the_record_and_the_moment_it_is_as_of():
    asked, _ = said(NANOSECONDS // 4, (SELL,))
    answers = [json.loads(one.payload) for one in asked if isinstance(one, AnswerRow)]
    assert [one["journal_offset"] for one in answers] == list(range(61))
    assert answers[-1]["event_time"].startswith("1970-01-01T00:16:4")


def test_the_same_question_at_the_same_record_of_another_engine_gets_the_same_bytes():
    first, _ = said(NANOSECONDS // 4, (SELL,))
    second, _ = said(NANOSECONDS // 4, (SELL,))
    assert first == second


def test_one_of_several_shards_answers():
    actors = [RiskActor(SETTINGS, shard=shard, shards=3) for shard in range(3)]
    (told, *_) = batches()
    for name, status in (("one", 200), ("two", 200), ("three", 404)):
        question = Question("q", WhatIf(name, (Candidate("A", 1.0),)))
        found = [
            one
            for actor in actors
            for one in actor.on_batch(told._replace(questions=(question,)))
            if isinstance(one, AnswerRow)
        ]
        assert [answer.status for answer in found] == [status]


def test_an_answer_waits_for_no_shard_and_no_limit():
    answer = AnswerRow("q", 200, b"{}")
    assert MergeActor(3).on_message(answer) == [answer]
    assert AlertActor().on_message(answer) == [answer]


def test_a_question_waits_until_what_was_durable_when_it_came_is_read():
    inbox = Inbox(lambda: 5)
    inbox.put(SELL)
    assert inbox.take(4) == ()
    assert inbox.take(5) == (SELL,)
    assert inbox.take(9) == ()


def test_a_question_behind_a_trade_is_answered_with_it(tmp_path):
    writer = JournalWriter(tmp_path / "journal", fsync_interval_s=0.0, silence_s=3600.0)
    writer.append(Kind.COMMAND, encode_command(BOOK))
    writer.append(Kind.COMMAND, encode_command(Trades((Trade("T1", "one", "A", 4.0),))))
    assert writer.flush(10.0)
    inbox, stopping = Inbox(lambda: writer.durable), Event()
    inbox.put(SELL)
    part = JournalSource(tmp_path / "journal", 0, writer, stopping, None, inbox).build_part("s", "journal", None)
    (batch,) = part.next_batch()
    assert batch.questions == (SELL,)
    assert batch.offset == writer.durable - 1
    inbox.put(SELL)
    (alone,) = part.next_batch()
    assert (alone.records, alone.offset, alone.questions) == ([], batch.offset, (SELL,))
    assert part.next_batch() == []
    part.close()
    writer.close()
