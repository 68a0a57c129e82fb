"""`tailwatch token`, and what of a running tailwatch others can read."""

import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]
Run = Callable[..., subprocess.CompletedProcess[str]]


def test_a_token_is_made_listed_renewed_and_revoked(in_process: Run, database_url: str) -> None:
    place = ("--database-url", database_url)
    in_process("token", "ls", *place)
    made = in_process("token", "create", "ann", "--portfolios", "main, hedge", "--expires", "90d", *place)
    assert made.stdout.startswith("tw_")
    assert made.stdout.count("\n") == 1
    (listed,) = in_process("token", "ls", *place).stdout.splitlines()
    assert listed.split()[:3] == ["ann", "read", "main,hedge"]
    assert made.stdout.strip() not in listed
    again = in_process("token", "create", "ann", *place)
    assert (again.returncode, again.stdout) == (2, "")
    renewed = in_process("token", "rotate", "ann", *place)
    assert renewed.stdout.startswith("tw_")
    assert renewed.stdout != made.stdout
    assert in_process("token", "revoke", "ann", *place).returncode == 0
    assert in_process("token", "ls", *place).stdout == ""
    assert in_process("token", "revoke", "ann", *place).returncode == 2


def test_what_a_part_writes_is_for_its_own_user_only(tmp_path: Path, run_tailwatch: Run) -> None:
    run_tailwatch("token", "ls", "--data-dir", str(tmp_path / "data"))
    (tmp_path / "umask.py").write_text(
        "import os\nfrom tailwatch.supervised import keep_private\nos.umask(0)\nkeep_private()\n"
        "open('secret', 'w').close()\nos.mkdir('state')\n"
    )
    subprocess.run([sys.executable, "umask.py"], check=True, cwd=tmp_path, env={"PYTHONPATH": str(ROOT)})
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700
