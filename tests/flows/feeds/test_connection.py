"""The connection against a real WebSocket server that misbehaves."""

import asyncio
import http
import json
import logging
import re
import socket
import threading
import time
from itertools import pairwise

import pytest
from websockets.datastructures import Headers
from websockets.exceptions import InvalidStatus
from websockets.http11 import Response

from flows.feeds import get_adapter
from flows.feeds.adapter import MAX_FRAME, Credentials
from flows.feeds.backoff import Backoff
from flows.feeds.client import retry_after_s
from flows.feeds.connection import FeedConnection
from flows.messages import Kind
from riskcore.errors import InputError, TailwatchError

TICK = b'{"ts":1700000000,"symbol":"A","price":1}'


async def _ticks_for_ever(client, number):
    await client.send(TICK, text=True)
    async for _ in client:
        await client.send(TICK, text=True)


def _until(condition, patience_s=20.0):
    """Wait for what a thread of ours will bring about and nothing announces."""
    waiting, deadline = threading.Event(), time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline
        waiting.wait(0.005)


def test_frames_go_into_the_journal_as_they_came_with_their_receive_times(venue, connect, memory_journal):
    asked = []

    async def attend(client, number):
        asked.append(json.loads(await client.recv()))
        for frame in ('{"type":"heartbeat"}', "[]", '{"ts":1, "symbol":"é"}'):
            await client.send(frame)
        await client.wait_closed()

    server = venue(attend)
    connection = connect(f"{server.url}/path?key=secret", clock=iter(range(1000, 2000)).__next__)
    memory_journal.wait_for(lambda: len(memory_journal.frames()) == 3)
    assert memory_journal.frames() == [b'{"type":"heartbeat"}', b"[]", '{"ts":1, "symbol":"é"}'.encode()]
    assert asked == [{"type": "subscribe", "symbols": ["A", "B"]}]
    assert [record.stamp for record in memory_journal.records] == [1000, 1001, 1002, 1003]
    assert {(record.adapter, record.origin) for record in memory_journal.records} == {
        ("tailwatch", f"{server.url}/path")
    }
    assert (connection.status.state, connection.status.frames, connection.status.last_frame) == ("connected", 3, 1003)


def test_a_connection_made_and_lost_is_in_the_journal(venue, connect, memory_journal):
    connection = connect(venue(_ticks_for_ever).url)
    memory_journal.wait_for(lambda: bool(memory_journal.frames()))
    connection.stop()
    first, *_, last = memory_journal.records
    assert (first.kind, json.loads(first.payload)["symbols"]) == (Kind.CONNECTED, ["A", "B"])
    assert (last.kind, json.loads(last.payload)) == (Kind.DISCONNECTED, {"reason": "stopped"})
    assert connection.status.state == "stopped"


@pytest.mark.parametrize("code", [1000, 1001, 1012])
def test_after_a_close_it_comes_back_and_subscribes_again(venue, connect, memory_journal, code):
    asked = []

    async def attend(client, number):
        asked.append(await client.recv())
        await client.send(TICK, text=True)
        await (client.close(code) if number < 3 else client.wait_closed())

    connection = connect(venue(attend).url)
    memory_journal.wait_for(lambda: len(memory_journal.frames()) == 3)
    lost = [json.loads(r.payload) for r in memory_journal.records if r.kind is Kind.DISCONNECTED]
    assert lost == [{"reason": f"closed by the venue with {code}"}] * 2
    assert len(asked) == 3
    assert connection.status.reconnects == 2


def test_after_a_cut_it_comes_back(venue, connect, memory_journal):
    async def attend(client, number):
        await client.send(TICK, text=True)
        if number == 1:
            client.transport.abort()
        await client.wait_closed()

    connect(venue(attend).url)
    memory_journal.wait_for(lambda: memory_journal.kinds().count(Kind.CONNECTED) == 2)
    kinds = [kind for kind in memory_journal.kinds() if kind is not Kind.FRAME]
    assert kinds == [Kind.CONNECTED, Kind.DISCONNECTED, Kind.CONNECTED]


def test_a_venue_that_answers_pings_and_sends_nothing_is_dead(venue, connect, memory_journal):
    async def attend(client, number):
        await client.wait_closed()

    connect(venue(attend).url, liveness_s=0.1)
    memory_journal.wait_for(lambda: Kind.DISCONNECTED in memory_journal.kinds())
    assert b"no frame for 0.1 s" in memory_journal.records[1].payload


def test_pings_are_life_for_a_venue_that_sends_no_heartbeat(venue, connect, memory_journal):
    async def patiently(client, number):
        for _ in range(60):
            await client.ping()
            await asyncio.sleep(0.025)
        await client.send("[]")
        await client.wait_closed()

    connect(venue(patiently).url, name="binance", liveness_s=1.0)
    memory_journal.wait_for(lambda: len(memory_journal.frames()) == 1)
    assert Kind.DISCONNECTED not in memory_journal.kinds()


def test_garbage_is_kept_and_the_connection_too(venue, connect, memory_journal):
    async def attend(client, number):
        for raw in (b"{", b"\xff\xfe", b"", b"NaN"):
            await client.send(raw, text=True)
        await client.send(TICK, text=True)
        await client.wait_closed()

    connection = connect(venue(attend).url)
    memory_journal.wait_for(lambda: len(memory_journal.frames()) == 5)
    assert memory_journal.frames() == [b"{", b"\xff\xfe", b"", b"NaN", TICK]
    assert connection.status.connections == 1


def test_binary_frames_are_refused_and_counted_even_in_pieces(venue, connect, memory_journal):
    async def attend(client, number):
        await client.send(TICK)
        await client.send([b"one", b"two", b"three"])
        await client.send(TICK, text=True)
        await client.wait_closed()

    connection = connect(venue(attend).url, liveness_s=1.0)
    memory_journal.wait_for(lambda: Kind.DISCONNECTED in memory_journal.kinds())
    assert memory_journal.frames()[0] == TICK
    assert memory_journal.kinds()[:3] == [Kind.CONNECTED, Kind.FRAME, Kind.DISCONNECTED]
    assert connection.status.binary_frames >= 2


def test_a_frame_over_the_limit_costs_the_connection_and_no_memory(venue, connect, memory_journal):
    async def attend(client, number):
        await client.send("x" * (MAX_FRAME + 1) if number == 1 else "[]")
        await client.wait_closed()

    connect(venue(attend).url)
    memory_journal.wait_for(lambda: len(memory_journal.frames()) == 1)
    assert memory_journal.frames() == [b"[]"]
    assert b"1009" in next(r.payload for r in memory_journal.records if r.kind is Kind.DISCONNECTED)


def test_a_message_of_endless_fragments_costs_the_connection_and_no_memory(venue, connect, memory_journal):
    async def fragments():
        while True:
            yield "x" * 65_536

    async def attend(client, number):
        await client.send(fragments() if number == 1 else "[]")
        await client.wait_closed()

    connect(venue(attend).url)
    memory_journal.wait_for(lambda: len(memory_journal.frames()) == 1)
    assert b"1009" in next(r.payload for r in memory_journal.records if r.kind is Kind.DISCONNECTED)


def test_a_frame_that_comes_byte_by_byte_is_not_waited_for(venue, connect, memory_journal):
    async def attend(client, number):
        client.transport.write(b"\x81\x7e\x02\x00")
        while True:
            client.transport.write(b"x")
            await asyncio.sleep(0.02)

    connect(venue(attend).url, liveness_s=0.1)
    memory_journal.wait_for(lambda: memory_journal.kinds().count(Kind.DISCONNECTED) == 2)
    assert memory_journal.frames() == []


def test_compression_is_not_even_offered(venue, connect, memory_journal):
    offered = []

    async def attend(client, number):
        offered.append(client.request.headers.get("Sec-WebSocket-Extensions"))
        await client.send("[]")
        await client.wait_closed()

    connect(venue(attend).url)
    memory_journal.wait_for(lambda: bool(memory_journal.frames()))
    assert offered == [None]


def test_an_unreachable_feed_is_one_line_with_its_name_and_address(venue, connect):
    server = venue(_ticks_for_ever)
    url = server.url
    server.stop()
    connection = connect(url)
    with pytest.raises(
        TailwatchError, match=rf"cannot reach feed tailwatch at {re.escape(url)} \(connection refused\)"
    ):
        connection.wait_connected()


def test_a_feed_that_comes_up_later_is_reached(venue, connect, memory_journal):
    open_ = threading.Event()

    def process_request(client, request):
        return None if open_.is_set() else client.respond(http.HTTPStatus.SERVICE_UNAVAILABLE, "wait\n")

    connection = connect(venue(_ticks_for_ever, process_request=process_request).url)
    with pytest.raises(TailwatchError, match="HTTP 503"):
        connection.wait_connected()
    open_.set()
    memory_journal.wait_for(lambda: bool(memory_journal.frames()))
    _until(lambda: connection.status.error is None)


def test_a_refusal_by_status_is_not_repeated_for_ever(venue, connect):
    attempts = []

    def process_request(client, request):
        attempts.append(request.path)
        return client.respond(http.HTTPStatus.FORBIDDEN, "no\n")

    connection = connect(venue(_ticks_for_ever, process_request=process_request).url)
    _until(lambda: connection.status.state == "failed")
    assert len(attempts) == 3
    assert "HTTP 403" in connection.status.error


def test_a_redirect_is_told_and_not_followed(venue, connect):
    visits = []

    async def attend(client, number):
        visits.append(client)

    elsewhere = venue(attend)

    def process_request(client, request):
        return Response(301, "Moved", Headers({"Location": elsewhere.url, "Content-Length": "0"}))

    connection = connect(venue(_ticks_for_ever, process_request=process_request).url)
    with pytest.raises(TailwatchError, match=rf"it points to {re.escape(elsewhere.url)}: give that address"):
        connection.wait_connected()
    assert visits == []


def test_a_venue_that_asks_us_to_stay_away_is_obeyed(venue, connect):
    times = []

    def process_request(client, request):
        times.append(time.monotonic())
        busy = Headers({"Retry-After": "1", "Content-Length": "0"})
        return Response(429, "Too Many Requests", busy) if len(times) == 1 else None

    connection = connect(venue(_ticks_for_ever, process_request=process_request).url)
    _until(lambda: connection.status.connections == 1)
    assert times[1] - times[0] >= 1.0


def test_a_complaint_is_shown_by_name_at_once_and_not_repeated_for_ever(venue, connect, memory_journal):
    visits = []

    async def attend(client, number):
        visits.append(number)
        await client.send('{"type":"error","message":"unknown symbol Q"}')
        await client.close(1008)

    connection = connect(venue(attend).url)
    memory_journal.wait_for(lambda: bool(memory_journal.frames()))
    _until(lambda: connection.status.error is not None)
    assert connection.status.error == "feed tailwatch says: unknown symbol Q"
    _until(lambda: connection.status.state == "failed")
    assert visits == [1, 2, 3]
    assert connection.status.error == "feed tailwatch says: unknown symbol Q"


def test_a_complaint_of_a_venue_that_goes_on_sending_does_not_stop_the_feed(venue, connect, memory_journal):
    async def attend(client, number):
        await client.send('{"type":"error","message":"one symbol of many is unknown"}')
        for _ in range(20):
            await client.send(TICK, text=True)
        await client.close()

    connection = connect(venue(attend).url)
    memory_journal.wait_for(lambda: len(memory_journal.frames()) > 5 * 21)
    assert connection.status.state != "failed"


def test_while_the_journal_takes_nothing_the_reason_is_shown_and_then_it_goes_on(venue, connect, memory_journal):
    memory_journal.error = TailwatchError("the journal's disk is full")
    connection = connect(venue(_ticks_for_ever).url)
    _until(lambda: connection.status.error == "the journal's disk is full")
    memory_journal.error = None
    memory_journal.wait_for(lambda: bool(memory_journal.frames()))
    assert memory_journal.kinds()[:2] == [Kind.CONNECTED, Kind.FRAME]


def test_a_thread_never_dies_unseen(venue, connect, memory_journal):
    memory_journal.error = ValueError("a fault of ours")
    connection = connect(venue(_ticks_for_ever).url)
    _until(lambda: connection.status.state == "failed")
    assert connection.status.error == "feed tailwatch stopped: a fault of ours"


def test_stopping_while_it_waits_does_not_wait(venue, connect):
    server = venue(_ticks_for_ever)
    url = server.url
    server.stop()
    connection = connect(url, backoff=Backoff(floor_s=3600.0))
    _until(lambda: connection.status.state == "waiting")
    connection.stop()
    assert connection.status.state == "stopped"


def test_a_storm_of_drops_is_met_with_growing_waits(venue, connect, memory_journal):
    waits = []

    class Watched(Backoff):
        def next_s(self):
            waits.append(super().next_s())
            return 0.001

    async def attend(client, number):
        client.transport.abort()

    connect(venue(attend).url, backoff=Watched(floor_s=1.0, cap_s=30.0))
    memory_journal.wait_for(lambda: memory_journal.kinds().count(Kind.CONNECTED) >= 6)
    assert all(earlier < later for earlier, later in pairwise(waits[:5]))


def test_a_message_in_pieces_is_not_waited_for_though_pings_come_between(venue, connect, memory_journal):
    async def attend(client, number):
        client.transport.write(b"\x01\x01[")
        while True:
            client.transport.write(b"\x89\x00" + b"\x00\x01 ")
            await asyncio.sleep(0.02)

    connect(venue(attend).url, name="binance", liveness_s=0.3)
    memory_journal.wait_for(lambda: Kind.DISCONNECTED in memory_journal.kinds())
    assert b"unfinished" in memory_journal.records[1].payload


def test_a_flood_of_pings_costs_the_connection(venue, connect, memory_journal):
    async def attend(client, number):
        async for _ in client:
            pass

    async def flood(client, number):
        reading = asyncio.create_task(attend(client, number))
        while not reading.done():
            client.transport.write(b"\x89\x00" * 50)
            await asyncio.sleep(0.005)

    connect(venue(flood).url, name="binance", liveness_s=2.0)
    memory_journal.wait_for(lambda: Kind.DISCONNECTED in memory_journal.kinds())
    assert b"pings a second" in memory_journal.records[1].payload


NOON = "Sun, 22 Nov 2026 12:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "99999"}, 300.0),
        ({"Retry-After": "-5"}, 0.0),
        ({"Retry-After": "soon"}, 0.0),
        ({}, 0.0),
        ({"Retry-After": "Sun, 22 Nov 2026 12:00:09 GMT", "Date": NOON}, 9.0),
        ({"Retry-After": "Sun, 22 Nov 2026 11:00:00 GMT", "Date": NOON}, 0.0),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_how_long_a_venue_asks_us_to_stay_away_is_read_in_both_forms(headers, expected, status):
    assert retry_after_s(InvalidStatus(Response(status, "busy", Headers(headers)))) == expected


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_no_other_host_ever_hears_who_we_are(venue, connect, status):
    heard = []

    async def listen(client, number):
        heard.append(client.request)
        heard.extend([message async for message in client])

    elsewhere = venue(listen)

    def process_request(client, request):
        return Response(status, "Moved", Headers({"Location": elsewhere.url, "Content-Length": "0"}))

    url = venue(_ticks_for_ever, process_request=process_request).url
    connection = connect(url, name="alpaca", credentials=Credentials("the-key", "the-secret"))
    _until(lambda: connection.status.state == "failed")
    assert heard == []
    assert "the-" not in connection.status.error


def test_a_venue_that_wants_to_know_who_we_are_is_told_first_and_nobody_else_is(venue, connect, memory_journal, caplog):
    caplog.set_level(logging.DEBUG)
    asked = []

    async def attend(client, number):
        asked.extend([json.loads(await client.recv()), json.loads(await client.recv())])
        await client.send('[{"T":"success","msg":"authenticated"}]')
        await client.wait_closed()

    server = venue(attend, logger=logging.getLogger("venue"))
    connect(server.url, name="alpaca", credentials=Credentials("the-key", "the-secret"))
    memory_journal.wait_for(lambda: bool(memory_journal.frames()))
    assert asked == [
        {"action": "auth", "key": "the-key", "secret": "the-secret"},
        {"action": "subscribe", "trades": ["A", "B"]},
    ]
    assert not any(b"the-" in record.payload for record in memory_journal.records)
    assert not [record for record in caplog.records if record.name != "venue" and "the-" in record.getMessage()]


def test_a_venue_that_wants_a_key_is_not_even_tried_without(memory_journal):
    with pytest.raises(InputError, match="needs a key"):
        FeedConnection(get_adapter("alpaca"), "ws://127.0.0.1:1", ["A"], memory_journal)


def test_what_passes_by_itself_is_no_refusal(venue, connect, memory_journal):
    async def attend(client, number):
        await client.send('[{"T":"error","code":406,"msg":"connection limit exceeded"}]')
        await client.close()

    connection = connect(venue(attend).url, name="alpaca", credentials=Credentials("k", "s"))
    memory_journal.wait_for(lambda: len(memory_journal.frames()) >= 5)
    assert connection.status.state != "failed"


def test_a_complaint_about_one_symbol_stays_in_the_status_while_the_others_go_on(venue, connect, memory_journal):
    async def attend(client, number):
        await client.send('{"method":"subscribe","success":false,"error":"Currency pair not supported X"}')
        for _ in range(30):
            await client.send('{"channel":"heartbeat"}')
        await client.wait_closed()

    connection = connect(venue(attend).url, name="kraken")
    memory_journal.wait_for(lambda: len(memory_journal.frames()) == 31)
    assert connection.status.error == "feed kraken says: Currency pair not supported X"
    assert connection.status.state == "connected"


@pytest.mark.parametrize(("answer", "reason"), [(b"", "cut off"), (b"HTTP/1.1 400 Bad Request\r\n\r\n", "TLS: ")])
def test_a_tls_address_of_a_server_that_has_none_is_one_line(connect, answer, reason):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_answer_once, args=(listener, answer), daemon=True).start()
        connection = connect(f"wss://127.0.0.1:{listener.getsockname()[1]}", backoff=Backoff(floor_s=60.0))
        with pytest.raises(TailwatchError, match=rf"cannot reach feed tailwatch at wss://.* \({reason}"):
            connection.wait_connected()


def _answer_once(listener, answer):
    client, _ = listener.accept()
    with client:
        client.recv(4096)
        client.sendall(answer)


@pytest.mark.parametrize("url", ["http://x", "127.0.0.1:80", "ws://", "ws://x:99999", ""])
def test_what_is_no_address_is_refused_before_anything_starts(url, memory_journal):
    with pytest.raises(InputError, match="is not a WebSocket address"):
        FeedConnection(get_adapter("tailwatch"), url, [], memory_journal)


def test_subscriptions_keep_the_venues_pace(venue, connect):
    times = []

    async def attend(client, number):
        while True:
            await client.recv()
            times.append(time.monotonic())

    connection = connect(venue(attend).url, name="binance", symbols=[f"S{n}" for n in range(250)])
    _until(lambda: len(times) == 3)
    pace_s = 1.0 / get_adapter("binance").messages_per_s
    assert times[2] - times[0] > 1.5 * pace_s
    assert connection.status.state == "connected"
