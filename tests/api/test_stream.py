"""The stream over a real server and a real database, read by a parser that is not ours."""

import json
from contextlib import ExitStack
from typing import Any

import httpx
import msgspec
import psycopg
import pytest

from api.cursor import Cursor, decode, encode
from api.models import Health, Reset


def test_present_state_comes_first_and_then_what_happens(engine: Any, server: Any, open_stream: Any) -> None:
    first = [engine.risk("a"), engine.risk("b"), engine.risk("a")][1:]
    with open_stream(server.url) as stream:
        present = stream.take(2)
        new = engine.risk("b")
        live = stream.next()
        alert = engine.alert("over")
        told = stream.next()
    assert [event.data.encode() for event in present] == first
    assert [event.event for event in present] == ["risk", "risk"]
    assert present[0].retry == 2000
    assert (live.event, live.data.encode()) == ("risk", new)
    assert (told.event, told.data.encode()) == ("alert", alert)
    assert len({event.id for event in [*present, live, told]}) == 4


def test_headers_keep_caches_and_proxies_from_holding_the_stream(engine: Any, server: Any, open_stream: Any) -> None:
    with open_stream(server.url) as stream:
        headers = stream.response.headers
    assert headers["content-type"].startswith("text/event-stream")
    assert headers["cache-control"].startswith("no-store")
    assert headers["x-accel-buffering"] == "no"
    assert "content-encoding" not in headers


def test_first_bytes_tell_the_client_when_to_come_back(engine: Any, server: Any) -> None:
    with httpx.Client() as client, client.stream("GET", f"{server.url}/api/v1/stream") as answer:
        assert next(answer.iter_bytes()).startswith(b"retry: 2000\n")


def test_cut_client_gets_what_it_missed_once_and_in_order(engine: Any, server: Any, open_stream: Any) -> None:
    engine.risk()
    with open_stream(server.url) as stream:
        last = stream.next().id
    missed = [engine.alert("one"), engine.risk(), engine.alert("two"), engine.risk("other")]
    with open_stream(server.url, last) as stream:
        got = stream.take(4)
        live = engine.alert("three")
        assert stream.next().data.encode() == live
    assert {event.data.encode() for event in got if event.event == "alert"} == {missed[0], missed[2]}
    assert [event.data.encode() for event in got] == missed
    with open_stream(server.url, query_cursor=got[1].id) as stream:
        assert [event.data.encode() for event in stream.take(3)] == [missed[2], missed[3], live]


def test_header_of_a_reconnecting_browser_goes_before_the_address(engine: Any, server: Any, open_stream: Any) -> None:
    engine.risk()
    with open_stream(server.url) as stream:
        old = stream.next().id
        engine.alert("one")
        newer = stream.next().id
        last = engine.alert("two")
    with httpx.Client() as client:
        url = f"{server.url}/api/v1/stream?events=alert&cursor={old}"
        with client.stream("GET", url, headers={"Last-Event-ID": newer}) as answer:
            text = ""
            for chunk in answer.iter_text():
                text += chunk
                if "data: " in text:
                    break
    assert last.decode() in text
    assert '"one"' not in text


def test_cursor_outlives_the_process_that_gave_it(engine: Any, start: Any, open_stream: Any) -> None:
    engine.risk()
    with start() as server, open_stream(server.url) as stream:
        last = stream.next().id
    missed = [engine.alert(str(number)) for number in range(5)]
    with start() as server, open_stream(server.url, last) as stream:
        assert [event.data.encode() for event in stream.take(5)] == missed
        live = engine.risk()
        assert stream.next().data.encode() == live


def test_long_absence_conflates_risk_but_loses_no_alert(engine: Any, start: Any, open_stream: Any) -> None:
    engine.risk("a")
    with start() as server, open_stream(server.url) as stream:
        last = stream.next().id
    rows = [(f"p{i % 3}", "alert" if i % 4 == 0 else "risk", b'{"schema":1,"n":%d}' % i) for i in range(3_000)]
    engine.burst(rows)
    with start() as server, open_stream(server.url, last) as stream:
        got = stream.take(750 + 3)
        end = engine.alert("end")
        assert stream.next().data.encode() == end
    numbers = [json.loads(event.data)["n"] for event in got]
    assert numbers == sorted(numbers)
    assert [n for n, event in zip(numbers, got, strict=True) if event.event == "alert"] == list(range(0, 3_000, 4))
    assert len([event for event in got if event.event == "risk"]) == 3
    ids = [decode(event.id).id for event in got]
    assert ids == sorted(set(ids))


def test_snapshot_and_stream_fit_together_without_a_hole(
    engine: Any, server: Any, open_stream: Any, until: Any
) -> None:
    engine.risk()
    until(lambda: httpx.get(f"{server.url}/api/v1/portfolios/main/risk").status_code == 200)
    for _ in range(20):
        answer = httpx.get(f"{server.url}/api/v1/portfolios/main/risk")
        after = engine.risk()
        with open_stream(server.url, query_cursor=answer.headers["x-stream-cursor"]) as stream:
            event = stream.next()
            while event.data.encode() != after:
                assert msgspec.json.decode(event.data)["seq"] > answer.json()["seq"]
                event = stream.next()


@pytest.mark.parametrize(
    ("garbage", "reason"),
    [
        ("A" * 1_000_000, "invalid_cursor"),
        ("0", "invalid_cursor"),
        ("-1", "invalid_cursor"),
        ("NaN", "invalid_cursor"),
        ("1.5", "invalid_cursor"),
        ("' or 1=1 --", "invalid_cursor"),
        ("caf\u00e9", "invalid_cursor"),
        ("x\ty", "invalid_cursor"),
        (encode(Cursor("replay-0011223344ff", 1, 5)), "other_run"),
        (encode(Cursor("live", 1, 5)), "other_run"),
        (encode(Cursor("live", 10**15, 5)), "unknown_cursor"),
    ],
)
def test_cursor_that_cannot_be_served_resets_to_the_present(
    engine: Any, server: Any, open_stream: Any, garbage: str, reason: str
) -> None:
    payload = engine.risk()
    with httpx.Client() as client:
        headers = {"Last-Event-ID": garbage.encode()}
        with client.stream("GET", f"{server.url}/api/v1/stream?events=risk", headers=headers) as answer:
            assert answer.status_code == 200
            text = ""
            for chunk in answer.iter_text():
                text += chunk
                if payload.decode() in text:
                    break
    assert f'event: reset\ndata: {{"schema":1,"reason":"{reason}"}}\n\nevent: risk\n' in text


@pytest.mark.parametrize("garbage", ["\x00", "a\r\nevent: alert\r\ndata: injected\r\n\r\n", "a\nid: 1", "😀"])
def test_control_characters_in_the_address_reset_and_are_never_repeated(
    engine: Any, server: Any, open_stream: Any, garbage: str
) -> None:
    payload = engine.risk()
    with open_stream(server.url, query_cursor=garbage) as stream:
        reset, state = stream.take(2)
    assert Reset.model_validate_json(reset.data).reason == "invalid_cursor"
    assert (state.event, state.data.encode()) == ("risk", payload)


def test_cursor_that_is_no_longer_kept_resets(engine: Any, start: Any, open_stream: Any, database_url: str) -> None:
    engine.risk()
    with start() as server, open_stream(server.url) as stream:
        last = stream.next().id
    for name in ("one", "two", "three"):
        engine.alert(name)
    forget(database_url, 3)
    with start() as server, open_stream(server.url, last) as stream:
        assert Reset.model_validate_json(stream.next().data).reason == "too_old"


def test_cursor_in_a_hole_of_forgotten_figures_resets(
    engine: Any, start: Any, open_stream: Any, database_url: str
) -> None:
    engine.alert("kept")
    engine.risk()
    with start() as server, open_stream(server.url) as stream:
        last = stream.next().id
    payload = engine.risk()
    with psycopg.connect(database_url) as connection:
        connection.execute("delete from outbox where id = 2")
        connection.execute("delete from risk_snapshots where id = 2")
    with start() as server, open_stream(server.url, last) as stream:
        reset, state = stream.take(2)
    assert Reset.model_validate_json(reset.data).reason == "too_old"
    assert state.data.encode() == payload


def forget(url: str, until: int) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("delete from outbox where id <= %s", [until])


def test_new_run_resets_open_streams(engine: Any, new_engine: Any, server: Any, open_stream: Any) -> None:
    engine.risk("old")
    with open_stream(server.url) as stream:
        stream.next()
        payload = new_engine("replay-0011223344ff", "replay").risk("new")
        reset = stream.next()
        state = stream.next()
    assert (reset.event, Reset.model_validate_json(reset.data).reason) == ("reset", "run_changed")
    assert state.data.encode() == payload


def test_stream_opened_before_there_is_a_run_begins_with_it(new_engine: Any, server: Any, open_stream: Any) -> None:
    with open_stream(server.url) as stream:
        assert stream.status()["run"] is None
        payload = new_engine().risk()
        assert stream.next().data.encode() == payload


def test_filters_leave_out_other_portfolios_and_events(engine: Any, server: Any, open_stream: Any) -> None:
    engine.risk("a")
    engine.risk("b")
    with (
        open_stream(server.url, portfolios="a", events="risk") as risk,
        open_stream(server.url, portfolios="b,c", events="alert") as alerts,
    ):
        assert json.loads(risk.next().data)["portfolio"] == "a"
        engine.alert("not wanted", "a")
        engine.risk("b")
        wanted_alert = engine.alert("wanted", "b")
        wanted_risk = engine.risk("a")
        assert risk.next(status=True).data.encode() == wanted_risk
        assert alerts.next(status=True).data.encode() == wanted_alert


def test_resumed_stream_is_filtered_too(engine: Any, start: Any, open_stream: Any) -> None:
    engine.risk("a")
    with start() as server, open_stream(server.url) as stream:
        last = stream.next().id
    engine.risk("b")
    engine.alert("b", "b")
    wanted = [engine.alert("a", "a"), engine.risk("a")]
    with start() as server, open_stream(server.url, last, portfolios="a") as stream:
        assert [event.data.encode() for event in stream.take(2)] == wanted


def test_status_tells_again_and_again_how_everything_is(engine: Any, server: Any, open_stream: Any) -> None:
    engine.risk()
    engine.beat("engine", ledger={"received": 1, "accepted": 1})
    with open_stream(server.url) as stream:
        cursor = stream.next().id
        events = [stream.next(status=True) for _ in range(3)]
        told = stream.status(lambda told: told["newest_id"] == cursor and told["ledger"])
    assert [event.event for event in events] == ["status"] * 3
    health = Health.model_validate(told)
    assert health.run == "live"
    assert health.clients == 1
    states = {part.name: part.state for part in health.parts}
    assert states == {"archive": "down", "database": "ok", "engine": "ok", "risk": "ok"}
    assert all(event.id == cursor for event in events), "a status event must not move the cursor"


def test_status_says_of_live_figures_that_nobody_renewed_that_they_are_too_old(
    engine: Any, start: Any, open_stream: Any
) -> None:
    engine.risk()
    with start(risk_limit_s=0.0) as server, open_stream(server.url) as stream:
        told = Health.model_validate(stream.status(lambda told: told["newest_id"]))
    risk = next(part for part in told.parts if part.name == "risk")
    assert risk.state == "down"
    assert risk.reason is not None
    assert risk.reason.startswith("the newest figures are")


def test_stream_tells_that_the_database_is_away_and_goes_on_when_it_is_back(
    engine: Any, start: Any, open_stream: Any, gate: Any, until: Any
) -> None:
    first = engine.risk()
    with start(database_url=gate.url, database_timeout_s=0.5) as server, open_stream(server.url) as stream:
        assert stream.next().data.encode() == first
        gate.shut()
        missed = [engine.alert("one"), engine.alert("two")]
        stream.status(lambda told: told["parts"][0]["name"] == "database" and told["parts"][0]["state"] == "down")
        assert httpx.get(f"{server.url}/healthz").status_code == 200
        assert httpx.get(f"{server.url}/readyz").status_code == 503
        gate.open()
        assert [event.data.encode() for event in stream.take(2)] == missed


def test_ping_keeps_a_silent_stream_open(engine: Any, start: Any) -> None:
    with (
        start(ping_interval_s=0.05) as server,
        httpx.Client() as client,
        client.stream("GET", f"{server.url}/api/v1/stream?events=alert") as answer,
    ):
        text = ""
        for chunk in answer.iter_text():
            text += chunk
            if text.count(": ping\n") >= 2:
                break
    assert text.replace(": ping\n", "") == "retry: 2000\n"


def test_one_stream_too_many_is_told_to_come_back(engine: Any, start: Any, open_stream: Any, until: Any) -> None:
    engine.risk()
    with start(max_clients=2) as server, ExitStack() as stack:
        streams = [stack.enter_context(open_stream(server.url)) for _ in range(2)]
        refused = httpx.get(f"{server.url}/api/v1/stream")
        assert refused.status_code == 503
        assert refused.headers["content-type"] == "application/problem+json"
        assert int(refused.headers["retry-after"]) > 0
        for stream in streams:
            assert stream.next().event == "risk"
        stack.close()
        until(lambda: server.app.state.services.hub.clients == 0)
        with open_stream(server.url) as stream:
            assert stream.next().event == "risk"


def test_stop_ends_open_streams_at_once(engine: Any, start: Any, open_stream: Any) -> None:
    engine.risk()
    with start() as server, open_stream(server.url) as stream:
        stream.next()
        server.stop()
        stream.read_to_the_end()


def test_payload_of_several_lines_goes_out_on_one(engine: Any, server: Any, open_stream: Any) -> None:
    engine.raw(b'{"schema":1,\r\n "id":"pretty"}')
    with open_stream(server.url, events="alert") as stream:
        engine.raw(b'{"schema":1,\n "id":"pretty"}')
        event = stream.next()
        engine.alert("next")
        assert json.loads(stream.next().data)["id"] == "next"
    assert json.loads(event.data) == {"schema": 1, "id": "pretty"}


def test_snapshot_that_cannot_be_read_stops_neither_stream_nor_status(
    engine: Any, server: Any, open_stream: Any
) -> None:
    engine.raw(b'{"schema":99}', kind="risk")
    with open_stream(server.url) as stream:
        assert stream.next().data == '{"schema":99}'
        assert stream.status(lambda told: told["run"] == "live")
    answer = httpx.get(f"{server.url}/api/v1/portfolios/main/risk")
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
    assert "snapshot of main cannot be read" in answer.json()["detail"]


def test_a_part_that_falls_silent_is_told_at_once_and_not_at_the_next_turn(
    engine: Any, start: Any, open_stream: Any
) -> None:
    engine.risk()
    engine.beat("engine", state="ok")
    with (
        start(status_interval_s=3_600.0, heartbeat_limit_s=1.0) as server,
        open_stream(server.url, events="status") as stream,
    ):
        stream.status(lambda told: {"engine": "ok"}.items() <= states(told).items())
        down = stream.status(lambda told: states(told)["engine"] == "down")
        engine.beat("engine", state="ok")
        stream.status(lambda told: states(told)["engine"] == "ok")
    [part] = [part for part in down["parts"] if part["name"] == "engine"]
    assert 1.0 < part["age_s"] < 10.0


def states(status: Any) -> dict[str, str]:
    return {part["name"]: part["state"] for part in status["parts"]}


def test_what_is_about_all_portfolios_comes_to_who_asked_for_one(engine: Any, start: Any, open_stream: Any) -> None:
    engine.risk("main")
    with start() as server, open_stream(server.url, portfolios="main", events="risk,alert") as stream:
        seen = stream.next().id
        engine.alert("theirs", "other")
        told = engine.alert("silent", "*")
        live = stream.next()
        with open_stream(server.url, seen, portfolios="main", events="alert") as again:
            missed = again.next()
        listed = httpx.get(f"{server.url}/api/v1/alerts", params={"portfolio": "main"}).json()
    assert live.data.encode() == missed.data.encode() == told
    assert [one["id"] for one in listed] == ["silent"]
