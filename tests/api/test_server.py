"""A process of its own: it starts, serves, and stops when it is told to."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

PROGRAM = """
import sys
from api.server import ApiServer
from api.settings import ApiSettings
server = ApiServer(ApiSettings(database_url=sys.argv[1], port=int(sys.argv[2])))
print(server.url, flush=True)
server.work()
"""


@contextmanager
def process(url: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, url, "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        try:
            yield child, child.stdout.readline().strip()
        finally:
            child.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_the_process_soon_with_streams_open(
    engine: Any, database_url: str, open_stream: Any, number: signal.Signals
) -> None:
    engine.risk()
    with process(database_url) as (child, url), open_stream(url) as stream:
        stream.next()
        child.send_signal(number)
        stream.read_to_the_end()
        assert child.wait(60) == 0


def test_killed_process_loses_nothing_for_a_client_that_comes_back(
    engine: Any, database_url: str, open_stream: Any
) -> None:
    engine.risk()
    with process(database_url) as (child, url), open_stream(url) as stream:
        last = stream.next().id
        child.kill()
        with pytest.raises(httpx.RemoteProtocolError):
            stream.read_to_the_end()
    missed = [engine.alert("one"), engine.alert("two")]
    with process(database_url) as (child, url), open_stream(url, last) as stream:
        assert [event.data.encode() for event in stream.take(2)] == missed
