from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.timestamps import LIMIT, format_timestamp, parse_timestamp
from riskcore.errors import InputError

MOMENT = 1_795_339_800_123_456_789


@given(st.integers(-LIMIT, LIMIT))
def test_what_is_formatted_is_parsed_to_the_same_nanosecond(moment: int) -> None:
    assert parse_timestamp(format_timestamp(moment)) == moment


@given(st.datetimes(datetime(1678, 1, 1), datetime(2261, 12, 31), timezones=st.just(UTC)))  # noqa: DTZ001
def test_text_means_what_the_standard_library_says(moment: datetime) -> None:
    whole = int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() // 1) * 10**9
    assert parse_timestamp(moment.isoformat()) // 10**9 == whole // 10**9
    assert parse_timestamp(moment.isoformat()) % 1000 == 0


@pytest.mark.parametrize(
    "value",
    [
        "2026-11-22T09:30:00.123456789Z",
        "2026-11-22t09:30:00.123456789z",
        "2026-11-22 10:30:00.123456789+01:00",
        MOMENT,
        str(MOMENT),
    ],
)
def test_the_same_moment_in_every_spelling(value: str | int) -> None:
    assert parse_timestamp(value) == MOMENT


@pytest.mark.parametrize("divisor", [10**9, 10**6, 10**3, 1])
def test_the_unit_of_an_integer_is_told_by_its_magnitude(divisor: int) -> None:
    assert parse_timestamp(MOMENT // divisor) == MOMENT // divisor * divisor


def test_a_leap_second_is_the_first_moment_of_the_next_minute() -> None:
    assert parse_timestamp("2016-12-31T23:59:60Z") == parse_timestamp("2017-01-01T00:00:00Z")


@pytest.mark.parametrize(
    "value",
    [
        "",
        "yesterday",
        "2026-11-22",
        "2026-11-22T09:30:00",
        "2026-02-30T09:30:00Z",
        "2026-11-22T25:30:00Z",
        "2026-11-22T09:30:61Z",
        "2026-11-22T09:30:00.1234567890Z",
        "2026-11-22T09:30:00Z ",
        "٢٠٢٦-11-22T09:30:00Z",
        "2300-01-01T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "9" * 5000,
        2**63,
        1.5,
        True,
        None,
    ],
)
def test_anything_else_is_refused(value: object) -> None:
    with pytest.raises(InputError, match="timestamp"):
        parse_timestamp(value)  # type: ignore[arg-type]  # what a file may hold
