"""Where the day of ``pnl_today`` begins, over changes of the clock, leap days and ends of years (row T6)."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from riskcore.days import Days

HOUR = 3_600 * 10**9


def moment(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * 10**9


def starts(days: Days, first: str, last: str) -> list[str]:
    """The moments, to the minute, at which another day begins."""
    at, end, found = moment(first), moment(last), []
    while at < end:
        if days.number(at) != days.number(at - 60 * 10**9):
            assert days.begins(at) == days.begins(at + HOUR) == at
            found.append(datetime.fromtimestamp(at / 1e9, ZoneInfo("UTC")).strftime("%m-%d %H:%M"))
        at += 60 * 10**9
    return found


@pytest.mark.parametrize(
    ("start", "zone", "first", "last", "expected"),
    [
        ("00:00", "UTC", "2024-02-28T12:00Z", "2024-03-01T12:00Z", ["02-29 00:00", "03-01 00:00"]),
        ("00:00", "UTC", "2020-12-31T12:00Z", "2021-01-01T12:00Z", ["01-01 00:00"]),
        ("17:00", "America/New_York", "2024-03-08T12:00Z", "2024-03-11T23:00Z",
         ["03-08 22:00", "03-09 22:00", "03-10 21:00", "03-11 21:00"]),
        ("17:00", "America/New_York", "2024-11-02T12:00Z", "2024-11-04T23:00Z",
         ["11-02 21:00", "11-03 22:00", "11-04 22:00"]),
        ("00:00", "Europe/Berlin", "2024-03-30T12:00Z", "2024-04-01T12:00Z", ["03-30 23:00", "03-31 22:00"]),
        ("02:30", "Europe/Berlin", "2024-03-30T12:00Z", "2024-04-01T12:00Z", ["03-31 01:30", "04-01 00:30"]),
        ("02:30", "Europe/Berlin", "2024-10-26T12:00Z", "2024-10-28T12:00Z", ["10-27 00:30", "10-28 01:30"]),
        ("00:00", "Asia/Kathmandu", "2024-06-01T00:00Z", "2024-06-02T00:00Z", ["06-01 18:15"]),
    ],
)  # fmt: skip
def test_a_day_begins_when_the_clock_of_its_zone_says(start, zone, first, last, expected) -> None:
    assert starts(Days(start, zone), first, last) == expected


def test_the_number_of_a_day_is_a_function_of_the_moment_whatever_was_asked_before() -> None:
    asked = Days("09:30", "America/New_York")
    moments = [moment("2024-03-01T00:00Z") + hour * HOUR for hour in range(0, 24 * 20, 5)]
    forth = [asked.number(at) for at in moments]
    assert [asked.number(at) for at in reversed(moments)][::-1] == forth
    assert [Days("09:30", "America/New_York").number(at) for at in moments] == forth
    assert forth == sorted(forth)
