"""The actors of a run, new or as a checkpoint left them, and the journal record they go on from."""

from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import NamedTuple

import structlog

from flows.actors.alert import AlertActor
from flows.actors.feed import FeedActor
from flows.actors.risk import RiskActor
from flows.checkpoint import read_checkpoint
from flows.journal.keeper import began_at
from flows.timestamps import format_timestamp
from flows.universe import Universe
from riskcore.errors import TailwatchError
from riskcore.settings import RiskSettings

_log = structlog.get_logger(__name__)
_LOOK_S = 0.05


class Crew(NamedTuple):
    """Decoder, shards and limits before the record ``offset``."""

    offset: int
    feed: FeedActor
    risk: tuple[RiskActor, ...]
    alerts: AlertActor
    stored: int = -1
    """The record of the newest event that the database had at the checkpoint."""

    def held_against(self, stored: int, make: "Callable[[], Crew]") -> "Crew":
        """This crew, or a new one where the newest event of the database is of an earlier record than it had been.

        Such a database was restored from an older copy. What it has lost is told again from the journal.
        """
        if stored >= self.stored:
            return self
        because = f"the database ends at record {stored}, and had events up to {self.stored}: it is an older copy"
        _log.warning("building the state anew from the journal", because=because)
        return make()


def new_crew(settings: RiskSettings, settings_hash: str, publish: int | None, shards: int) -> Crew:
    """Actors that have seen nothing."""
    actors = (
        RiskActor(settings, settings_hash=settings_hash, publish=publish, shard=shard, shards=shards)
        for shard in range(shards)
    )
    return Crew(0, FeedActor(Universe(), settings.price), tuple(actors), AlertActor())


def resumed_crew(make: Callable[[], Crew], checkpoint: Path, settings_hash: str, durable: int) -> Crew:
    """Actors as the checkpoint left them; new ones, and a warning, where it is of no use: the journal has it all.

    ``durable`` is the end of the journal, which must reach to the checkpoint.
    """
    crew = make()
    try:
        resumed = read_checkpoint(checkpoint, settings_hash, len(crew.risk), durable)
        if resumed is None:
            return crew
        crew.feed.restore(resumed.feed_state)
        for actor, state in zip(crew.risk, resumed.risk_states, strict=True):
            actor.restore(state)
        crew.alerts.restore(resumed.alert_state)
    except TailwatchError as error:
        _log.warning("building the state anew from the journal", because=str(error))
        return make()
    return crew._replace(offset=resumed.offset, stored=resumed.stored)


def run_of(journal: Path, stopping: Event) -> str | None:
    """The name of the run that this journal is: ``live-`` and when it began; waits for its first record.

    So another journal is another run, and nothing of it can be mistaken for what the database has of this one. None
    when ``stopping`` is set first.
    """
    while (began := began_at(journal)) is None:
        if stopping.wait(_LOOK_S):
            return None
    return f"live-{format_timestamp(began)}"
