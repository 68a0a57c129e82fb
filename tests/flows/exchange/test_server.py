"""The simulated exchange over real sockets, mostly with our own connection at the other end."""

import gzip
import json
import signal
import socket
import subprocess
import sys
import time

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from flows.actors.feed import FeedActor
from flows.exchange import ExchangeSettings, list_instruments, load_state, serve
from flows.feeds import get_adapter
from flows.feeds.adapter import Credentials
from flows.feeds.connection import FeedConnection
from flows.messages import Accepted, Gap
from flows.universe import Universe
from riskcore.errors import InputError, TailwatchError


@pytest.fixture
def exchange(in_thread):
    """Return a function that starts an exchange on a free port with the settings given."""

    def start(**settings):
        chosen = ExchangeSettings(port=settings.pop("port", 0), **settings)
        return in_thread(lambda ready, stop: serve(chosen, ready=ready, stop=stop))

    return start


@pytest.fixture
def feed(memory_journal):
    """Return a function that connects our own client to an exchange."""
    connections = []

    def start(server, name="tailwatch", symbols=()):
        adapter = get_adapter(name)
        connection = FeedConnection(
            adapter, adapter.url(symbols, server.url), symbols, memory_journal, credentials=Credentials("key", "secret")
        )
        connections.append(connection)
        connection.start()
        connection.wait_connected()
        return connection

    yield start
    for connection in connections:
        connection.stop()


def _events(journal, names):
    return FeedActor(Universe(names)).on_batch(list(journal.records)).events


def test_the_generated_market_arrives_without_a_gap(exchange, feed, memory_journal):
    connection = feed(exchange(rate=5_000.0))
    memory_journal.wait_for(lambda: len(memory_journal.records) > 60)
    connection.stop()
    actor = FeedActor(Universe(instrument.symbol for instrument in list_instruments(50, 7)))
    events = actor.on_batch(memory_journal.records).events
    total = actor.ledger.total()
    assert total.accepted == total.received > 500
    assert not any(isinstance(event, Gap) for event in events)
    assert len({event.instrument for event in events if isinstance(event, Accepted)}) == 50


def test_a_client_that_asks_for_two_symbols_gets_these_numbered_on_their_own(exchange, feed, memory_journal):
    feed(exchange(rate=5_000.0), symbols=("MSFT", "AAPL"))
    memory_journal.wait_for(lambda: len(memory_journal.records) > 20)
    ticks = [event.tick for event in _events(memory_journal, ["AAPL", "MSFT"]) if isinstance(event, Accepted)]
    assert {tick.symbol for tick in ticks} == {"AAPL", "MSFT"}
    assert [tick.identifier for tick in ticks] == list(range(ticks[0].identifier, ticks[0].identifier + len(ticks)))


def test_heartbeats_come_and_a_session_is_opened(exchange, feed, memory_journal):
    feed(exchange(rate=0.001))
    memory_journal.wait_for(lambda: b'{"type":"heartbeat"}' in memory_journal.frames())
    hello = json.loads(memory_journal.frames()[0])
    assert hello["type"] == "hello"
    assert hello["session"]


def _numbers(client) -> list[int]:
    ticks = next(frame for frame in map(json.loads, client) if isinstance(frame, list))
    return [tick["seq"] for tick in ticks]


def _subscribe(client) -> str:
    client.send('{"type":"subscribe","symbols":[]}')
    return json.loads(client.recv())["session"]


def test_who_was_away_sees_what_it_missed(exchange):
    server = exchange(rate=2_000.0)
    with connect(server.url, compression=None) as witness:
        session = _subscribe(witness)
        with connect(server.url, compression=None) as client:
            assert _subscribe(client) == session
            left = _numbers(client)[-1]
        while (now := _numbers(witness)[-1]) < left + 20:
            pass
        with connect(server.url, compression=None) as client:
            assert _subscribe(client) == session
            assert _numbers(client)[0] > now


def test_an_unknown_symbol_is_refused_by_name_and_not_asked_for_again(exchange, feed, memory_journal):
    server = exchange()
    adapter = get_adapter("tailwatch")
    with connect(server.url, compression=None) as client:
        client.send(adapter.subscribe(["AAPL", "NOPE"])[0])
        assert json.loads(client.recv()) == {"type": "error", "message": "unknown symbol NOPE"}
        with pytest.raises(ConnectionClosed):
            client.recv()


@pytest.mark.parametrize("message", ["{", '"subscribe"', '{"type":"dance"}', '{"type":"subscribe","symbols":[5]}'])
def test_a_message_that_is_no_request_is_refused(exchange, message):
    with connect(exchange().url, compression=None) as client:
        client.send(message)
        assert json.loads(client.recv())["type"] == "error"


def test_a_restarted_exchange_goes_on_from_its_prices_in_a_new_session(exchange, feed, memory_journal, tmp_path):
    state = tmp_path / "exchange" / "state.json"
    first = exchange(rate=2_000.0, liveliness=50.0, state=state)
    connection = feed(first)
    memory_journal.wait_for(lambda: len(memory_journal.records) > 30)
    connection.stop()
    first.stop()
    saved = load_state(state)
    feed(exchange(rate=2_000.0, state=state))
    before = len(memory_journal.records)
    memory_journal.wait_for(lambda: len(memory_journal.records) > before + 30)
    ticks = [event.tick for event in _events(memory_journal, list(saved["prices"])) if isinstance(event, Accepted)]
    assert not any(isinstance(event, Gap) for event in _events(memory_journal, list(saved["prices"])))
    newest = {tick.symbol: tick.price for tick in ticks}
    assert all(abs(price / saved["prices"][symbol] - 1) < 0.01 for symbol, price in newest.items())
    assert any(abs(i.price / saved["prices"][i.symbol] - 1) > 1e-4 for i in list_instruments(50, 7))


def test_a_state_file_that_is_something_else_is_refused(tmp_path, exchange):
    path = tmp_path / "state.json"
    path.write_text('{"session":0,"cluster":0,"prices":{"AAPL":-1}}')
    with pytest.raises(InputError, match="is not the saved state of an exchange"):
        _ = exchange(state=path).url


def test_a_port_in_use_is_one_line_that_names_it(exchange):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=f"port {port} on 127.0.0.1 is in use: stop what holds it"):
            _ = exchange(port=port).url


@pytest.mark.parametrize("wrong", [{"rate": 0.0}, {"speed": -1.0}, {"liveliness": float("nan")}, {"port": 70_000}])
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(InputError):
        ExchangeSettings(**wrong)


TRADES = [
    (
        0,
        b'{"stream":"btcusdt@trade","data":{"e":"trade","s":"BTCUSDT","t":1,"p":"5.0","q":"1","T":1700000000000,"M":true}}',
    ),
    (
        1,
        b'{"stream":"ethusdt@trade","data":{"e":"trade","s":"ETHUSDT","t":7,"p":"3.0","q":"1","T":1700000000001,"M":true}}',
    ),
    (2, b'{"stream":"btcusdt@depth","data":{"e":"depthUpdate","b":[],"a":[]}}'),
    (3, b'{"lastUpdateId":5,"bids":[],"asks":[]}'),
    (
        2500,
        b'{"stream":"btcusdt@trade","data":{"e":"trade","s":"BTCUSDT","t":2,"p":"5.5","q":"1","T":1700000000250,"M":true}}',
    ),
]


@pytest.fixture
def recording(tmp_path):
    """A small raw recording, two and a half seconds long."""
    path = tmp_path / "recording.gz"
    lines = [b"%d %b\n" % (1_700_000_000_000_000_000 + ms * 1_000_000, frame) for ms, frame in TRADES]
    path.write_bytes(gzip.compress(b"".join([*lines, b"\n"])))
    return path


def test_a_recording_is_played_verbatim_to_who_asked_for_its_streams(exchange, feed, memory_journal, recording):
    feed(exchange(play=(recording,), speed=100.0), name="binance", symbols=("BTCUSDT",))
    memory_journal.wait_for(lambda: len(memory_journal.frames()) == 2)
    assert memory_journal.frames() == [TRADES[0][1], TRADES[4][1]]


@pytest.mark.parametrize(("speed", "shortest", "longest"), [(10.0, 0.24, 20.0), (1e6, 0.0, 2.4)])
def test_a_recording_keeps_its_timing_times_the_speed(exchange, recording, speed, shortest, longest):
    with connect(f"{exchange(play=(recording,), speed=speed).url}/ws/btcusdt@trade", compression=None) as client:
        client.recv()
        begun = time.monotonic()
        client.recv()
        assert shortest < time.monotonic() - begun < longest


def test_streams_may_be_asked_for_by_message(exchange, recording):
    with connect(f"{exchange(play=(recording,)).url}/stream", compression=None) as client:
        client.send('{"method":"SUBSCRIBE","params":["ethusdt@trade"],"id":3}')
        frames = [client.recv(decode=False), client.recv(decode=False)]
    assert sorted(frames) == sorted([b'{"result":null,"id":3}', TRADES[1][1]])


def test_who_asks_for_everything_gets_it_but_answers_to_requests(exchange, recording):
    with connect(exchange(play=(recording,), speed=100.0).url, compression=None) as client:
        client.send('{"type":"subscribe","symbols":["*"]}')
        frames = [client.recv(decode=False) for _ in range(4)]
    assert frames == [TRADES[0][1], TRADES[1][1], TRADES[2][1], TRADES[4][1]]


def _second(number):
    return f"2026-11-22T12:00:{number:02d}.000000Z"


VENUES = {
    "coinbase": lambda n, symbol: {
        "type": "match",
        "trade_id": n,
        "product_id": symbol,
        "price": f"{100 + n}",
        "size": "1",
        "side": "buy",
        "time": _second(n),
    },
    "coinbase:advanced": lambda n, symbol: {
        "channel": "market_trades",
        "timestamp": _second(n),
        "sequence_num": n,
        "events": [
            {
                "type": "update",
                "trades": [{"trade_id": f"{n}", "product_id": symbol, "price": f"{100 + n}", "time": _second(n)}],
            }
        ],
    },
    "kraken": lambda n, symbol: {
        "channel": "trade",
        "type": "update",
        "data": [{"symbol": symbol, "side": "buy", "price": 100 + n, "qty": 1, "trade_id": n, "timestamp": _second(n)}],
    },
    "kraken:v1": lambda n, symbol: [7, [[f"{100 + n}", "1", f"{1795348800 + n}.5", "b", "l", ""]], "trade", symbol],
    "alpaca": lambda n, symbol: [{"T": "t", "i": n, "S": symbol, "p": 100 + n, "s": 1, "t": _second(n), "c": ["@"]}],
}


@pytest.mark.parametrize("name", VENUES)
def test_a_recording_of_any_venue_is_played_in_its_own_protocol(exchange, feed, memory_journal, tmp_path, name):
    path = tmp_path / "recording"
    lines = [(n, symbol) for n in range(1, 4) for symbol in ("WANTED", "OTHER")]
    frames = [json.dumps(VENUES[name](n, symbol)).encode() for n, symbol in lines]
    path.write_bytes(b"".join(b"%d %b\n" % (1000 * at, frame) for at, frame in enumerate(frames)))
    feed(exchange(play=(path,)), name=name, symbols=("WANTED",))
    heartbeat = get_adapter(name).heartbeat
    memory_journal.wait_for(lambda: frames[-2] in memory_journal.frames())
    assert [frame for frame in memory_journal.frames() if frame != heartbeat] == frames[::2]
    ticks = [event.tick for event in _events(memory_journal, ["WANTED"]) if isinstance(event, Accepted)]
    assert [tick.price for tick in ticks] == [101.0, 102.0, 103.0]
    if heartbeat:
        memory_journal.wait_for(lambda: heartbeat in memory_journal.frames())


def test_at_its_end_a_recording_closes_with_1000_where_it_should_not_stay(exchange, recording):
    server = exchange(play=(recording,), speed=1000.0, stay=False)
    with connect(f"{server.url}/ws/btcusdt@trade", compression=None) as client:
        assert len(list(client)) == 2
        assert client.close_code == 1000


def test_a_request_that_the_venue_does_not_know_is_complained_about(exchange, recording):
    with connect(f"{exchange(play=(recording,)).url}/stream", compression=None) as client:
        client.send('{"method":"UNSUBSCRIBE","params":[],"id":3}')
        assert json.loads(client.recv())["error"]["code"] == 2


@pytest.mark.parametrize("content", [b"not a recording\n", b'{"no":"receive time"}\n', b"5\n"])
def test_what_is_no_raw_recording_is_refused_with_its_line(exchange, tmp_path, content):
    path = tmp_path / "wrong.txt"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"wrong\.txt line 1 is not '<receive time, ns> <frame>'"):
        _ = exchange(play=(path,)).url


def test_a_recording_that_is_not_there_is_refused_by_name(exchange, tmp_path):
    with pytest.raises(InputError, match=r"absent\.gz: cannot be read"):
        _ = exchange(play=(tmp_path / "absent.gz",)).url


def test_as_a_process_it_stops_cleanly_on_sigterm_and_keeps_its_prices(tmp_path):
    state = tmp_path / "state.json"
    program = (
        "import sys; from pathlib import Path; from flows.exchange import run_exchange\n"
        "run_exchange(port=0, state=Path(sys.argv[1]), ready=lambda host, port: print(port, flush=True))"
    )
    with subprocess.Popen([sys.executable, "-c", program, state], stdout=subprocess.PIPE, text=True) as process:
        while not (line := process.stdout.readline()).strip().isdigit():
            assert line, "the exchange ended before it was ready"
        with connect(f"ws://127.0.0.1:{int(line)}", compression=None) as client:
            client.send('{"type":"subscribe"}')
            client.recv()
            process.send_signal(signal.SIGTERM)
            assert all(list(client))
            assert client.close_code == 1001
        assert process.wait(60) == 0
    assert len(load_state(state)["prices"]) == 50


def test_prices_that_cannot_be_saved_stop_the_exchange_with_the_reason(exchange, tmp_path):
    (tmp_path / "file").write_text("")
    server = exchange(state=tmp_path / "file" / "state.json")
    server._thread.join(10)
    assert isinstance(server.error, TailwatchError)
    assert "cannot save the exchange's prices" in str(server.error)


@pytest.mark.recordings
def test_the_real_recording_arrives_whole_through_a_real_socket(exchange, feed, memory_journal, recordings):
    files = tuple(recordings / "binance" / f"spot_{name}usdt_20240808.gz" for name in ("btc", "eth"))
    feed(exchange(play=files, speed=1e6), name="binance", symbols=("BTCUSDT", "ETHUSDT"))
    memory_journal.wait_for(lambda: len(memory_journal.frames()) == 9757 + 6106)
    events = _events(memory_journal, ["BTCUSDT", "ETHUSDT"])
    assert sum(isinstance(event, Accepted) for event in events) == 9757 + 6106
    assert not any(isinstance(event, Gap) for event in events)
