"""``make soak``: what is too large for every change, on a sample of rows that a seed chooses.

``SOAK=all`` runs every row however long it takes; ``SOAK_MINUTES`` (30) bounds the sample; ``SOAK_SEED`` repeats one.
``python -m tests.soak NAME...`` runs these rows alone, ``--list`` says which there are.
"""

import os
import secrets
import sys

from tests.soak.registry import all_rows
from tests.soak.report import one_line, summary, write_report
from tests.soak.runner import ROOT, Outcome, run_rows, shuffled

REPORTS = ROOT / "var" / "soak"


def main(names: list[str]) -> int:
    """Run, report, and say whether every row that ran has passed."""
    if names == ["--list"]:
        for row in all_rows().values():
            sys.stdout.write(f"{row.name} ({row.shows}, {row.budget_s:.0f} s): {row.claim}\n")
        return 0
    unknown = sorted(set(names) - set(all_rows()))
    if unknown:
        sys.stderr.write(f"no row is called {', '.join(unknown)}: --list names them\n")
        return 2
    seed = int(os.environ.get("SOAK_SEED") or secrets.randbelow(2**31))
    unbounded = bool(names) or os.environ.get("SOAK") == "all"
    limit_s = float("inf") if unbounded else 60.0 * float(os.environ.get("SOAK_MINUTES") or 30)
    rows = [row for row in shuffled(seed) if not names or row.name in names]
    sys.stdout.write(
        f"seed {seed}: {len(rows)} rows, {'all' if unbounded else f'as many as {limit_s / 60:g} minutes hold'}\n"
    )
    sys.stdout.flush()
    outcomes = run_rows(rows, seed, limit_s, _tell)
    path = write_report(outcomes, seed, REPORTS)
    sys.stdout.write(f"{summary(outcomes, seed)}; written to {path}\n")
    return int(any(outcome.result in {"failed", "over budget"} for outcome in outcomes))


def _tell(outcome: Outcome) -> None:
    sys.stdout.write(one_line(outcome) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
