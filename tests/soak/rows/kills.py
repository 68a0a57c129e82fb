"""E1, E3, E14, B2: engine, archive and database killed again and again, held against a run that nothing disturbs."""

import signal
import time
from pathlib import Path

import numpy as np

from flows.verification import verify_archive
from storage.archive import archived
from storage.cluster import Cluster
from storage.embedded import EmbeddedPostgres
from storage.migrate import migrate
from storage.verify import torn_events
from tests.faults.bench import Bench, write_journal
from tests.faults.part import POINTS
from tests.soak.registry import Figures, Soak, row

TICKS = 6_000
ENDINGS = {
    (signal.SIGHUP,): {0},
    (signal.SIGTERM, signal.SIGTERM): {0, 1},
    (signal.SIGTERM, signal.SIGKILL): {0, -signal.SIGKILL},
    (signal.SIGPIPE, signal.SIGTERM): {0},
}
"""What a part is sent, one at once behind the other, and how it may end by it."""


@row("E1", budget_s=900)
def engine_killed(soak: Soak) -> Figures:
    """An engine killed at chance moments and named points tells what an undisturbed one tells."""
    with EmbeddedPostgres(soak.directory / "database") as server:
        bench, rng, end = _bench(soak.directory, server.url), soak.rng, time.monotonic() + 600
        expected = bench.undisturbed()
        points = list(POINTS["engine"])
        kills, recoveries = 0, list[float]()
        while bench.resumed_at() <= bench.journal.last - 2_000 and time.monotonic() < end:
            if rng.random() < 0.5:
                bench.start("engine", f"{rng.choice(points)}:{rng.integers(1, 3)}")
                bench.wait_killed("engine")
            else:
                before, began = bench.newest(), time.monotonic()
                bench.start("engine")
                bench.wait_for(lambda before=before: bench.newest() > before)
                recoveries.append(time.monotonic() - began)
                beyond = bench.newest() + int(rng.integers(0, 50))
                bench.wait_for(lambda beyond=beyond: bench.newest() >= min(beyond, len(expected)))
                bench.kill("engine")
            kills += 1
        bench.run_to_the_end()
        told = bench.told()
        assert told == expected
        assert torn_events(bench.url, bench.run) == []
    return {
        "kills": kills,
        "lost": 0,
        "events": len(told),
        "recovery median s": round(float(np.median(recoveries)), 2) if recoveries else 0,
        "recovery worst s": round(max(recoveries, default=0.0), 2),
    }


@row("E1", budget_s=600)
def archive_killed(soak: Soak) -> Figures:
    """An archive killed before, inside and behind its transactions has every tick once."""
    with EmbeddedPostgres(soak.directory / "database") as server:
        bench, rng, end = _bench(soak.directory, server.url), soak.rng, time.monotonic() + 400
        points, kills = list(POINTS["archive"]), 0
        while bench.archived() < bench.journal.ticks - 2_000 and time.monotonic() < end:
            bench.start("archive", f"{rng.choice(points)}:{rng.integers(1, 3)}")
            bench.wait_killed("archive")
            kills += 1
        bench.archive_to_the_end()
        _hold_against_the_journal(bench)
    return {"kills": kills, "ticks": bench.journal.ticks, "lost": 0, "doubled": 0}


@row("E14", budget_s=600)
def told_to_stop(soak: Soak) -> Figures:
    """Engine and archive that are signalled in every way, and twice, lose and double nothing."""
    with EmbeddedPostgres(soak.directory / "database") as server:
        bench, rng, end = _bench(soak.directory, server.url, 2_000), soak.rng, time.monotonic() + 300
        expected, stops = bench.undisturbed(), 0
        while bench.newest() < len(expected) and time.monotonic() < end:
            signals = list(ENDINGS)[int(rng.integers(len(ENDINGS)))]
            beyond = min(bench.newest() + int(rng.integers(1, 200)), len(expected))
            for part in ("engine", "archive"):
                bench.start(part)
            bench.wait_for(lambda beyond=beyond: bench.newest() >= beyond)
            statuses = {bench.signal(part, *signals) for part in ("engine", "archive")}
            assert statuses <= ENDINGS[signals], (signals, statuses, bench.log("engine"))
            stops += 2
        bench.run_to_the_end()
        bench.archive_to_the_end()
        assert bench.told() == expected
        assert bench.wrong() == []
    return {"stops": stops, "events": len(expected), "lost": 0, "doubled": 0}


@row("B2", budget_s=900)
def database_killed(soak: Soak) -> Figures:
    """A server killed under engine and archive, and started again, has lost and doubled nothing."""
    home, rng, end = soak.directory / "database", soak.rng, time.monotonic() + 600
    server = EmbeddedPostgres(home)
    server.start()
    port = Cluster(home / "cluster").port()
    bench, kills, recoveries = _bench(soak.directory, server.url), 0, list[float]()
    expected = bench.undisturbed()
    bench.start("engine")
    bench.start("archive")
    while bench.newest() < len(expected) and time.monotonic() < end:
        beyond = min(bench.newest() + int(rng.integers(1, 60)), len(expected))
        bench.wait_for(lambda beyond=beyond: bench.newest() >= beyond)
        Cluster(home / "cluster").kill()
        server.stop()
        began = time.monotonic()
        server = EmbeddedPostgres(home, port)
        server.start()
        kills += 1
        if (before := bench.newest()) < len(expected):
            bench.wait_for(lambda before=before: bench.newest() > before)
            recoveries.append(time.monotonic() - began)
    assert bench.stop("engine") == 0, bench.log("engine")
    assert bench.stop("archive") == 0, bench.log("archive")
    bench.run_to_the_end()
    bench.archive_to_the_end()
    assert bench.told() == expected
    assert bench.wrong() == []
    server.stop()
    worst = max(recoveries, default=0.0)
    return {"kills": kills, "events": len(expected), "lost": 0, "doubled": 0, "recovery worst s": round(worst, 2)}


def _bench(directory: Path, url: str, ticks: int = TICKS) -> Bench:
    migrate(url)
    return Bench(directory, url, write_journal(directory, ticks))


def _hold_against_the_journal(bench: Bench) -> None:
    assert bench.archived() == bench.journal.ticks
    upto = archived(bench.url, bench.run)
    assert verify_archive(bench.directory / "journal", bench.url, bench.run, upto, "trade").differences == []
