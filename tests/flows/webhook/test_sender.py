"""The webhook against a real receiver and a real database: every alert, in order, until it is taken."""

import base64
import hmac
import json
import logging
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

import psycopg
import pytest

from flows.webhook.destination import Destination
from flows.webhook.poster import Poster
from flows.webhook.signature import read_secret
from storage.deliveries import DeliveryStore
from storage.errors import WriterConflictError
from tests.pager import SECRET, Receiver

from .conftest import Engine

Eventually = Callable[[Callable[[], bool]], None]


def test_each_alert_is_posted_as_it_was_stored_signed_and_in_order(
    engine: Engine, receiver: Receiver, sending: Any, eventually: Eventually
) -> None:
    engine.begin("live-1")
    with sending(clock=lambda: 1_800_000_000.9) as sender:
        engine.alert("a", "b", "c")
        eventually(lambda: len(receiver.got) == 3)
        eventually(lambda: sender.describe()["waiting"] == 0)
        assert sender.describe() == {"state": "ok", "reason": None, "sent": 3, "waiting": 0, "parked": 0}
    assert receiver.ids == ["a", "b", "c"]
    headers, body = receiver.got[0]
    assert body == b'{"schema":1,  "id":"a"}'
    signed = hmac.digest(base64.b64decode(SECRET.removeprefix("whsec_")), b"a.1800000000." + body, "sha256")
    assert headers["webhook-timestamp"] == "1800000000"
    assert headers["webhook-signature"] == "v1," + base64.b64encode(signed).decode()
    assert headers["content-type"] == "application/json"
    assert headers["host"] == f"127.0.0.1:{receiver.port}"


def test_what_was_told_before_the_first_start_ever_is_left_and_nothing_after_it(
    engine: Engine, receiver: Receiver, sending: Any, eventually: Eventually
) -> None:
    engine.begin("live-1")
    engine.alert("before")
    with sending():
        engine.alert("a")
        eventually(lambda: receiver.ids == ["a"])
    engine.alert("b")
    engine.begin("live-2")
    engine.alert("c", run="live-2")
    engine.begin("replay-1", "replay")
    engine.alert("x", run="replay-1")
    with sending():
        eventually(lambda: len(receiver.got) == 3)
        engine.alert("d", run="live-2")
        eventually(lambda: len(receiver.got) == 4)
    assert receiver.ids == ["a", "b", "c", "d"]


def test_what_cannot_be_taken_now_is_tried_until_it_is_and_holds_those_behind_it(
    engine: Engine, receiver: Receiver, sending: Any, eventually: Eventually
) -> None:
    receiver.answers = [500, 503, (429, {"Retry-After": "0"}), 408, 502, 500, 500, 204]
    engine.begin("live-1")
    with sending() as sender:
        engine.alert("a", "b")
        eventually(lambda: sender.describe()["sent"] == 2)
    assert receiver.ids == ["a"] * 8 + ["b"]


def test_one_that_is_refused_is_parked_told_and_tried_again_at_the_next_start(
    engine: Engine, receiver: Receiver, sending: Any, eventually: Eventually, database_url: str
) -> None:
    receiver.answers = [400, 401, 403, 404, (301, {"Location": "http://127.0.0.1:1/"})]
    engine.begin("live-1")
    with sending() as sender:
        engine.alert("a", "b")
        eventually(lambda: sender.describe()["sent"] == 1)
        told = sender.describe()
    assert receiver.ids == ["a"] * 5 + ["b"]
    assert set(receiver.paths) == {"/hook"}
    assert (told["state"], told["parked"]) == ("degraded", 1)
    assert "1 alerts are parked: http://127.0.0.1" in told["reason"]
    with psycopg.connect(database_url) as connection:
        assert connection.execute("select id, reason from parked").fetchall() == [(1, "answered 301")]
        assert connection.execute("select id from received").fetchall() == [(2,)]
    with sending() as sender:
        eventually(lambda: sender.describe()["sent"] == 1)
    assert receiver.ids[6:] == ["a"]
    with psycopg.connect(database_url) as connection:
        assert connection.execute("select count(*) from parked").fetchone() == (0,)
        assert connection.execute("select id from received order by id").fetchall() == [(1,), (2,)]


def test_a_receiver_that_is_dead_is_told_with_its_reason_and_for_how_long(
    engine: Engine, receiver: Receiver, sending: Any, eventually: Eventually
) -> None:
    engine.begin("live-1")
    receiver.hold.clear()
    with sending(timeout_s=0.05) as sender:
        engine.alert("a", "b")
        eventually(lambda: sender.describe()["state"] == "degraded")
        told = sender.describe()
        assert "no answer within 0.05 s" in told["reason"]
        assert told["waiting"] >= 1
        receiver.hold.set()
        eventually(lambda: sender.describe()["sent"] == 2)
        assert sender.describe()["state"] == "ok"


def test_it_stops_at_once_though_its_receiver_says_nothing(
    engine: Engine, receiver: Receiver, sending: Any, eventually: Eventually
) -> None:
    engine.begin("live-1")
    receiver.hold.clear()
    with sending(timeout_s=3600):
        engine.alert("a")
        eventually(lambda: receiver.ids == ["a"])


KILLED = """
import os, signal, sys, threading
from flows.webhook.destination import Destination
from flows.webhook.poster import Poster
from flows.webhook.sender import Sender
from flows.webhook.signature import read_secret
from storage.deliveries import DeliveryStore
url, hook, secret = sys.argv[1:]
store, stopping, calls = DeliveryStore(url), threading.Event(), []
sent = store.sent
def killing(delivery):
    calls.append(delivery)
    if len(calls) == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    sent(delivery)
store.sent = killing
with Poster(Destination(hook, ("127.0.0.1",)), read_secret(secret), stopping) as poster:
    Sender(store, poster, stopping).run()
"""


def test_a_kill_between_taking_and_noting_repeats_one_alert_under_its_id_and_loses_none(
    engine: Engine,
    receiver: Receiver,
    sending: Any,
    eventually: Eventually,
    database_url: str,
) -> None:
    engine.begin("live-1")
    with sending():
        pass
    engine.alert("a", "b", "c")
    killed = subprocess.run([sys.executable, "-c", KILLED, database_url, receiver.url, SECRET], timeout=60, check=False)
    assert killed.returncode == -9
    with psycopg.connect(database_url, autocommit=True) as connection:
        held = "select from pg_stat_activity where application_name ~ 'webhook' and datname = current_database()"
        eventually(lambda: connection.execute(held).rowcount == 0)
    with sending():
        eventually(lambda: len(receiver.got) == 4)
    assert receiver.ids == ["a", "b", "b", "c"]
    bodies = {headers["webhook-id"]: body for headers, body in receiver.got}
    assert all(bodies[headers["webhook-id"]] == body for headers, body in receiver.got)


def test_a_second_sender_is_refused_while_the_first_is_there(database_url: str) -> None:
    first, second = DeliveryStore(database_url), DeliveryStore(database_url)
    first.waiting()
    with pytest.raises(WriterConflictError, match="another program sends its alerts to a webhook"):
        second.waiting()
    first.close()
    second.close()


def test_the_name_is_verified_by_tls_though_the_connection_goes_to_an_address(
    monkeypatch: pytest.MonkeyPatch, receiver: Receiver, tmp_path: Path
) -> None:
    certificate = Path(__file__).with_name("pager.test.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    receiver.server.socket = context.wrap_socket(receiver.server.socket, server_side=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    def post(name: str) -> Any:
        place = Destination(f"https://{name}:{receiver.port}/", (name,), lambda *_: ["127.0.0.1"])
        with Poster(place, read_secret(SECRET), Event()) as poster:
            return poster.post("a", b"{}")

    assert post("pager.test").status == 204
    assert receiver.got[0][0]["host"] == f"pager.test:{receiver.port}"
    other = post("other.test")
    assert other.status is None
    assert "certificate" in other.reason
    assert len(receiver.got) == 1


def test_no_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch, receiver: Receiver) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with Poster(Destination(receiver.url, ("127.0.0.1",)), read_secret(SECRET), Event()) as poster:
        assert poster.post("a", b"{}").status == 204


def test_neither_secret_nor_path_is_in_any_log(
    receiver: Receiver,
    caplog: pytest.LogCaptureFixture,
    sending: Any,
    engine: Engine,
    eventually: Eventually,
    capsys: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    receiver.answers = [500, 400, 400, 400, 400, 400]
    engine.begin("live-1")
    with sending(receiver.url + "/canary-7f3a?k=canary-7f3a") as sender:
        engine.alert("a", "b")
        eventually(lambda: sender.describe()["sent"] == 1)
    written = capsys.readouterr()
    everything = caplog.text + written.out + written.err + json.dumps(sender.describe())
    assert receiver.paths[0] == "/hook/canary-7f3a?k=canary-7f3a"
    assert "canary-7f3a" not in everything
    assert SECRET.removeprefix("whsec_") not in everything


def test_an_answer_that_never_ends_is_left_after_64_kib(receiver: Receiver) -> None:
    sent: list[int] = []

    def endless(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        try:
            while True:
                handler.wfile.write(b"2000\r\n" + b"x" * 0x2000 + b"\r\n")
                sent.append(0x2000)
        except OSError:
            gone.set()

    gone = threading.Event()
    receiver.server.RequestHandlerClass.do_POST = endless  # type: ignore[attr-defined]
    with Poster(Destination(receiver.url, ("127.0.0.1",)), read_secret(SECRET), Event()) as poster:
        assert poster.post("a", b"{}").status == 200
        assert gone.wait(20)
    assert sum(sent) < 32 * 2**20
