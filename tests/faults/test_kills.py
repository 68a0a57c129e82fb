"""Killed anywhere, engine and archive go on as if nothing had been: nothing lost, doubled or changed, alerts too."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from flows.verification import verify_archive
from riskcore.limits import Limit
from storage.archive import archived
from storage.verify import torn_events
from tests.faults.bench import Bench, write_journal
from tests.faults.part import POINTS

TICKS, ALERTS = 2_000, 8
LIMITS = tuple(
    Limit(portfolio, rule, method, confidence, warning=warning, breach=1.001 * warning, hysteresis=0.0)
    for portfolio, rule, method, confidence, warning in (
        ("one", "gross", None, None, 300.8),
        ("two", "gross", None, None, 300.9),
        ("two", "net", None, None, 100.2),
        ("one", "var", "parametric", 0.99, 1.0),
    )
)
Make = Callable[[int], Bench]


@pytest.fixture
def new_bench(tmp_path: Path, database_url: str) -> Iterator[Make]:
    """Make a bench with so many ticks in its journal."""
    with ExitStack() as stack:

        def make(ticks: int) -> Bench:
            made = Bench(tmp_path, database_url, write_journal(tmp_path, ticks, LIMITS))
            stack.callback(made.end)
            return made

        yield make


@pytest.fixture
def bench(new_bench: Make) -> Bench:
    return new_bench(TICKS)


def test_an_engine_killed_at_each_named_point_tells_what_an_undisturbed_one_tells(bench: Bench) -> None:
    expected = bench.undisturbed()
    for point in POINTS["engine"]:
        bench.start("engine", f"{point}:2")
        bench.wait_killed("engine")
    bench.run_to_the_end()
    assert bench.told() == expected
    assert len(bench.alerts()) >= ALERTS
    assert torn_events(bench.url, bench.run) == []


def test_an_engine_killed_at_any_moment_tells_what_an_undisturbed_one_tells(bench: Bench) -> None:
    expected, draw = bench.undisturbed(), np.random.default_rng(11)
    for _ in range(3):
        bench.start("engine")
        beyond = min(bench.newest() + int(draw.integers(1, len(expected) // 4)), len(expected) - 1)
        bench.wait_for(lambda beyond=beyond: bench.newest() >= beyond)
        bench.kill("engine")
    bench.run_to_the_end()
    assert bench.told() == expected


def test_an_archive_killed_at_each_named_point_has_every_tick_once(bench: Bench) -> None:
    for point in POINTS["archive"]:
        bench.start("archive", f"{point}:2")
        bench.wait_killed("archive")
    bench.archive_to_the_end()
    assert bench.archived() == bench.journal.ticks
    upto = archived(bench.url, bench.run)
    assert verify_archive(bench.directory / "journal", bench.url, bench.run, upto, "trade").differences == []


def test_an_engine_that_is_told_to_stop_leaves_nothing_to_repeat(
    new_bench: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SELDOM", "1")
    bench = new_bench(900)
    bench.start("engine")
    bench.wait_for(lambda: bench.newest() > 50)
    assert bench.stop("engine") == 0
    assert bench.resumed_at() > bench.last_place()


def test_a_crash_loop_gets_on(new_bench: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SELDOM", "1")
    bench, reached = new_bench(4_000), []
    for _ in range(3):
        bench.start("engine", "behind a checkpoint:1")
        bench.wait_killed("engine")
        reached.append(bench.resumed_at())
    assert reached == sorted(set(reached))
