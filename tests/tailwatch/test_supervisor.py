"""Parts start in order, come back when they die, stop in the opposite order in time, and leave no orphan."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskcore.errors import InputError, TailwatchError
from tailwatch.supervisor import Part, Supervisor
from tailwatch.supervisor.backoff import Backoff

Eventually = Callable[[Callable[[], bool]], None]

PROGRAM = """
import sys
from pathlib import Path
from tailwatch.failures import explain
from tailwatch.logging import configure
from tailwatch.supervisor import Interrupted, Part, Supervisor
configure()
script, directory, *parts = sys.argv[1:]
journal = str(Path(directory) / "journal.txt")
def part(word):
    name, mode = word.split(":")
    command = [sys.executable, "-S", script, name, mode, journal]
    return Part(name, lambda: command, stop_s=0.5, stop_stage=int(name == "database"))
try:
    with Supervisor(Path(directory), lambda line: print(line, flush=True)) as supervisor:
        for word in parts:
            supervisor.start(part(word))
        print("all ready", supervisor.pids(), flush=True)
        supervisor.watch()
except Interrupted:
    sys.exit(0)
except Exception as error:
    sys.exit(explain(error))
"""


@pytest.fixture
def make(child_script: Path, tmp_path: Path) -> Callable[[str, str], Part]:
    def part(name: str, mode: str = "good") -> Part:
        command = [sys.executable, "-S", str(child_script), name, mode, str(tmp_path / "journal.txt")]
        return Part(name, lambda: command, stop_s=0.5, start_s=5.0)

    return part


@pytest.fixture
def launch(
    child_script: Path, tmp_path: Path, started: list[subprocess.Popen[str]]
) -> Callable[..., subprocess.Popen[str]]:
    def start(*parts: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(child_script), str(tmp_path / "data"), *parts],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    return start


def journal(tmp_path: Path) -> list[str]:
    path = next((p for p in (tmp_path / "data" / "journal.txt", tmp_path / "journal.txt") if p.exists()), None)
    return [line.rsplit(" ", 1)[0] for line in path.read_text().splitlines()] if path else []


def pids(tmp_path: Path) -> list[int]:
    text = (tmp_path / "data" / "journal.txt").read_text()
    return [int(line.split()[-1]) for line in text.splitlines()]


def alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def ready(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("all ready"), line
    return line


def test_parts_start_in_order_and_stop_stage_by_stage(make: Callable[..., Part], tmp_path: Path) -> None:
    with Supervisor(tmp_path / "data", print) as supervisor:
        for stage, name in ((2, "database"), (1, "exchange"), (0, "engine")):
            supervisor.start(replace(make(name), stop_stage=stage))
        assert supervisor.message("exchange") == "address of exchange"
    assert journal(tmp_path) == [
        "database started",
        "exchange started",
        "engine started",
        "engine stopped",
        "exchange stopped",
        "database stopped",
    ]


def test_a_part_that_dies_is_reported_with_its_log_and_comes_back(
    launch: Callable[..., subprocess.Popen[str]], tmp_path: Path, eventually: Eventually
) -> None:
    process = launch("engine:twice")
    ready(process)
    eventually(lambda: journal(tmp_path).count("engine started") == 2)
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "engine was killed by signal 9 after" in output
    assert "last words of the first life" in output
    assert "engine starts again in 0.5 s" in output


@pytest.mark.parametrize(("mode", "error"), [("wrong", InputError), ("broken", TailwatchError)])
def test_a_part_that_fails_before_it_is_ready_stops_all_with_its_own_words(
    make: Callable[..., Part], tmp_path: Path, mode: str, error: type[TailwatchError]
) -> None:
    with (
        pytest.raises(error, match=r"^api: api cannot go on$") as raised,
        Supervisor(tmp_path / "data", print) as supervisor,
    ):
        supervisor.start(make("engine"), make("api", mode))
    assert isinstance(raised.value, InputError) == (mode == "wrong")
    assert journal(tmp_path)[-1] == "engine stopped"


def test_a_part_that_is_never_ready_is_given_up(make: Callable[..., Part], tmp_path: Path) -> None:
    slow = Part("slow", make("slow", "mute").command, start_s=0.3)
    with (
        pytest.raises(TailwatchError, match="slow was not ready within"),
        Supervisor(tmp_path / "data", print) as supervisor,
    ):
        supervisor.start(slow)
    assert journal(tmp_path) == ["slow started", "slow stopped"]


def test_wrong_input_found_later_stops_all_with_exit_status_2(
    launch: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    process = launch("api:good", "engine:late-wrong")
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 2
    assert errors == "tailwatch: engine: the book has a NaN\n"
    assert journal(tmp_path)[-1] == "api stopped"


def test_a_failure_just_after_the_start_is_a_failed_start(
    launch: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    process = launch("api:good", "engine:early")
    _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (1, "tailwatch: engine: the journal is damaged\n")
    assert journal(tmp_path)[-1] == "api stopped"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_one_signal_stops_all_with_exit_status_0(
    launch: Callable[..., subprocess.Popen[str]], tmp_path: Path, number: signal.Signals
) -> None:
    process = launch("database:good", "api:good")
    ready(process)
    process.send_signal(number)
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert journal(tmp_path)[-2:] == ["api stopped", "database stopped"]


def test_a_signal_while_parts_are_starting_is_no_failure(
    launch: Callable[..., subprocess.Popen[str]], tmp_path: Path, eventually: Eventually
) -> None:
    process = launch("database:good", "engine:mute")
    eventually(lambda: "engine started" in journal(tmp_path))
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")
    assert journal(tmp_path)[-2:] == ["engine stopped", "database stopped"]


def test_who_does_not_stop_is_killed(launch: Callable[..., subprocess.Popen[str]], tmp_path: Path) -> None:
    process = launch("database:good", "engine:stubborn", "api:stubborn")
    ready(process)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert journal(tmp_path)[-1] == "database stopped"
    assert not any(alive(pid) for pid in pids(tmp_path))


def test_no_orphan_is_left_when_the_supervisor_is_killed(
    launch: Callable[..., subprocess.Popen[str]], tmp_path: Path, eventually: Eventually
) -> None:
    process = launch("engine:good", "api:good")
    ready(process)
    children = pids(tmp_path)
    process.kill()
    eventually(lambda: not any(alive(pid) for pid in children))
    assert sorted(journal(tmp_path)[-2:]) == ["api orphaned", "engine orphaned"]


def test_a_real_part_ends_when_its_supervisor_does(tmp_path: Path, eventually: Eventually) -> None:
    life, ours = os.pipe()
    heard, ready_end = os.pipe()
    code = (
        "from tailwatch.supervised import *; stopping = stopping_on_signals();"
        "announce_ready('here'); stopping.wait(); print('clean')"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "TAILWATCH_SUPERVISOR": f"{life},{ready_end}"},
        pass_fds=(life, ready_end),
        stdout=subprocess.PIPE,
        text=True,
    )
    os.close(life)
    os.close(ready_end)
    assert os.read(heard, 100) == b"here\n"
    os.close(ours)
    assert process.communicate(timeout=60)[0] == "clean\n"
    assert process.returncode == 0
    os.close(heard)


def test_what_a_part_has_loaded_is_no_work_for_the_garbage_collector() -> None:
    code = (
        "import gc, api.app; from tailwatch.supervised import announce_ready; before = len(gc.get_objects());"
        "announce_ready(); print(before > 50_000, len(gc.get_objects()) < 1_000)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "True True\n"


def test_a_second_supervisor_on_the_same_data_is_refused(tmp_path: Path) -> None:
    with (
        Supervisor(tmp_path / "data", print),
        pytest.raises(TailwatchError, match=rf"data is in use by another tailwatch \(process {os.getpid()}\)"),
    ):
        Supervisor(tmp_path / "data", print)
    with Supervisor(tmp_path / "data", print):
        pass


def test_a_data_directory_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TailwatchError, match=r"data directory .*file/below: .*--data-dir"):
        Supervisor(tmp_path / "file" / "below", print)


def test_logs_of_earlier_runs_are_kept_for_three_runs(make: Callable[..., Part], tmp_path: Path) -> None:
    for _ in range(5):
        with Supervisor(tmp_path / "data", print) as supervisor:
            supervisor.start(make("engine"))
    names = sorted(path.name for path in (tmp_path / "data" / "logs").iterdir())
    assert names == ["engine.log", "engine.log.1", "engine.log.2", "engine.log.3"]


def test_data_and_logs_are_for_their_owner_only(tmp_path: Path) -> None:
    with Supervisor(tmp_path / "data", print):
        assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700
        assert (tmp_path / "data" / "logs").stat().st_mode & 0o777 == 0o700


@given(st.lists(st.floats(0.0, 59.0), min_size=20, max_size=60))
def test_a_part_that_keeps_dying_is_started_six_times_a_minute_at_most(lives: list[float]) -> None:
    backoff, now, starts = Backoff(), 0.0, []
    for life in lives:
        now += backoff.died(now, life)
        starts.append(now)
        now += life
    assert max(sum(begin <= start < begin + 60.0 for start in starts) for begin in starts) <= 6


def test_the_wait_before_a_restart_triples_up_to_fifteen_seconds_and_begins_anew_after_a_minute_of_life() -> None:
    backoff = Backoff()
    assert [backoff.died(0.0, 1.0) for _ in range(7)] == [0.5, 1.5, 4.5, 13.5, 15.0, 15.0, 15.0]
    assert backoff.died(100.0, 61.0) == 0.5
    assert backoff.due == 100.5
    backoff.started()
    assert backoff.due is None
