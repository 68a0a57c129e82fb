"""The sessions of exchanges, from their calendars: half days, holidays, breaks and changes of the clock included."""

import datetime
import difflib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from riskcore.errors import InputError

if TYPE_CHECKING:
    from flows.commands import Sessions

_FIRST = datetime.date(1990, 1, 1)
_NONE = -(2**63)
"""What pandas makes of a break that there is not."""
_BEFORE_TODAY = datetime.timedelta(days=30)


def read_sessions(names: Iterable[str], *, live: bool) -> "Sessions | None":
    """The sessions of these calendars, such as ``XNYS``, as a command; None where none is named.

    From 1990 on, or since the calendar is known, up to a year from now; ``live`` only from 30 days ago on.

    Raises
    ------
    InputError
        There is no such calendar.
    """
    wanted = sorted(set(names))
    if not wanted:
        return None
    import exchange_calendars

    from flows.commands import Sessions

    first = datetime.datetime.now(datetime.UTC).date() - _BEFORE_TODAY if live else _FIRST
    calendars = {name: _sessions(_calendar(exchange_calendars, name, first)) for name in wanted}
    return Sessions(calendars, f"exchange_calendars {exchange_calendars.__version__}")


def _calendar(library: Any, name: str, first: datetime.date) -> Any:
    known = library.get_calendar_names()
    if name not in known:
        near = difflib.get_close_matches(name.upper(), known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else "write the code of an exchange, such as XNYS or XETR"
        raise InputError(f"instruments file: session {name!r} is not known; {hint}")
    try:
        return library.get_calendar(name, start=first.isoformat())
    except ValueError:  # the calendar begins later than that, and says only so
        return library.get_calendar(name, start=None)


def _sessions(calendar: Any) -> tuple[tuple[int, int], ...]:
    moments = (_nanoseconds(calendar.schedule[name]) for name in ("open", "break_start", "break_end", "close"))
    parts: list[tuple[int, int]] = []
    for opens, pauses, resumes, closes in zip(*moments, strict=True):
        parts += [(opens, closes)] if pauses == _NONE else [(opens, pauses), (resumes, closes)]
    merged = parts[:1]
    for opens, closes in parts[1:]:
        if opens <= merged[-1][1]:
            merged[-1] = merged[-1][0], closes
        else:
            merged.append((opens, closes))
    return tuple(merged)


def _nanoseconds(moments: Any) -> list[int]:
    found: list[int] = moments.dt.tz_convert(None).to_numpy().astype("datetime64[ns]").astype("int64").tolist()
    return found
