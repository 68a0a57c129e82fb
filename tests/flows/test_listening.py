"""Several feeds of one engine: a dead one is said to be dead, and stops nothing."""

import socket

import pytest

from flows.listening import FeedAddress, listening
from riskcore.errors import InputError, TailwatchError


@pytest.fixture
def dead_url():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"ws://127.0.0.1:{listener.getsockname()[1]}"


async def _tick(client, number):
    await client.recv()
    await client.send('{"ts":1700000000,"symbol":"A","price":1}')
    await client.wait_closed()


def test_one_dead_feed_does_not_stop_the_others(venue, memory_journal, dead_url):
    addresses = [
        FeedAddress("kraken", ("BTC/USD",), dead_url),
        FeedAddress("tailwatch", ("A",), venue(_tick).url, price="mid"),
    ]
    with listening(addresses, memory_journal) as (dead, living):
        memory_journal.wait_for(lambda: bool(memory_journal.frames()))
        assert (living.status.state, dead.status.connections) == ("connected", 0)
        assert "cannot reach feed kraken" in dead.status.error
        assert b'"price":"mid"' in memory_journal.records[0].payload
    assert (living.status.state, dead.status.state) == ("stopped", "stopped")


def test_when_no_feed_can_be_reached_the_first_is_named(memory_journal, dead_url):
    addresses = [FeedAddress("kraken", ("BTC/USD",), dead_url), FeedAddress("coinbase", ("A",), dead_url)]
    with pytest.raises(TailwatchError, match="cannot reach feed kraken"), listening(addresses, memory_journal):
        pytest.fail("nobody is there")


def test_a_feed_that_cannot_be_listened_to_is_told_before_any_connection(venue, memory_journal):
    addresses = [FeedAddress("tailwatch", ("A",), venue(_tick).url), FeedAddress("alpaca", ("A",))]
    with pytest.raises(InputError, match="needs a key"), listening(addresses, memory_journal):
        pytest.fail("there is no key")
    assert memory_journal.records == []
