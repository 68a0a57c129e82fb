"""What a soak found: as JSON for machines, as text for people."""

import json
import platform
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from tests.soak.registry import Figures
from tests.soak.runner import ROOT, Outcome

_LIBRARIES = ("numpy", "scipy", "bytewax", "psycopg", "hypothesis")


def one_line(outcome: Outcome) -> str:
    """The outcome as it is told while the run goes on, and how to repeat it when it failed."""
    row = outcome.row
    head = f"{outcome.result:<11} {row.name} ({row.shows})"
    if outcome.result == "no time":
        return f"{head}: needs {row.budget_s:.0f} s"
    if outcome.result == "not run":
        return f"{head}: {outcome.said}"
    told = f"{head}: {outcome.seconds:.0f} s of {row.budget_s:.0f}"
    if outcome.result == "passed":
        return f"{told}, {outcome.peak_mib:.0f} MiB; {_said(outcome.figures)}"
    return f"{told}\n{outcome.said}\nrepeat it: {outcome.repeat}"


def summary(outcomes: Sequence[Outcome], seed: int) -> str:
    """The last line of a run."""
    counts = {
        result: sum(o.result == result for o in outcomes)
        for result in ("passed", "failed", "over budget", "no time", "not run")
    }
    told = ", ".join(f"{count} {result}" for result, count in counts.items() if count or result == "passed")
    return f"seed {seed}: {told}"


def write_report(outcomes: Sequence[Outcome], seed: int, directory: Path) -> Path:
    """Write ``DATE-SEED.json`` and the same as ``.txt``; the path of the first."""
    directory.mkdir(parents=True, exist_ok=True)
    now = datetime.now(UTC)
    path = directory / f"{now:%Y%m%dT%H%M%SZ}-{seed}.json"
    path.write_text(json.dumps(_document(outcomes, seed, now), indent=1) + "\n")
    path.with_suffix(".txt").write_text("\n".join([*map(one_line, outcomes), summary(outcomes, seed)]) + "\n")
    return path


def _document(outcomes: Sequence[Outcome], seed: int, now: datetime) -> dict[str, object]:
    return {
        "seed": seed,
        "ended": now.isoformat(timespec="seconds"),
        "commit": _commit(),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "libraries": {name: version(name) for name in _LIBRARIES},
        "rows": [_entry(outcome) for outcome in outcomes],
    }


def _entry(outcome: Outcome) -> dict[str, object]:
    entry: dict[str, object] = {
        "name": outcome.row.name,
        "shows": outcome.row.shows,
        "claim": outcome.row.claim,
        "result": outcome.result,
        "budget_s": outcome.row.budget_s,
        "seconds": round(outcome.seconds, 2),
        "peak_mib": outcome.peak_mib,
        "figures": outcome.figures,
    }
    return entry if outcome.result == "passed" else entry | {"repeat": outcome.repeat, "said": outcome.said}


def _commit() -> str:
    told = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return told.stdout.strip() or "unknown"


def _said(figures: Figures) -> str:
    shown = {name: f"{value:.4g}" if isinstance(value, float) else str(value) for name, value in figures.items()}
    return ", ".join(f"{name} {value}" for name, value in shown.items())
