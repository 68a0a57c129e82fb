"""Run rows one after the other, each in a process of its own that can be stopped, and keep what they said."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Literal

from tests.soak.registry import Figures, Row, all_rows

ROOT = Path(__file__).resolve().parents[2]
_LINES = 40


@dataclass(slots=True)
class Outcome:
    """What became of one row."""

    row: Row
    seed: int
    """Of the run: what must be given to repeat it."""
    result: Literal["passed", "failed", "over budget", "no time", "not run"] = "no time"
    seconds: float = 0.0
    peak_mib: float = 0.0
    figures: Figures = field(default_factory=dict)
    said: str = ""
    """The last lines that it printed, of one that failed; why it was not run."""

    @property
    def repeat(self) -> str:
        """The command that runs the same again."""
        return f"SOAK_SEED={self.seed} .venv/bin/python -m tests.soak {self.row.name}"


def shuffled(seed: int) -> list[Row]:
    """All rows in the order of this seed."""
    rows = list(all_rows().values())
    Random(seed).shuffle(rows)
    return rows


def run_rows(
    rows: Iterable[Row],
    seed: int,
    limit_s: float,
    told: Callable[[Outcome], None],
    clock: Callable[[], float] = time.monotonic,
) -> list[Outcome]:
    """Run each row whose budget fits into what is left of ``limit_s``, and tell each outcome at once."""
    outcomes, end = [], clock() + limit_s
    for row in rows:
        outcome = _run(row, seed, clock) if clock() + row.budget_s <= end else Outcome(row, seed)
        told(outcome)
        outcomes.append(outcome)
    return outcomes


def _run(row: Row, seed: int, clock: Callable[[], float]) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="tailwatch-soak-") as directory:
        answer, printed = Path(directory) / "figures.json", Path(directory) / "printed.txt"
        told_to_it = (row.run.__module__, row.name, str(row.seed(seed)), directory, str(answer))
        command = [sys.executable, "-m", "tests.soak.child", *told_to_it]
        began = clock()
        with printed.open("wb") as output:
            child = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output, start_new_session=True)
            over = _wait(child, row.budget_s)
        seconds = clock() - began
        said = "\n".join(printed.read_text(errors="replace").splitlines()[-_LINES:])
        if over or child.returncode or not answer.exists():
            return Outcome(row, seed, "over budget" if over else "failed", seconds, said=said)
        told = json.loads(answer.read_text())
        if "not run" in told:
            return Outcome(row, seed, "not run", seconds, said=told["not run"])
        return Outcome(row, seed, "passed", seconds, told["peak_mib"], told["figures"])


def _wait(child: subprocess.Popen[bytes], budget_s: float) -> bool:
    over = False
    try:
        child.wait(budget_s)
    except subprocess.TimeoutExpired:
        over = True
    finally:
        # What the row started and left behind goes with it, whatever became of the row itself.
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    return over
