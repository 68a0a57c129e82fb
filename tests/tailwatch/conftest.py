import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog

from tailwatch.__main__ import run

REPOSITORY = Path(__file__).resolve().parents[2]

CHILD = """
import os, signal, sys, time
_, ready = os.environ["TAILWATCH_SUPERVISOR"].split(",")
name, mode, journal = sys.argv[1:4]
def note(word):
    with open(journal, "a") as file:
        file.write(f"{name} {word} {os.getpid()}\\n")
def stop(*_):
    note("stopped")
    sys.exit(0)
signal.signal(signal.SIGTERM, signal.SIG_IGN if mode == "stubborn" else stop)
note("started")
if mode in ("wrong", "broken"):
    print("some noise", flush=True)
    print(f"tailwatch: {name} cannot go on", flush=True)
    sys.exit(2 if mode == "wrong" else 1)
if mode == "mute":
    while True:
        time.sleep(0.01)
os.write(int(ready), f"address of {name}\\n".encode())
if mode == "twice" and open(journal).read().count(f"{name} started") < 2:
    print("last words of the first life", flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
if mode == "early":
    print("tailwatch: the journal is damaged", flush=True)
    sys.exit(1)
if mode == "late-wrong":
    print("tailwatch: the book has a NaN", flush=True)
    sys.exit(2)
import threading
def orphaned():
    os.read(int(os.environ["TAILWATCH_SUPERVISOR"].split(",")[0]), 1)
    note("orphaned")
    os._exit(1)
threading.Thread(target=orphaned, daemon=True).start()
while True:
    time.sleep(0.01)
"""


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """No settings from outside reach a test, it works in a directory of its own, and leaves no logging behind."""
    for name in list(os.environ):
        if name.startswith("TAILWATCH_") or name == "DATABASE_URL":
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    structlog.reset_defaults()


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    """A command run in this process sets up logging on a stream that is closed when its test has ended."""
    yield
    structlog.reset_defaults()


def _waiting(limit_s: float, look_s: float) -> Callable[[Callable[[], bool]], None]:
    def wait(condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + limit_s
        while not condition():
            assert time.monotonic() < deadline, "the condition never came true"
            time.sleep(look_s)

    return wait


@pytest.fixture
def eventually() -> Callable[[Callable[[], bool]], None]:
    """Wait until a condition holds; fails after 20 s."""
    return _waiting(20.0, 0.01)


@pytest.fixture
def patiently() -> Callable[[Callable[[], bool]], None]:
    """The same for what takes a database and five programs to come true; fails after 60 s."""
    return _waiting(60.0, 0.2)


@pytest.fixture
def child_script(tmp_path: Path) -> Path:
    """A tiny part that obeys, or misbehaves as its second argument says."""
    path = tmp_path / "child.py"
    path.write_text(CHILD)
    return path


@pytest.fixture
def run_tailwatch() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the command line to its end."""

    def call(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "tailwatch", *arguments],
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return call


@pytest.fixture
def in_process(capsys: pytest.CaptureFixture[str]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """The same without a process of its own: much faster, for commands that end by themselves."""

    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        status = run(arguments)
        written = capsys.readouterr()
        return subprocess.CompletedProcess(arguments, status, written.out, written.err)

    return call


@pytest.fixture
def started() -> Iterator[list[subprocess.Popen[str]]]:
    """Processes to be killed at the end of a test, whatever happens."""
    processes: list[subprocess.Popen[str]] = []
    yield processes
    for process in processes:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()
