"""Brings the shards of a moment together, in an order that does not depend on the workers."""

from itertools import chain

from flows.messages import Checkpoint, Moment, Said, Spoken
from storage.rows import AnswerRow

Merged = Moment | AnswerRow | tuple[Checkpoint, ...]


class MergeActor:
    """Waits until every shard has spoken on a moment, then hands its snapshots on sorted by portfolio.

    All shards see the same stream and so have the same moments, in the same order. The state is what some shard has
    not reached yet: at most a batch.
    """

    def __init__(self, shards: int) -> None:
        self._shards = shards
        self._waiting: dict[tuple[int, int], list[Moment | Checkpoint]] = {}

    def on_message(self, message: Spoken) -> list[Merged]:
        """Take one shard's part; the last one to come releases the whole. An answer is whole by itself."""
        if isinstance(message, AnswerRow):
            return [message]
        place = (message.offset, message.ordinal if isinstance(message, Moment) else -1)
        parts = self._waiting.setdefault(place, [])
        parts.append(message)
        if len(parts) < self._shards:
            return []
        del self._waiting[place]
        parts.sort(key=lambda part: part.shard)
        moments = [part for part in parts if isinstance(part, Moment)]
        if not moments:
            return [tuple(part for part in parts if isinstance(part, Checkpoint))]
        snapshots = sorted((s for moment in moments for s in moment.snapshots), key=lambda s: s.portfolio)
        said = zip(*(moment.said for moment in moments), strict=True)
        together = Said(*(tuple(chain.from_iterable(rows)) for rows in said))
        return [moments[0]._replace(snapshots=tuple(snapshots), said=together)]
