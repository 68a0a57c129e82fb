"""The soak's own promises: it repeats itself, stops what takes too long, and never calls a failure a success."""

import json
import os
import time
from pathlib import Path

import pytest

from tests.soak.__main__ import main
from tests.soak.registry import Figures, NotRunError, Row, Soak, all_rows
from tests.soak.report import one_line, summary, write_report
from tests.soak.runner import Outcome, run_rows, shuffled


def a_row_that_holds(soak: Soak) -> Figures:
    """It holds."""
    return {"drawn": int(soak.rng.integers(1_000_000))}


def a_row_that_fails(soak: Soak) -> Figures:
    """It fails."""
    raise AssertionError("two ticks lost")


def a_row_that_cannot_be_run(soak: Soak) -> Figures:
    """It needs what is not here."""
    raise NotRunError("only root may mount a disk")


def a_row_that_hangs(soak: Soak) -> Figures:
    """It starts a process and never ends."""
    child = os.spawnlp(os.P_NOWAIT, "sleep", "sleep", "600")
    (Path(os.environ["SOAK_TEST"]) / "child").write_text(str(child))
    time.sleep(600)
    return {}


def row_of(run, budget_s: float = 60.0) -> Row:  # type: ignore[no-untyped-def]
    return Row(run.__name__, "none", budget_s, run)


def outcomes_of(*rows: Row, seed: int = 5, limit_s: float = 1e6) -> list[Outcome]:
    return run_rows(rows, seed, limit_s, lambda _: None)


def test_a_row_passes_with_its_figures_and_gives_them_again_for_the_same_seed() -> None:
    first, again, other = (outcomes_of(row_of(a_row_that_holds), seed=seed)[0] for seed in (5, 5, 6))
    assert first.result == "passed"
    assert first.figures == again.figures != other.figures
    assert first.peak_mib > 1.0
    assert f"drawn {first.figures['drawn']}" in one_line(first)


def test_a_row_that_fails_says_why_and_how_to_repeat_it() -> None:
    held, failed = outcomes_of(row_of(a_row_that_holds), row_of(a_row_that_fails))
    assert (held.result, failed.result) == ("passed", "failed")
    assert "AssertionError: two ticks lost" in one_line(failed)
    assert "SOAK_SEED=5 .venv/bin/python -m tests.soak a_row_that_fails" in one_line(failed)
    assert summary([held, failed], 5) == "seed 5: 1 passed, 1 failed"


def test_a_row_that_cannot_be_run_here_says_why_and_has_not_passed() -> None:
    (outcome,) = outcomes_of(row_of(a_row_that_cannot_be_run))
    assert one_line(outcome) == "not run     a_row_that_cannot_be_run (none): only root may mount a disk"
    assert summary([outcome], 5) == "seed 5: 0 passed, 1 not run"


def test_a_row_over_its_budget_is_stopped_with_what_it_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOAK_TEST", str(tmp_path))
    seen = tmp_path / "child"
    budget_s = 2.0
    while not seen.exists():  # on a busy machine it takes a while to begin
        budget_s *= 2.0
        (outcome,) = outcomes_of(row_of(a_row_that_hangs, budget_s))
        assert outcome.result == "over budget"
    while _runs(int(seen.read_text())):  # the kernel takes its time; the test's own timeout is the limit
        time.sleep(0.01)


def _runs(process: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_only_rows_whose_budget_fits_into_the_time_left_are_run() -> None:
    times = iter([0.0, 0.0, 70.0])
    rows = [row_of(a_row_that_holds, 100.0), row_of(a_row_that_fails, 40.0)]
    outcomes = run_rows(rows, 5, 90.0, lambda _: None, lambda: next(times))
    assert [outcome.result for outcome in outcomes] == ["no time", "no time"]
    assert one_line(outcomes[1]) == "no time     a_row_that_fails (none): needs 40 s"


def test_the_order_is_the_seeds_and_every_row_is_in_it() -> None:
    assert [r.name for r in shuffled(1)] == [r.name for r in shuffled(1)]
    assert {r.name for r in shuffled(1)} == {r.name for r in shuffled(2)} == set(all_rows())


def test_every_row_says_what_it_shows_within_which_budget() -> None:
    for row in all_rows().values():
        assert row.claim.endswith("."), row.name
        assert row.claim != row.name, row.name
        assert row.shows, row.name
        assert 0.0 < row.budget_s <= 3600.0, row.name


def test_the_report_has_what_is_needed_to_judge_and_to_repeat(tmp_path: Path) -> None:
    outcomes = outcomes_of(row_of(a_row_that_holds), row_of(a_row_that_fails))
    path = write_report(outcomes, 5, tmp_path)
    told = json.loads(path.read_text())
    assert (told["seed"], [entry["result"] for entry in told["rows"]]) == (5, ["passed", "failed"])
    assert told["libraries"]["numpy"]
    assert told["rows"][0]["figures"] == outcomes[0].figures
    assert told["rows"][1]["repeat"] == outcomes[1].repeat
    assert path.with_suffix(".txt").read_text().endswith("seed 5: 1 passed, 1 failed\n")


def test_a_row_that_nobody_knows_is_named_and_nothing_is_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["no_such_row"]) == 2
    assert "no row is called no_such_row: --list names them" in capsys.readouterr().err
    assert main(["--list"]) == 0
    assert "right_forecasts_are_green (M10, " in capsys.readouterr().out
