"""Any figure of the past again: the journal up to its record, through the same actors."""

from collections.abc import Callable
from pathlib import Path

from threadpoolctl import threadpool_limits

from flows.actors.merge import MergeActor
from flows.crew import Crew
from flows.encoding import encode_line
from flows.journal import JournalReader
from flows.messages import Moment
from riskcore.errors import InputError

_BATCH = 1000


def recompute(
    journal: Path, offset: int, crew: Crew, on_progress: Callable[[int, int], object] = lambda _done, _of: None
) -> list[bytes]:
    """Return the snapshots that the record ``offset`` caused, as lines of JSON, sorted as ``replay --out`` sorts them.

    ``crew`` are actors that have seen nothing, with the settings of then. Time and memory are those of a replay.

    Raises
    ------
    InputError
        That record caused no snapshot: figures are published at some records only.
    JournalError
        The journal does not reach from its first record to this one.
    """
    reader, merge, lines = JournalReader(journal), MergeActor(len(crew.risk)), list[bytes]()
    try:
        with threadpool_limits(limits=1):
            while reader.offset <= offset and (records := reader.read(min(_BATCH, offset + 1 - reader.offset))):
                batch = crew.feed.on_batch(records)
                said = (message for actor in crew.risk for message in actor.on_batch(batch))
                moments = [moment for message in said for moment in merge.on_message(message)]
                lines += [
                    encode_line(snapshot)
                    for moment in moments
                    if isinstance(moment, Moment) and moment.offset == offset
                    for snapshot in moment.snapshots
                ]
                on_progress(reader.offset, offset + 1)
        if reader.offset <= offset:
            raise InputError(f"journal {journal}: ends at record {reader.offset - 1}, before {offset}")
    finally:
        reader.close()
    if not lines:
        raise InputError(f"record {offset} of journal {journal} caused no snapshot; name a snapshot's journal_offset")
    return lines
