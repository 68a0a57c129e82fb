"""The command line as a user meets it: one clear line on standard error, and the right exit status."""

import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]


def _one_line(finished: subprocess.CompletedProcess[str]) -> str:
    assert finished.stdout == ""
    assert finished.stderr.startswith("tailwatch: ")
    assert finished.stderr.count("\n") == 1, finished.stderr
    assert "Traceback" not in finished.stderr
    return finished.stderr


WRONG = [
    (["nonsense"], "no such command"),
    (["config", "--no-such-flag"], "no such option"),
    (["config", "--half-life"], "requires an argument"),
    (["config", "--half-life", "0"], "half_life: must be greater than 0"),
    (["config", "--covariance", "fancy"], "covariance: 'fancy' is not known"),
    (["config", "--host", "risk.example"], "host: 'risk.example' is not an address"),
    (["exchange", "--host", "0.0.0.0"], "host: 0.0.0.0 can be reached from other machines"),
    (["token", "create", "a b"], "name: 'a b' is not a name"),
    (["token", "create", "ann", "--scope", "root"], "scope: 'root' is not known; write read, trade, admin"),
    (["token", "create", "ann", "--portfolios", ","], "portfolios: name at least one"),
    (["token", "create", "ann", "--expires", "soon"], "expires: 'soon'"),
    (["config", "--config", "none.toml"], "none.toml: there is no such file"),
    (["replay"], "files: name a recording to replay"),
    (["record"], "missing option '--out'"),
    (["up"], "feed: name one with --feed"),
    (["up", "--feed", "nowhere"], "feed 'nowhere' is not known"),
    (["up", "--feed", "tailwatch"], "positions: there is no book"),
    (["up", "--feed", "tailwatch", "--positions", "none.csv"], "none.csv: there is no such file"),
    (["up", "--feed", "tailwatch", "--positions", "bad.csv"], "row 2: quantity is nan"),
    (["up", "--feed", "tailwatch", "--positions", "good.csv", "--history", "none.csv"], "history file none.csv"),
    (["journal", "ls", "nowhere"], "journal nowhere: there is none"),
]


@pytest.mark.parametrize(("arguments", "says"), WRONG, ids=lambda value: value if isinstance(value, str) else "")
def test_wrong_use_and_input_is_one_line_and_status_2(
    in_process: Run, tmp_path: Path, arguments: list[str], says: str
) -> None:
    (tmp_path / "bad.csv").write_text("portfolio,symbol,quantity\nmain,A,nan\n")
    (tmp_path / "good.csv").write_text("portfolio,symbol,quantity\nmain,A,1\n")
    finished = in_process(*arguments)
    assert says in _one_line(finished)
    assert finished.returncode == 2
    assert not (tmp_path / "share").exists()


def test_a_process_ends_with_the_status_that_the_command_gave(run_tailwatch: Run) -> None:
    finished = run_tailwatch("config", "--half-life", "0")
    assert "half_life" in _one_line(finished)
    assert finished.returncode == 2


def test_an_unknown_variable_is_one_line_and_status_2(run_tailwatch: Run) -> None:
    finished = run_tailwatch("config", TAILWATCH_HALFLIFE="60")
    assert "TAILWATCH_HALFLIFE; did you mean TAILWATCH_HALF_LIFE?" in _one_line(finished)
    assert finished.returncode == 2


FAILING = [
    (["db", "migrate", "--database-url", "postgresql://u:hunter2@127.0.0.1:1/db"], "database 127.0.0.1:1/db"),
    (["status"], "nothing is running on data directory"),
    (
        ["up", "--feed", "tailwatch", "--positions", "good.csv", "--url", "ws://127.0.0.1:1"],
        "feed tailwatch at ws://127.0.0.1:1 cannot be reached: connection refused; check --url",
    ),
]


@pytest.mark.parametrize(("arguments", "says"), FAILING, ids=lambda value: value if isinstance(value, str) else "")
def test_a_failure_is_one_line_and_status_1(in_process: Run, tmp_path: Path, arguments: list[str], says: str) -> None:
    (tmp_path / "good.csv").write_text("portfolio,symbol,quantity\nmain,A,1\n")
    finished = in_process(*arguments)
    assert says in _one_line(finished)
    assert "hunter2" not in finished.stderr
    assert finished.returncode == 1


def test_a_port_in_use_is_told_before_anything_starts(in_process: Run, tmp_path: Path) -> None:
    (tmp_path / "good.csv").write_text("portfolio,symbol,quantity\nmain,A,1\n")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        finished = in_process(
            "up", "--feed", "tailwatch", "--positions", "good.csv", "--url", f"ws://127.0.0.1:{port}", "--port", port
        )
    assert f"port {port} on 127.0.0.1 is in use" in _one_line(finished)
    assert "--port" in finished.stderr
    assert finished.returncode == 1
    assert not (tmp_path / "share").exists()


def test_config_prints_a_settings_file_that_reads_back_to_the_same(in_process: Run, tmp_path: Path) -> None:
    first = in_process("config", "--half-life", "30", "--symbols", "A,B", "--bar", "5s")
    assert (first.returncode, first.stderr) == (0, "")
    assert "half_life = 30" in first.stdout
    assert "# --half-life" in first.stdout
    (tmp_path / "tailwatch.toml").write_text(first.stdout)
    second = in_process("config")
    assert (second.returncode, second.stderr) == (0, "")
    strip = [line.split(" # ")[0] for line in first.stdout.splitlines()]
    assert [line.split(" # ")[0] for line in second.stdout.splitlines()] == strip


def test_config_shows_no_password(in_process: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:hunter2@h/db")
    finished = in_process("config")
    assert "hunter2" not in finished.stdout
    assert 'database_url = "postgresql://u:***@h/db"' in finished.stdout
    assert "# DATABASE_URL" in finished.stdout


@pytest.mark.parametrize("command", [[], ["replay"], ["up"], ["engine"], ["journal"], ["db"], ["config"]])
def test_help_is_there_for_every_command(in_process: Run, command: list[str]) -> None:
    finished = in_process(*command, "--help")
    assert finished.returncode == 0
    assert "Usage: tailwatch" in finished.stdout


def test_help_groups_the_settings_of_the_risk_model(run_tailwatch: Run) -> None:
    text = run_tailwatch("replay", "--help", COLUMNS="120").stdout
    assert text.index("Risk model") < text.index("--half-life") < text.index("Running") < text.index("--memory")
    assert "[default: 0.95,0.975,0.99]" in text


def test_a_reader_that_leaves_is_no_stack_trace() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "tailwatch", "config"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.close()
    _, errors = process.communicate(timeout=30)
    assert errors == ""


def test_the_command_line_starts_without_loading_what_it_may_not_need() -> None:
    code = (
        "import sys, tailwatch.commands;"
        "print([m for m in ('scipy', 'bytewax', 'fastapi', 'psycopg', 'pyarrow') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
