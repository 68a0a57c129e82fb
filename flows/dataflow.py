"""The risk dataflow: how the actors are wired on Bytewax. No time and no formulas here.

::

    source → feed (one key) → risk (key = shard) → merge (one key) → alerts (one key) → sink

The feed step has one constant key, because a step keyed by connection would hand ticks on out of journal order. Step
names are frozen; a new meaning gets a new version.
"""

from collections.abc import Callable
from typing import Any

import bytewax.operators as op
from bytewax.dataflow import Dataflow
from bytewax.inputs import FixedPartitionedSource
from bytewax.outputs import FixedPartitionedSink

from flows.actors.alert import AlertActor
from flows.actors.feed import FeedActor
from flows.actors.merge import MergeActor, Merged
from flows.actors.risk import RiskActor
from flows.fuse import Fuse, FusedSink, FusedSource, Step
from flows.messages import FeedBatch, Spoken
from flows.sources import SourceBatch

JournalRecords = FixedPartitionedSource[SourceBatch, None]
Build = Callable[[Fuse], Dataflow]
"""Wires a dataflow whose errors go into the fuse."""


def risk_dataflow(
    source: JournalRecords,
    feed: FeedActor,
    risk: Callable[[int], RiskActor],
    shards: int,
    alerts: AlertActor,
    sink: FixedPartitionedSink[Merged, None],
    archive: FixedPartitionedSink[FeedBatch, None] | None = None,
) -> Build:
    """Wire the risk flow: every shard sees every batch in the same order, so workers do not change a result.

    A recording has no second reader: its ticks go into the archive from here, where one is given.
    """

    def build(fuse: Fuse) -> Dataflow:
        flow = Dataflow("risk")
        decoded = _decoded(fuse, op.input("journal_v1", flow, FusedSource(fuse, source)), feed)
        if archive is not None:
            op.output("archive_v1", decoded, FusedSink(fuse, archive))
        spread = op.flat_map("shards_v1", decoded, lambda keyed: [(str(s), (s, keyed[1])) for s in range(shards)])
        moments = op.stateful_batch("risk_v1", spread, lambda _: Step(fuse, _risk(risk)))
        together = op.map("moments_v1", moments, lambda keyed: ("all", keyed[1]))
        merged = op.stateful_batch("merge_v1", together, lambda _: Step(fuse, MergeActor(shards).on_message))
        judged = op.stateful_batch("alerts_v1", merged, lambda _: Step(fuse, alerts.on_message))
        op.output("out_v1", judged, FusedSink(fuse, sink))
        return flow

    return build


def archive_dataflow(source: JournalRecords, feed: FeedActor, sink: FixedPartitionedSink[FeedBatch, None]) -> Build:
    """Wire the archive flow: what was received, decoded and judged as the risk flow does it, into tables."""

    def build(fuse: Fuse) -> Dataflow:
        flow = Dataflow("archive")
        decoded = _decoded(fuse, op.input("journal_v1", flow, FusedSource(fuse, source)), feed)
        op.output("archive_v1", decoded, FusedSink(fuse, sink))
        return flow

    return build


def _decoded(fuse: Fuse, batches: Any, actor: FeedActor) -> Any:
    keyed = op.map("feed_key_v1", batches, lambda batch: ("feed", batch))
    return op.stateful_batch("feed_v1", keyed, lambda _: Step(fuse, _feed(actor)))


def _feed(actor: FeedActor) -> Callable[[SourceBatch], list[FeedBatch]]:
    def on_source_batch(batch: SourceBatch) -> list[FeedBatch]:
        decoded = actor.on_batch(batch.records)._replace(questions=batch.questions)
        if not batch.checkpoint:
            return [decoded]
        return [decoded._replace(offset=batch.offset, stamp=batch.stamp, state=actor.snapshot())]

    return on_source_batch


def _risk(make: Callable[[int], RiskActor]) -> Callable[[tuple[int, FeedBatch]], list[Spoken]]:
    actors: dict[int, RiskActor] = {}

    def on_shard_batch(message: tuple[int, FeedBatch]) -> list[Spoken]:
        shard, batch = message
        actor = actors.get(shard) or actors.setdefault(shard, make(shard))
        return actor.on_batch(batch)

    return on_shard_batch
