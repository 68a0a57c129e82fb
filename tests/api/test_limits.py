"""Limits, alerts and silences over HTTP, answered by a real AlertActor."""

from typing import Any

import msgspec
import pytest

from api.limits import limit_of, shown_limit
from api.models import NewLimit
from api.problems import ProblemError
from storage.rows import LimitRow, SilenceRow

pytestmark = pytest.mark.anyio


def limit_row(**standing: Any) -> LimitRow:
    definition = {
        "portfolio": "main",
        "rule": "var",
        "method": "parametric",
        "confidence": 0.99,
        "breach": 200.0,
        "hold": 5 * 10**9,
    }
    told = {
        "state": "ok",
        "level": None,
        "since": None,
        "alert": None,
        "silenced": False,
        "value": None,
        "reason": None,
    }
    return LimitRow(
        "main", "var parametric 0.99", msgspec.json.encode(definition), msgspec.json.encode(told | standing), 1
    )


async def test_limits_are_listed_with_what_is_used_of_them(engine: Any, asked: Any) -> None:
    engine.risk(var=150.0)
    engine.limits([limit_row(state="firing", level="breach", since="2026-11-22T09:30:00Z", alert="a1")])
    async with asked() as client:
        (listed,) = (await client.get("/api/v1/portfolios/main/limits")).json()
        unknown = await client.get("/api/v1/portfolios/nobody/limits")
    assert (listed["value"], listed["utilisation"], listed["for_s"]) == (150.0, 0.75, 5.0)
    assert (listed["state"], listed["level"], listed["alert"]) == ("firing", "breach", "a1")
    assert unknown.status_code == 404


async def test_a_limit_that_was_taken_away_is_not_listed(engine: Any, asked: Any) -> None:
    engine.risk()
    engine.limits([limit_row()])
    engine.limits([limit_row()._replace(definition=None, journal_offset=2)])
    async with asked() as client:
        assert (await client.get("/api/v1/portfolios/main/limits")).json() == []


async def test_alerts_are_listed_from_a_time_or_from_the_last_one_seen(engine: Any, asked: Any) -> None:
    for number in range(5):
        engine.alert(f"a{number}", "main" if number % 2 else "other")
    async with asked() as client:

        def ids(answer: Any) -> list[str]:
            return [one["id"] for one in answer.json()]

        assert ids(await client.get("/api/v1/alerts")) == ["a0", "a1", "a2", "a3", "a4"]
        assert ids(await client.get("/api/v1/alerts?since=a2")) == ["a3", "a4"]
        assert ids(await client.get("/api/v1/alerts?limit=2")) == ["a0", "a1"]
        assert ids(await client.get("/api/v1/alerts?portfolio=main")) == ["a1", "a3"]
        since = {"since": "2026-11-22T12:00:03.5Z"}
        assert ids(await client.get("/api/v1/alerts", params=since)) == ["a4"]
        assert (await client.get("/api/v1/alerts?since=nonsense")).status_code == 404


async def test_silences_are_listed_until_they_are_ended(engine: Any, asked: Any) -> None:
    stated = msgspec.json.encode({"id": "s", "starts": 0, "ends": 10**9, "rule": "var", "by": "ann"})
    engine.silences([SilenceRow("s", stated, 1), SilenceRow("gone", None, 1)])
    async with asked() as client:
        (listed,) = (await client.get("/api/v1/silences")).json()
    assert (listed["id"], listed["rule"], listed["portfolio"], listed["by"]) == ("s", "var", None, "ann")
    assert listed["ends"] == "1970-01-01T00:00:01.000000000Z"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"rule": "var", "breach": 1}, "method must be one of"),
        ({"rule": "gross"}, "give warning, breach, or both"),
        ({"rule": "gross", "warning": 2, "breach": 1}, "below breach"),
        ({"rule": "watchdog"}, "at least 1s"),
    ],
)
def test_a_limit_that_makes_no_sense_is_refused_in_words(body: Any, said: str) -> None:
    with pytest.raises(ProblemError, match=said):
        limit_of("main", NewLimit.model_validate(body))


def test_a_figure_that_is_missing_is_null_with_its_reason() -> None:
    row = limit_row()
    shown = shown_limit(row, None)  # type: ignore[arg-type]
    assert (shown.value, shown.utilisation, shown.reason) == (None, None, "its portfolio has no figures yet")
