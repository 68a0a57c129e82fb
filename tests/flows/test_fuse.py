import pytest

from flows.actors.feed import FeedActor
from flows.dataflow import archive_dataflow
from flows.messages import Kind, Record
from flows.running import run_dataflow
from flows.sources import RecordSource
from flows.universe import Universe
from riskcore.errors import InputError, TailwatchError


def records(count=3000):
    for offset in range(count):
        yield Record(offset, offset, Kind.CLOCK, "", "", 0, b"")


class Sink:
    """Collects batches, and raises ``error`` at the second one."""

    def __init__(self, error=None):
        self.batches, self.error, self.closed = [], error, False

    def list_parts(self):
        return ["one"]

    def build_part(self, step_id, for_part, resume_state):
        return self

    def write_batch(self, items):
        if self.error is not None and self.batches:
            raise self.error
        self.batches += items

    def close(self):
        self.closed = True


def run(source, feed, sink):
    run_dataflow(archive_dataflow(source, feed, sink))


def test_without_an_error_everything_arrives():
    sink = Sink()
    run(RecordSource(records()), FeedActor(Universe()), sink)
    assert [batch.offset for batch in sink.batches] == [999, 1999, 2999]
    assert sink.closed


@pytest.mark.parametrize("error", [TailwatchError("the disk is full"), ZeroDivisionError("a slip of ours")])
def test_an_error_of_a_sink_is_raised_as_itself_and_nothing_is_written_after_it(error, capfd):
    sink = Sink(error)
    with pytest.raises(type(error), match=str(error)):
        run(RecordSource(records()), FeedActor(Universe()), sink)
    assert len(sink.batches) == 1
    assert sink.closed
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("first", [None, TailwatchError("the first")])
def test_an_error_at_the_end_of_a_sink_is_raised_as_itself_where_it_is_the_first(first, capfd):
    class Torn(Sink):
        def close(self):
            super().close()
            raise TailwatchError("the last" if first is None else "one more")

    sink = Torn(first)
    with pytest.raises(TailwatchError, match="the last" if first is None else "the first"):
        run(RecordSource(records()), FeedActor(Universe()), sink)
    assert sink.closed
    assert capfd.readouterr().err == ""


def test_an_error_of_a_source_is_raised_as_itself(capfd):
    def torn():
        yield from records(1500)
        raise TailwatchError("file x: line 1500: cut short")

    with pytest.raises(TailwatchError, match="line 1500"):
        run(RecordSource(torn()), FeedActor(Universe()), Sink())
    assert capfd.readouterr().err == ""


def test_an_error_of_an_actor_is_raised_as_itself(capfd):
    bad = [Record(0, 0, Kind.COMMAND, "", "", 0, b"no command")]
    with pytest.raises(InputError, match="journal offset 0"):
        run(RecordSource(bad), FeedActor(Universe()), Sink())
    assert capfd.readouterr().err == ""
