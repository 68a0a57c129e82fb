"""Sessions of exchanges: what their own rules say of half days, holidays, breaks and changes of the clock (row T6)."""

import subprocess
import sys
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from riskcore.errors import InputError
from tailwatch.sessions import read_sessions

NEW_YORK, TOKYO = ZoneInfo("America/New_York"), ZoneInfo("Asia/Tokyo")


@pytest.fixture(scope="module")
def calendars():
    return read_sessions(["XNYS", "XTKS", "24/7"], live=False).calendars


def on(calendar, day: str, zone: ZoneInfo) -> list[tuple[str, str]]:
    """The sessions that open on this day, in the clock of the exchange."""
    midnight = datetime.combine(datetime.fromisoformat(day), time(), zone)
    start, end = (int(moment.timestamp()) * 10**9 for moment in (midnight, midnight + timedelta(days=1)))
    clock = lambda ns: f"{datetime.fromtimestamp(ns / 1e9, UTC).astimezone(zone):%H:%M}"  # noqa: E731
    return [(clock(opens), clock(closes)) for opens, closes in calendar if start <= opens < end]


@pytest.mark.parametrize(
    ("day", "sessions"),
    [
        ("2024-03-08", [("09:30", "16:00")]),  # the clock goes forward two days later
        ("2024-03-11", [("09:30", "16:00")]),
        ("2024-11-01", [("09:30", "16:00")]),  # and back
        ("2024-11-04", [("09:30", "16:00")]),
        ("2024-11-29", [("09:30", "13:00")]),  # half a day, after Thanksgiving
        ("2024-07-03", [("09:30", "13:00")]),
        ("2024-12-24", [("09:30", "13:00")]),
        ("2024-12-25", []),
        ("2024-02-29", [("09:30", "16:00")]),
        ("2024-12-31", [("09:30", "16:00")]),
        ("2025-01-01", []),
        ("2025-01-09", []),  # a day of mourning
        ("2020-12-31", [("09:30", "16:00")]),  # week 53
        ("2024-03-09", []),  # a Saturday
        ("2001-09-12", []),
    ],
)
def test_new_york_trades_when_it_says(calendars, day: str, sessions) -> None:
    assert on(calendars["XNYS"], day, NEW_YORK) == sessions


def test_the_change_of_the_clock_moves_the_session_in_universal_time(calendars) -> None:
    opens = {datetime.fromtimestamp(start / 1e9, UTC).strftime("%Y-%m-%d %H:%M") for start, _ in calendars["XNYS"]}
    assert {"2024-03-08 14:30", "2024-03-11 13:30", "2024-11-01 13:30", "2024-11-04 14:30"} <= opens


def test_tokyo_has_a_break(calendars) -> None:
    assert on(calendars["XTKS"], "2024-03-08", TOKYO) == [("09:00", "11:30"), ("12:30", "15:00")]


def test_what_trades_day_and_night_is_one_session(calendars) -> None:
    assert len(calendars["24/7"]) == 1


def test_sessions_come_one_after_the_other_and_reach_into_the_future(calendars) -> None:
    for sessions in calendars.values():
        moments = [moment for session in sessions for moment in session]
        assert moments == sorted(moments)
        assert moments[-1] > datetime.now(UTC).timestamp() * 1e9


def test_live_sessions_of_long_ago_are_left_out(calendars) -> None:
    live = read_sessions(["XNYS"], live=True).calendars["XNYS"]
    assert set(live) <= set(calendars["XNYS"])
    assert 15 < len([closes for _, closes in live if closes < datetime.now(UTC).timestamp() * 1e9]) < 24


def test_an_unknown_calendar_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(InputError, match="session 'XNYSE' is not known; did you mean 'XNYS'"):
        read_sessions(["XNYSE"], live=False)
    assert read_sessions([], live=False) is None


def test_the_calendars_are_not_loaded_where_no_session_is_named() -> None:
    code = "import sys; from tailwatch.startup import read_commands; from tailwatch.sessions import read_sessions\n"
    code += "read_sessions([], live=True); print({'exchange_calendars', 'pandas'} & set(sys.modules))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "set()"
