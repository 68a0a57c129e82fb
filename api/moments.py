"""Moments of the API: integer nanoseconds inside, RFC 3339 outside."""

from datetime import UTC, datetime

from api.problems import ProblemError

SECOND = 1_000_000_000
FIRST, LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2262, 1, 1, tzinfo=UTC)


def nanoseconds(moment: datetime) -> int:
    """Nanoseconds since 1970, UTC.

    Raises
    ------
    ProblemError
        422 for a time that 64 bits do not hold.
    """
    if not FIRST <= moment <= LAST:
        raise ProblemError(422, f"times lie between {FIRST.year} and {LAST.year}")
    delta = moment - FIRST
    return (delta.days * 86_400 + delta.seconds) * SECOND + delta.microseconds * 1_000


def text(moment: int) -> str:
    """RFC 3339 with nine digits of a second."""
    seconds, fraction = divmod(moment, SECOND)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{fraction:09d}Z"


def parse(written: str) -> int | None:
    """The moment that RFC 3339 text names, with a time zone; None for any other text."""
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        return None
    return None if moment.tzinfo is None else nanoseconds(moment)
