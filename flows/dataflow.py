"""The risk dataflow: how the actors are wired on Bytewax. No time and no formulas here.

::

    source → feed (one key) → risk (key = shard) → merge (one key) → sink

The feed step has one constant key, because a step keyed by connection would hand ticks on out of journal order. Step
names are frozen; a new meaning gets a new version.
"""

from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

import bytewax.operators as op
from bytewax.dataflow import Dataflow
from bytewax.inputs import Source
from bytewax.operators import StatefulBatchLogic
from bytewax.outputs import Sink

from flows.actors.feed import FeedActor
from flows.actors.merge import MergeActor, Merged
from flows.actors.risk import RiskActor
from flows.messages import Checkpoint, FeedBatch, Moment
from flows.sources import SourceBatch

In = TypeVar("In")
Out = TypeVar("Out")


class _Step(StatefulBatchLogic[In, Out, None], Generic[In, Out]):
    """Lets Bytewax drive an actor; its recovery store is not used, so there is nothing to snapshot."""

    def __init__(self, on_message: Callable[[In], Iterable[Out]]) -> None:
        self._on_message = on_message

    def on_batch(self, values: list[In]) -> tuple[Iterable[Out], bool]:
        return [out for value in values for out in self._on_message(value)], StatefulBatchLogic.RETAIN

    def snapshot(self) -> None:
        return None


def risk_dataflow(
    source: Source[SourceBatch],
    feed: Callable[[], FeedActor],
    risk: Callable[[int], RiskActor],
    shards: int,
    sink: Sink[tuple[str, Merged]],
    archive: Sink[tuple[str, FeedBatch]] | None = None,
) -> Dataflow:
    """Wire the risk flow: every shard sees every batch in the same order, so workers do not change a result.

    A recording has no second reader: its ticks go into the archive from here, where one is given.
    """
    flow = Dataflow("risk")
    batches = op.input("journal_v1", flow, source)
    decoded = feed_step(batches, feed)
    if archive is not None:
        op.output("archive_v1", decoded, archive)
    spread = op.flat_map("shards_v1", decoded, lambda keyed: [(str(s), (s, keyed[1])) for s in range(shards)])
    moments = op.stateful_batch("risk_v1", spread, lambda _: _Step(_risk(risk)))
    together = op.map("moments_v1", moments, lambda keyed: ("all", keyed[1]))
    merged = op.stateful_batch("merge_v1", together, lambda _: _Step(MergeActor(shards).on_message))
    op.output("out_v1", merged, sink)
    return flow


def archive_dataflow(
    source: Source[SourceBatch], feed: Callable[[], FeedActor], sink: Sink[tuple[str, FeedBatch]]
) -> Dataflow:
    """Wire the archive flow: what was received, decoded and judged as the risk flow does it, into tables."""
    flow = Dataflow("archive")
    decoded = feed_step(op.input("journal_v1", flow, source), feed)
    op.output("archive_v1", decoded, sink)
    return flow


def feed_step(batches: Any, feed: Callable[[], FeedActor]) -> Any:
    """Decode journal records into events with exactly one fate each."""
    keyed = op.map("feed_key_v1", batches, lambda batch: ("feed", batch))
    return op.stateful_batch("feed_v1", keyed, lambda _: _Step(_feed(feed())))


def _feed(actor: FeedActor) -> Callable[[SourceBatch], list[FeedBatch]]:
    def on_source_batch(batch: SourceBatch) -> list[FeedBatch]:
        events = actor.on_batch(batch.records)
        return [events._replace(state=actor.snapshot()) if batch.checkpoint else events]

    return on_source_batch


def _risk(make: Callable[[int], RiskActor]) -> Callable[[tuple[int, FeedBatch]], list[Moment | Checkpoint]]:
    actors: dict[int, RiskActor] = {}

    def on_shard_batch(message: tuple[int, FeedBatch]) -> list[Moment | Checkpoint]:
        shard, batch = message
        actor = actors.get(shard) or actors.setdefault(shard, make(shard))
        return actor.on_batch(batch)

    return on_shard_batch
