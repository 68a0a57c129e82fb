"""The demo as a user runs it: real processes, a real database, figures, a crash, Ctrl-C, and once more."""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

Eventually = Callable[[Callable[[], bool]], None]


class Demo:
    """A running demo whose lines are collected."""

    def __init__(self, data_dir: Path) -> None:
        command = ["demo", "--data-dir", str(data_dir), "--port", "0", "--paths", "500", "--instruments", "50", "-v"]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tailwatch", *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        self.lines.extend(iter(self.process.stdout.readline, ""))

    def figures(self) -> list[str]:
        return [
            found[1] for line in list(self.lines) if (found := re.search(r"VaR 99 % of \S+ +([\d,]+) USD  lag", line))
        ]

    def said(self, words: str) -> bool:
        return any(words in line for line in list(self.lines))

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)
        self.process.wait(60)
        self.join()

    def join(self) -> None:
        self._reader.join(5)
        if self.process.stdout is not None:
            self.process.stdout.close()


def _children(pid: int) -> dict[str, int]:
    found = {}
    for place in Path("/proc").iterdir():
        if place.name.isdigit():
            try:
                parent = int((place / "stat").read_text().rsplit(")", 1)[1].split()[1])
                words = (place / "cmdline").read_bytes().decode().split("\0")
            except (OSError, ValueError):
                continue
            if parent == pid and "tailwatch" in words:
                found[words[words.index("tailwatch") + 1]] = int(place.name)
    return found


def _processes_of(data_dir: Path) -> list[str]:
    found = []
    for place in Path("/proc").iterdir():
        if place.name.isdigit() and place.name != str(os.getpid()):
            try:
                environment = (place / "environ").read_bytes()
                words = (place / "cmdline").read_bytes().decode()
            except OSError:
                continue
            if str(data_dir).encode() in environment and "tailwatch" in words:
                found.append(words)
    return found


@pytest.fixture
def show(tmp_path: Path, patiently: Eventually, started: list[subprocess.Popen[str]]) -> Callable[[], Demo]:
    """Start a demo on the same data each time, and wait for its first figures."""

    def start() -> Demo:
        demo = Demo(tmp_path / "data")
        started.append(demo.process)
        patiently(lambda: bool(demo.figures()) or demo.process.poll() is not None)
        assert demo.figures(), "".join(demo.lines)
        return demo

    return start


@pytest.mark.timeout(240)
def test_the_demo_shows_figures_stops_at_once_and_starts_again_on_the_same_data(
    show: Callable[[], Demo], tmp_path: Path
) -> None:
    for _ in range(2):
        demo = show()
        assert demo.said("dashboard at http://127.0.0.1:")
        assert set(_children(demo.process.pid)) == {"database", "exchange", "archive", "engine", "api", "jobs"}
        demo.stop()
        assert demo.process.returncode == 0, "".join(demo.lines)
        assert _processes_of(tmp_path / "data") == []


@pytest.mark.timeout(240)
def test_a_killed_engine_is_reported_and_its_figures_go_on(show: Callable[[], Demo], patiently: Eventually) -> None:
    demo = show()
    engine = _children(demo.process.pid)["engine"]
    os.kill(engine, signal.SIGKILL)
    patiently(lambda: demo.said("engine was killed by signal 9"))
    patiently(lambda: _children(demo.process.pid).get("engine", engine) != engine)
    seen = len(demo.figures())
    patiently(lambda: len(demo.figures()) > seen + 1 or demo.process.poll() is not None)
    demo.stop()
    assert demo.process.returncode == 0, "".join(demo.lines)


@pytest.mark.timeout(240)
def test_a_second_demo_on_the_same_data_is_refused_and_leaves_the_first_alone(
    show: Callable[[], Demo], tmp_path: Path
) -> None:
    first = show()
    second = Demo(tmp_path / "data")
    assert second.process.wait(30) == 1
    second.join()
    assert second.lines[-1].startswith(f"tailwatch: data directory {tmp_path}/data/demo is in use by another tailwatch")
    assert first.process.poll() is None
    first.stop()
    assert first.process.returncode == 0


@pytest.mark.timeout(120)
def test_no_process_of_a_killed_demo_is_left_behind(
    tmp_path: Path, patiently: Eventually, started: list[subprocess.Popen[str]]
) -> None:
    data_dir = tmp_path / "data"
    demo = Demo(data_dir)
    started.append(demo.process)
    patiently(lambda: demo.said("dashboard at") or demo.process.poll() is not None)
    demo.process.kill()
    patiently(lambda: _processes_of(data_dir) == [])
