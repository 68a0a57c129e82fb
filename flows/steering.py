"""A replay as others see and steer it: how far it has come, how fast it goes, and whether it stands still."""

from collections.abc import Callable
from contextlib import suppress

import msgspec

from flows.crew import Crew
from flows.heartbeat import Background
from flows.pace import Gait, Pace
from flows.timestamps import format_timestamp
from riskcore.errors import TailwatchError
from storage.commands import CommandStore
from storage.rows import AnswerRow, CommandRow
from storage.runs import PartStore

PART = "replay"
_EVERY_S = 0.25


class Steer(msgspec.Struct, frozen=True, tag_field="question", tag="steer"):
    """What is to be changed; None leaves it as it is."""

    speed: str | None = None
    """``max``, or a factor such as ``10x``."""
    paused: bool | None = None


class Sight(msgspec.Struct, frozen=True):
    """What a replay says of itself, field by field as the API gives it."""

    state: str
    fraction: float
    """Of the recording's bytes that were read."""
    event_time: str | None
    ticks: int
    speed: str
    paused: bool


class Steered:
    """Progress as the replay itself notes it; read from another thread, field by field."""

    def __init__(self, pace: Pace, tell: Callable[[int, int], object] | None = None) -> None:
        self.pace = pace
        self.ended = False
        self._tell = tell
        self._fraction = 0.0
        self._crew: Crew | None = None

    def watch(self, crew: Crew) -> None:
        """Count the ticks of these actors."""
        self._crew = crew

    def on_progress(self, done: int, total: int) -> None:
        """Note how much of the recording was read."""
        self._fraction = done / total if total else 0.0
        if self._tell is not None:
            self._tell(done, total)

    def sight(self) -> Sight:
        """How it is now."""
        gait, crew = self.pace.gait, self._crew
        at = crew.risk[0].tally.event_time if crew else 0
        return Sight(
            state="ended" if self.ended else "paused" if gait.paused else "running",
            fraction=1.0 if self.ended else min(self._fraction, 1.0),
            event_time=format_timestamp(at) if at else None,
            ticks=crew.feed.ledger.total().received if crew else 0,
            speed="max" if gait.speed is None else f"{gait.speed:.12g}x",
            paused=gait.paused,
        )

    def steer(self, wanted: Steer) -> None:
        """Change speed or pause from now on."""
        now = self.pace.gait
        speed = now.speed if wanted.speed is None else None if wanted.speed == "max" else float(wanted.speed[:-1])
        self.pace.gait = Gait(speed, now.paused if wanted.paused is None else wanted.paused)


def steering(url: str, run: str, steered: Steered) -> Background:
    """Four times a second, say how the replay is and do what others ask of it; at its end once more."""
    commands, parts = CommandStore(url, run), PartStore(url)

    def look() -> None:
        for row in commands.claim():
            commands.answer([_answer(row, steered)])
        parts.beat(PART, run, msgspec.json.encode(steered.sight()))

    def end() -> None:
        with suppress(TailwatchError):
            look()
        commands.close()
        parts.close()

    return Background("replay control", _EVERY_S, look, end)


def _answer(row: CommandRow, steered: Steered) -> AnswerRow:
    try:
        steered.steer(msgspec.json.decode(row.payload, type=Steer))
    except (msgspec.MsgspecError, ValueError) as error:
        refusal = {"detail": f"a replay does not know this: {error}", "errors": [str(error)]}
        return AnswerRow(row.id, 422, msgspec.json.encode(refusal))
    return AnswerRow(row.id, 200, msgspec.json.encode(steered.sight()))
