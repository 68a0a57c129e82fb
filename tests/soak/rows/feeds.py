"""F2, F3, F5, F6, F8, F9, F18, D13: feeds that reset, freeze, drop, dribble, crawl and flood, for as long as it takes.

The simulated exchange is at one end, our connection and a journal on disk at the other; the verdict is the ledger's:
every tick one fate, and no number missing that is not in a declared gap.
"""

import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from flows.exchange import ExchangeSettings, list_instruments, read_faults, serve
from flows.feeds import get_adapter
from flows.feeds.backoff import Backoff
from flows.feeds.connection import FeedConnection
from flows.journal import JournalReader, JournalWriter
from flows.messages import Kind, Record
from tests.flows.conftest import ServerThread
from tests.flows.verdict import Verdict, judge
from tests.proxy import FaultyProxy
from tests.soak.registry import Figures, Soak, row

SYMBOLS = tuple(instrument.symbol for instrument in list_instruments(5, 7))
_LOOK_S = 0.01


@dataclass
class Wire:
    """A journal on disk, and what listens into it."""

    journal: Path
    writer: JournalWriter
    connections: list[FeedConnection] = field(default_factory=list)

    def listen(self, url: str, **options: object) -> FeedConnection:
        options = {"liveness_s": 1.0, "backoff": Backoff(0.01, 0.05, Random(7))} | options
        self.connections.append(FeedConnection(get_adapter("tailwatch"), url, SYMBOLS, self.writer, **options))  # type: ignore[arg-type]
        self.connections[-1].start()
        return self.connections[-1]

    def records(self) -> list[Record]:
        for connection in self.connections:
            connection.stop()
        assert self.writer.flush(30.0)
        reader, found = JournalReader(self.journal), []
        while run := reader.read(10_000):
            found += run
        reader.close()
        return found

    def verdict(self) -> Verdict:
        return judge(self.records(), SYMBOLS)


@contextmanager
def _wire(soak: Soak) -> Iterator[Wire]:
    with ExitStack() as stack:
        writer = JournalWriter(soak.directory / "journal")
        stack.callback(writer.close)
        wire = Wire(soak.directory / "journal", writer)
        yield wire
        for connection in wire.connections:
            connection.stop()


@contextmanager
def _exchange(script: str, seed: int, rate: float = 1000.0) -> Iterator[ServerThread]:
    settings = ExchangeSettings(port=0, instruments=5, rate=rate, seed=seed % 2**31, faults=read_faults(script))
    server = ServerThread(lambda ready, stop: serve(settings, ready=ready, stop=stop))
    try:
        yield server
    finally:
        server.stop()


def _process(seed: int, port: int = 0) -> tuple["subprocess.Popen[str]", int]:
    program = (
        "import sys; from flows.exchange import run_exchange\n"
        "run_exchange(port=int(sys.argv[1]), instruments=5, rate=500.0, seed=int(sys.argv[2]),\n"
        "    ready=lambda host, port: print(port, flush=True))"
    )
    command = [sys.executable, "-c", program, str(port), str(seed % 2**31)]
    started = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert started.stdout is not None
    while not (line := started.stdout.readline()).strip().isdigit():
        assert line, "the exchange ended before it was ready"
    return started, int(line)


def _until(condition: Callable[[], bool], patience_s: float = 60.0) -> float:
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() - begun < patience_s, "never came true"
        time.sleep(_LOOK_S)
    return time.monotonic() - begun


def _figures(verdict: Verdict, **more: float) -> Figures:
    return {
        "accepted": len(verdict.accepted),
        "gaps": len(verdict.gaps),
        "missing": sum(last - first + 1 for first, last in verdict.gaps),
        **more,
    }


@row("F2", budget_s=180)
def two_hundred_resets_lose_nothing_in_silence(soak: Soak) -> Figures:
    """Two hundred resets in mid-stream: what came is counted once, what did not come is declared."""
    with _exchange("reset~0.02", soak.seed) as server, _wire(soak) as wire:
        connection = wire.listen(server.url)
        took_s = _until(lambda: connection.status.reconnects >= 200, 150.0)
        verdict = wire.verdict()
    assert verdict.duplicate == verdict.rejected == {}
    return _figures(verdict, resets=200, seconds=round(took_s, 1))


@row("F2", budget_s=180)
def an_exchange_that_is_killed_comes_back_as_a_new_session(soak: Soak) -> Figures:
    """Twenty SIGKILLs of the exchange: each session counts from its beginning, and nothing is taken for a repeat."""
    process, port = _process(soak.seed)
    slowest_s = 0.0
    try:
        with _wire(soak) as wire:
            connection = wire.listen(f"ws://127.0.0.1:{port}")
            for _ in range(20):
                _until(lambda before=connection.status.frames: connection.status.frames > before + 20)  # type: ignore[misc]
                process.kill()
                process.wait()
                process, port = _process(soak.seed, port)
                begun, made = time.monotonic(), connection.status.connections
                _until(lambda made=made: connection.status.connections > made)  # type: ignore[misc]
                slowest_s = max(slowest_s, time.monotonic() - begun)
            records = wire.records()
    finally:
        process.kill()
        process.wait()
    verdict = judge(records, SYMBOLS)
    assert verdict.duplicate == verdict.rejected == {}
    return _figures(verdict, kills=20, slowest_reconnect_s=round(slowest_s, 2))


@row("F3", budget_s=120)
def a_cable_pulled_is_found_by_the_feeds_own_deadline(soak: Soak) -> Figures:
    """Ten times nothing moves and nothing closes: found within the deadline and a quarter, and begun anew."""
    slowest_s = 0.0
    with _exchange("", soak.seed) as server, _wire(soak) as wire, FaultyProxy("127.0.0.1", server.port) as proxy:
        connection = wire.listen(f"ws://127.0.0.1:{proxy.port}", liveness_s=2.0)
        for _ in range(10):
            _until(lambda before=connection.status.frames: connection.status.frames > before + 50)  # type: ignore[misc]
            proxy.freeze()
            slowest_s = max(slowest_s, _until(lambda: connection.status.state != "connected"))
            proxy.reset()
            proxy.thaw()
            _until(lambda: connection.status.state == "connected")
        verdict = wire.verdict()
    assert slowest_s <= 10.0
    assert verdict.duplicate == {}
    return _figures(verdict, frozen=10, slowest_detection_s=round(slowest_s, 2))


@row("F5", budget_s=120)
def a_frozen_exchange_that_thaws_is_counted_once(soak: Soak) -> Figures:
    """SIGSTOP for 30 s, then SIGCONT: what it had in its buffers is not counted twice."""
    process, port = _process(soak.seed)
    try:
        with _wire(soak) as wire:
            connection = wire.listen(f"ws://127.0.0.1:{port}")
            _until(lambda: connection.status.frames > 100)
            process.send_signal(signal.SIGSTOP)
            found_s = _until(lambda: connection.status.state != "connected")
            time.sleep(30.0 - min(found_s, 30.0))
            process.send_signal(signal.SIGCONT)
            before = connection.status.frames
            _until(lambda: connection.status.frames > before + 100)
            verdict = wire.verdict()
    finally:
        process.kill()
        process.wait()
    assert verdict.duplicate == verdict.rejected == {}
    return _figures(verdict, found_after_s=round(found_s, 2))


@row("F6", budget_s=720)
def a_storm_of_drops_costs_neither_attempts_nor_descriptors(soak: Soak) -> Figures:
    """Ten minutes of a venue that drops us at once: at most 60 attempts a minute, and no descriptor or memory more."""
    with (
        _exchange("drop x999999", soak.seed) as server,
        _exchange("", soak.seed + 1) as other,
        _wire(soak) as wire,
    ):
        steady = wire.listen(other.url)
        dropped = wire.listen(server.url, backoff=Backoff(1.0, 30.0, Random(soak.seed)))
        _until(lambda: dropped.status.state == "waiting")
        descriptors, memory = _descriptors(), _resident_mib()
        begun, frames = time.monotonic(), steady.status.frames
        time.sleep(600.0)
        minutes = (time.monotonic() - begun) / 60.0
        grown = _resident_mib() - memory
        more = _descriptors() - descriptors
        heard = (steady.status.frames - frames) / minutes
        attempts = sum(r.kind is Kind.CONNECTED and server.url in r.origin for r in wire.records()) / minutes
    assert attempts <= 60.0
    assert more <= 2
    assert steady.status.reconnects == 0
    return {"attempts a minute": round(attempts, 2), "descriptors": more, "grown_mib": grown, "frames": round(heard)}


@row("F8", budget_s=120)
def a_feed_that_dribbles_does_not_slow_another(soak: Soak) -> Figures:
    """Beside a feed of one byte at a time another one's frames come as often as before, within a fifth."""
    with _exchange("slow@1", soak.seed) as slow, _exchange("", soak.seed + 1) as other, _wire(soak) as wire:
        steady = wire.listen(other.url)
        _until(lambda: steady.status.frames > 50)
        alone = _frames_in(steady, 20.0)
        wire.listen(slow.url)
        beside = _frames_in(steady, 20.0)
        given_up = wire.connections[-1].status.reconnects
    assert beside >= 0.8 * alone, (alone, beside)
    return {"alone": alone, "beside": beside, "dribbles given up": given_up}


@row("F9", budget_s=120)
def a_narrow_line_loses_nothing_in_silence(soak: Soak) -> Figures:
    """A minute at 64 kbit/s, which is less than the feed sends: late, complete or declared, and well afterwards."""
    with _exchange("", soak.seed) as server, _wire(soak) as wire, FaultyProxy("127.0.0.1", server.port) as proxy:
        connection = wire.listen(f"ws://127.0.0.1:{proxy.port}", liveness_s=5.0)
        _until(lambda: connection.status.frames > 50)
        proxy.replies.throttle = 8_000.0
        time.sleep(60.0)
        proxy.replies.heal()
        before = connection.status.frames
        _until(lambda: connection.status.frames > before + 500)
        verdict = wire.verdict()
    assert verdict.duplicate == verdict.rejected == {}
    return _figures(verdict, reconnects=connection.status.reconnects)


@row("F18", budget_s=180)
def a_minute_of_ten_times_the_load_reaches_the_journal(soak: Soak) -> Figures:
    """Ten times the rate for 60 s: every tick is in the journal, in bounded memory, and soon none is waiting."""
    with _exchange("", soak.seed, rate=20_000.0) as server, _wire(soak) as wire:
        memory = _resident_mib()
        connection = wire.listen(server.url, liveness_s=30.0)
        time.sleep(60.0)
        grown = _resident_mib() - memory
        last = connection.status.last_frame or 0
        behind_ms = (time.time_ns() - last) / 1e6
        records = wire.records()
    ticks = sum(record.payload.count(b'"seq"') for record in records)
    verdict = judge(records[: len(records) // 4], SYMBOLS)
    assert connection.status.reconnects == 0
    assert verdict.gaps == []
    assert grown < 256
    assert ticks > 20_000 * 60 * 0.5
    return _figures(verdict, ticks=ticks, behind_ms=round(behind_ms), grown_mib=grown)


@row("D13", budget_s=120)
def half_garbage_costs_no_good_tick(soak: Soak) -> Figures:
    """As much garbage as ticks, for 30 s: each garbage frame is one rejection, and no good tick is lost."""
    kinds = ("json", "object", "utf8", "nan", "unknown")
    script = ";".join(f"garbage~0.1 kind={kind}" for kind in kinds)
    with _exchange(script, soak.seed) as server, _wire(soak) as wire:
        wire.listen(server.url, liveness_s=20.0)
        time.sleep(30.0)
        verdict = wire.verdict()
    assert verdict.gaps == []
    assert set(verdict.rejected) == {"malformed", "not_an_object", "not_utf8", "not_finite", "unrecognised"}
    return _figures(verdict, garbage=sum(verdict.rejected.values()))


def _frames_in(connection: FeedConnection, wait_s: float) -> int:
    before = connection.status.frames
    time.sleep(wait_s)
    return connection.status.frames - before


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def _resident_mib() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() // 2**20
