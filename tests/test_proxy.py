"""The proxy does to bytes what it says, and nothing else."""

import socket
import threading
import time

import pytest

from tests.proxy import FaultyProxy

PATIENCE_S = 20.0


@pytest.fixture
def echo():
    """A server that sends back what it gets, and at the end of it how much that was."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(client):
        count = 0
        with client:
            try:
                while piece := client.recv(4096):
                    count += len(piece)
                    client.sendall(piece)
                client.sendall(b"<%d>" % count)
            except OSError:
                return

    def accept():
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(client,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    yield listener.getsockname()
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


@pytest.fixture
def proxy(echo):
    with FaultyProxy(*echo) as proxy:
        yield proxy


@pytest.fixture
def client(proxy):
    with socket.create_connection((proxy.host, proxy.port), timeout=PATIENCE_S) as client:
        yield client


def _read(client, count):
    found = b""
    while len(found) < count and (piece := client.recv(count - len(found))):
        found += piece
    return found


def _says_nothing(client, wait_s=0.2):
    client.settimeout(wait_s)
    try:
        with pytest.raises(TimeoutError):
            client.recv(1)
    finally:
        client.settimeout(PATIENCE_S)


def test_untouched_it_hands_on_every_byte_both_ways_and_the_end(client):
    sent = bytes(range(256)) * 4096
    threading.Thread(target=client.sendall, args=(sent,)).start()
    assert _read(client, len(sent)) == sent
    client.shutdown(socket.SHUT_WR)
    assert _read(client, 100) == b"<1048576>"


def test_it_cuts_at_the_byte_asked_for(proxy, client):
    proxy.replies.cut_after(5)
    client.sendall(b"0123456789")
    assert _read(client, 5) == b"01234"
    with pytest.raises(ConnectionResetError):
        client.recv(1)
    assert proxy.replies.passed == 5


def test_dropped_replies_never_come_although_the_server_heard(proxy, client):
    proxy.replies.dropped = True
    client.sendall(b"lost")
    _says_nothing(client)
    proxy.replies.heal()
    client.shutdown(socket.SHUT_WR)
    assert _read(client, 3) == b"<4>"


def test_a_half_closed_reply_ends_while_requests_go_on(proxy, client):
    client.sendall(b"a")
    assert _read(client, 1) == b"a"
    proxy.replies.half_close()
    assert client.recv(1) == b""
    client.sendall(b"still taken")


def test_delay_and_throttle_take_their_time(proxy, client):
    proxy.requests.delay_s = 0.3
    begun = time.monotonic()
    client.sendall(b"x")
    assert _read(client, 1) == b"x"
    assert time.monotonic() - begun >= 0.3
    proxy.requests.heal()
    proxy.replies.throttle = 1000
    begun = time.monotonic()
    client.sendall(b"y" * 400)
    assert _read(client, 400) == b"y" * 400
    assert time.monotonic() - begun >= 0.35


def test_frozen_nothing_moves_and_nothing_closes_until_it_thaws(proxy, client):
    proxy.freeze()
    client.sendall(b"held")
    _says_nothing(client)
    proxy.thaw()
    assert _read(client, 4) == b"held"


def test_a_reset_and_a_refusal_are_resets_to_the_client(proxy, client):
    client.sendall(b"x")
    assert _read(client, 1) == b"x"
    proxy.reset()
    with pytest.raises(ConnectionResetError):
        client.recv(1)
    proxy.refusing = True
    with (
        pytest.raises(ConnectionResetError),
        socket.create_connection((proxy.host, proxy.port), timeout=PATIENCE_S) as other,
    ):
        other.recv(1)
