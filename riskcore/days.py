"""Days that begin at a time of the clock in a time zone: a function of event time."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_SECOND = 1_000_000_000


class Days:
    """Number days by their date, each from its start to that of the next, 23 or 25 hours where the clock changes.

    A start that the clock jumps over is as long after midnight as it says; of one that comes twice the first counts.
    O(1) within a day.

    Examples
    --------
    >>> days = Days("17:00", "America/New_York")
    >>> moment = datetime(2024, 3, 8, 22, 0, tzinfo=UTC)
    >>> [days.number(int(moment.timestamp()) * 10**9 + change) - date(2024, 3, 8).toordinal() for change in (-1, 0)]
    [-1, 0]
    """

    def __init__(self, start: str = "00:00", zone: str = "UTC") -> None:
        self._start, self._zone = time.fromisoformat(start), ZoneInfo(zone)
        self._begins = self._ends = self._number = 0

    def number(self, event_time: int) -> int:
        """The ordinal of the date on which the day of this moment began; nanoseconds since 1970, UTC."""
        if not self._begins <= event_time < self._ends:
            self._find(event_time)
        return self._number

    def begins(self, event_time: int) -> int:
        """The moment at which the day of this moment began; both in nanoseconds since 1970, UTC."""
        self.number(event_time)
        return self._begins

    def _find(self, event_time: int) -> None:
        today = datetime.fromtimestamp(event_time // _SECOND, UTC).astimezone(self._zone).date()
        day = today if event_time >= self._start_of(today) else today - timedelta(days=1)
        self._number = day.toordinal()
        self._begins, self._ends = self._start_of(day), self._start_of(day + timedelta(days=1))

    def _start_of(self, day: date) -> int:
        return int(datetime.combine(day, self._start, self._zone).timestamp()) * _SECOND
