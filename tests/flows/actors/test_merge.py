from flows.actors.merge import MergeActor
from flows.messages import Checkpoint, Moment
from riskcore.state import Image


def moment(offset, shard, ordinal=0):
    return Moment(offset, ordinal, offset * 10, shard, ())


def test_a_moment_waits_for_every_shard():
    merge = MergeActor(2)
    assert merge.on_message(moment(7, 0)) == []
    (merged,) = merge.on_message(moment(7, 1))
    assert (merged.offset, merged.event_time) == (7, 70)


def test_a_shard_may_run_ahead_without_changing_the_order_of_moments():
    merge, out = MergeActor(2), []
    for message in (moment(1, 0), moment(1, 0, 1), moment(2, 0), moment(1, 1), moment(1, 1, 1), moment(2, 1)):
        out += merge.on_message(message)
    assert [(m.offset, m.ordinal) for m in out] == [(1, 0), (1, 1), (2, 0)]


def test_checkpoints_come_together_in_the_order_of_shards():
    merge = MergeActor(2)
    zero, one = Checkpoint(5, 0, b"feed", Image({}, {"shard": 0})), Checkpoint(5, 1, b"feed", Image({}, {"shard": 1}))
    assert merge.on_message(one) == []
    assert merge.on_message(zero) == [(zero, one)]
