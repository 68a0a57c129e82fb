"""The exchange as a fault machine on real sockets (rows F1, F2, F4 to F8, D9, D11), with our own connection to it.

Whatever happens, the ledger holds and every number that never came lies in a declared gap.
"""

from random import Random

import pytest

from flows.exchange import ExchangeSettings, list_instruments, read_faults, serve
from flows.feeds import get_adapter
from flows.feeds.backoff import Backoff
from flows.feeds.connection import FeedConnection
from flows.messages import Kind
from tests.flows.verdict import Verdict, judge

SYMBOLS = tuple(instrument.symbol for instrument in list_instruments(5, 7))


@pytest.fixture
def listen(in_thread, memory_journal):
    """Start an exchange with these faults and listen to it; all ends with the test."""
    connections = []

    def start(script: str, **options):
        settings = ExchangeSettings(port=0, instruments=5, rate=2000.0, faults=read_faults(script))
        server = in_thread(lambda ready, stop: serve(settings, ready=ready, stop=stop))
        quick = Backoff(floor_s=0.01, cap_s=0.05, rng=Random(7))
        options = {"backoff": quick, "liveness_s": 1.0} | options
        connection = FeedConnection(get_adapter("tailwatch"), server.url, SYMBOLS, memory_journal, **options)
        connections.append(connection)
        connection.start()
        return connection

    yield start
    for connection in connections:
        connection.stop()


@pytest.fixture
def verdict(memory_journal):
    """Wait until so many frames came after so many connections were made, and judge what is in the journal."""

    def wait(connections: int, frames: int = 30) -> Verdict:
        def is_enough() -> bool:
            kinds = memory_journal.kinds()
            made = [at for at, kind in enumerate(kinds) if kind is Kind.CONNECTED]
            return len(made) >= connections and kinds[made[connections - 1] :].count(Kind.FRAME) >= frames

        memory_journal.wait_for(is_enough)
        return judge(list(memory_journal.records), SYMBOLS)

    return wait


def _lost(journal) -> list[bytes]:
    return [record.payload for record in journal.records if record.kind is Kind.DISCONNECTED]


@pytest.mark.parametrize("code", [1000, 1001, 1012])
def test_f1_after_a_close_it_is_back_and_what_was_missed_is_declared(listen, verdict, memory_journal, code):
    listen(f"close@200 code={code}; close@600 code={code}")
    assert verdict(3).rejected == {}
    assert [f"closed by the venue with {code}".encode() in reason for reason in _lost(memory_journal)[:2]] == [True] * 2


def test_f2_after_a_reset_it_is_back_and_what_was_missed_is_declared(listen, verdict, memory_journal):
    listen("reset@200; reset@600; reset@900")
    assert verdict(4).duplicate == {}
    assert len(_lost(memory_journal)) >= 3


def test_f4_a_feed_that_answers_pings_and_says_nothing_is_given_up(listen, verdict, memory_journal):
    connection = listen("silent@300 for=600s")
    memory_journal.wait_for(lambda: bool(_lost(memory_journal)))
    assert b"no frame for 1 s" in _lost(memory_journal)[0]
    assert "no frame for 1 s" in connection.status.error


def test_f4_ticks_of_a_silence_are_a_declared_gap(listen, verdict):
    listen("silent@300 for=250ms", liveness_s=20.0)
    found = verdict(1, frames=60)
    assert len(found.gaps) == 1
    assert found.gaps[0][1] - found.gaps[0][0] > 50


def test_f5_a_burst_after_a_standstill_is_counted_once(listen, verdict):
    listen("stall@300 for=400ms", liveness_s=20.0)
    found = verdict(1, frames=80)
    assert found.duplicate == {}
    assert found.gaps == []


def test_f6_a_venue_that_drops_us_at_once_is_met_with_growing_waits(listen, verdict, memory_journal):
    waits = []

    class Watched(Backoff):
        def next_s(self):
            waits.append(super().next_s())
            return 0.001

    listen("drop x5", backoff=Watched(floor_s=1.0, cap_s=30.0, rng=Random(7)))
    verdict(1)
    assert len(waits) >= 5
    assert min(waits) >= 1.0
    assert waits[:5] == sorted(waits[:5])


def test_f7_a_refused_handshake_is_tried_again_when_it_may(listen, verdict, memory_journal):
    connection = listen("refuse x2 status=503")
    verdict(1)
    assert connection.status.error is None
    assert connection.status.connections == 1


def test_f7_a_refusal_for_good_is_not_repeated_for_ever(listen):
    connection = listen("refuse x100 status=401")
    connection._thread.join(20.0)
    assert connection.status.state == "failed"
    assert "HTTP 401" in connection.status.error


def test_f8_a_message_that_trickles_in_is_not_waited_for(listen, verdict, memory_journal):
    listen("slow@200")
    verdict(2)
    assert b"no frame for 1 s" in _lost(memory_journal)[0]


def test_d9_d11_frames_too_large_and_binary_frames_are_told_from_ticks(listen, verdict, memory_journal):
    connection = listen("garbage@200 kind=binary; garbage@500 kind=large", liveness_s=20.0)
    assert verdict(2).rejected == {}
    assert connection.status.binary_frames == 1
    assert b"1009" in _lost(memory_journal)[0]


def test_d11_a_flood_of_pings_costs_the_connection_and_no_tick_in_silence(listen, verdict, memory_journal):
    listen("pings@200 x5000")
    verdict(2)
    assert b"pings a second" in _lost(memory_journal)[0]
