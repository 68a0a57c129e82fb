"""The life of an alert: when a limit fires, rises, falls and resolves. Pure: time and figures come in, levels go out.

A figure is *above* a level while it is at least the level, and *below* it once it is less than
``level * (1 - hysteresis)``; in between it stays what it was. A limit rises to the highest level that the figure has
been above for ``hold``, at once. It falls only when the figure is below, and not within 60 s of the transition before.
So of one limit there are at most three transitions a minute (two where it has one level), and it is never silent while
the figure is above for longer than ``hold``.
"""

from dataclasses import dataclass, field

from riskcore.limits import Limit
from riskcore.settings import NANOSECONDS

KEEP = 60 * NANOSECONDS
"""Journal time that a level is kept at least."""
LEVELS = ("ok", "warning", "breach")
_NOT = -1


@dataclass(slots=True)
class Standing:
    """Where a limit stands. Times are nanoseconds of the journal, but ``since``, which is event time."""

    level: int = 0
    """0 ok, 1 warning, 2 breach, as it was told last."""
    above: list[int] = field(default_factory=lambda: [_NOT, _NOT])
    """Since when the figure has been above warning and breach; -1 where it is not."""
    changed: int = _NOT
    """When it was told last; -1 for never."""
    since: int = 0
    """When the present alert began."""
    alert: str = ""
    """The id of the transition that told the present level."""
    acknowledged: bool = False
    silenced: bool = False
    """Whether the present level was told under a silence."""

    def advance(self, limit: Limit, value: float | None, stamp: int) -> bool:
        """Take the figure as of ``stamp``; True when the level has changed. O(1).

        An unknown figure proves nothing: the level stays, and what is pending stays pending.
        """
        if value is None:
            return False
        level = self._level(limit, value, stamp)
        if level == self.level or (level < self.level and stamp - self.changed < KEEP):
            return False
        if level > self.level:
            self.acknowledged = False
        self.level, self.changed = level, stamp
        return True

    def _level(self, limit: Limit, value: float, stamp: int) -> int:
        risen = kept = 0
        for number, level in enumerate(limit.levels, 1):
            if level is None:
                self.above[number - 1] = _NOT
                continue
            since = self.above[number - 1]
            if value >= level:
                if since == _NOT:
                    since = self.above[number - 1] = stamp
                if stamp - since >= limit.hold:
                    risen = number
            elif since != _NOT and value < level * (1.0 - limit.hysteresis):
                since = self.above[number - 1] = _NOT
            if since != _NOT and number <= self.level:
                kept = number
        return max(risen, kept)
