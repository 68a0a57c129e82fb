"""How long the feeds have been silent, and how many gaps were found lately."""

from typing import NamedTuple

from flows.messages import Stream
from riskcore.settings import MINUTE, NANOSECONDS

STEP = 2 * NANOSECONDS
"""The most that one look counts for: nobody knows whether a feed was silent while the engine stood still."""


class SilenceState(NamedTuple):
    at: int
    heard: dict[str, int]
    silent: dict[str, int]
    gaps: list[tuple[int, int]]


class FeedSilence:
    """Follows the feeds second by second of the journal.

    Silence is what was watched: a second in which the journal's clock ran. A stop of the engine, or a recording that
    has no clock, counts for at most 2 s a look.
    """

    def __init__(self) -> None:
        self._state = SilenceState(0, {}, {"": 0}, [])

    def advance(self, stamp: int, stream: Stream) -> None:
        """Take what the feeds were like as of ``stamp``."""
        before = self._state
        step = min(stamp - before.at, STEP) if before.at else 0
        names = stream.heard or {"": 0}
        silent = {
            name: before.silent.get(name, 0) + step if before.heard.get(name, 0) == at else 0
            for name, at in names.items()
        }
        gaps = [*before.gaps, (stamp, stream.gaps)]
        while len(gaps) > 1 and gaps[1][0] <= stamp - MINUTE:
            gaps.pop(0)
        self._state = SilenceState(stamp, dict(stream.heard), silent, gaps)

    @property
    def longest_s(self) -> float:
        """Seconds that the most silent feed has been silent for; where none was ever heard, since the beginning."""
        return round(max(self._state.silent.values()) / NANOSECONDS, 3)

    @property
    def recent_gaps(self) -> int:
        """Gaps found within the last minute."""
        gaps = self._state.gaps
        return gaps[-1][1] - gaps[0][1] if gaps else 0

    def state(self) -> SilenceState:
        return self._state

    def restore(self, state: SilenceState) -> None:
        self._state = state
