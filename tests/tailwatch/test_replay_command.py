"""`tailwatch replay` from files to NDJSON, and what it says of input that is none."""

import gzip
import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

Run = Callable[..., subprocess.CompletedProcess[str]]
Eventually = Callable[[Callable[[], bool]], None]


@pytest.fixture
def ticks(tmp_path: Path) -> Path:
    path = tmp_path / "ticks.ndjson"
    lines = [
        {"ts": 1_700_000_000 + second, "symbol": "A", "price": 100 + (second * 7 % 5), "trade_id": second}
        for second in range(120)
    ]
    path.write_text("".join(json.dumps(one) + "\n" for one in lines))
    return path


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "book.csv"
    path.write_text("portfolio,symbol,quantity\nmain,A,10\n")
    return path


def test_replay_writes_figures_and_tells_the_ledger(in_process: Run, tmp_path: Path, ticks: Path, book: Path) -> None:
    finished = in_process("replay", str(ticks), "--positions", str(book), "--bar", "1s", "--out", "out.ndjson")
    assert finished.returncode == 0
    assert finished.stdout == ""
    assert "120 ticks received, 120 accepted, 0 duplicate, 0 rejected" in finished.stderr
    lines = [json.loads(line) for line in (tmp_path / "out.ndjson").read_text().splitlines()]
    assert {line["type"] for line in lines} == {"risk"}
    assert lines[-1]["measures"][0]["var"] > 0
    assert not (tmp_path / "share").exists()


def test_a_replay_with_limits_writes_alerts_between_the_figures(
    in_process: Run, tmp_path: Path, ticks: Path, book: Path
) -> None:
    (tmp_path / "limits.csv").write_text("portfolio,rule,warning,breach\nmain,gross,1010,1035\n")
    arguments = ["--positions", str(book), "--limits", "limits.csv", "--bar", "1s", "--out", "out.ndjson"]
    assert in_process("replay", str(ticks), *arguments).returncode == 0
    lines = [json.loads(line) for line in (tmp_path / "out.ndjson").read_text().splitlines()]
    alerts = [line for line in lines if line["type"] == "alert"]
    told = [(one["level"], one["state"], one["value"]) for one in alerts]
    assert told == [("warning", "firing", 1020.0), ("breach", "firing", 1040.0)]
    assert lines == sorted(lines, key=lambda line: line["event_time"])


WRONG = [
    (["none.ndjson"], "none.ndjson"),
    (["book.csv"], "no line of the first"),
    (["ticks.ndjson", "--speed", "fast"], "speed: 'fast' is not known"),
    (["ticks.ndjson", "--speed", "0x"], "speed: '0x' is not known"),
    (["ticks.ndjson", "--from", "yesterday"], "(from --from)"),
    (["ticks.ndjson", "--out", "nowhere/out.ndjson"], "nowhere is no directory (from --out)"),
    (["ticks.ndjson", "--out", "ticks.ndjson"], "out: ticks.ndjson is what is read"),
    (["ticks.ndjson", "--out", "./book.csv"], "out: book.csv is what is read"),
    (["ticks.ndjson", "--out", "./limits.csv", "--limits", "limits.csv"], "out: limits.csv is what is read"),
    (["ticks.ndjson", "--limits", "limits.csv"], "limits.csv: 1 bad row, nothing was taken: row 2: rule 'wealth'"),
    (["ticks.ndjson", "--limits", "no.csv"], "limits file no.csv: there is no such file"),
    (["ticks.ndjson", "--memory", "1kB"], "memory: the model needs"),
    (["ticks.ndjson", "--format", "tea-leaves"], "tea-leaves"),
    (["bad.ndjson", "--strict"], "bad.ndjson: line 1: "),
]


@pytest.mark.parametrize(("arguments", "says"), WRONG, ids=lambda value: value if isinstance(value, str) else "")
def test_wrong_input_of_a_replay_is_one_line_and_leaves_no_file(
    in_process: Run, tmp_path: Path, ticks: Path, book: Path, arguments: list[str], says: str
) -> None:
    bad = '{"ts":1700000000,"symbol":"A","price":-1,"trade_id":1000}\n'
    (tmp_path / "bad.ndjson").write_text(bad + ticks.read_text())
    (tmp_path / "limits.csv").write_text(
        f"portfolio,rule,breach\nmain,{'gross' if './limits.csv' in arguments else 'wealth'},1\n"
    )
    before = sorted(tmp_path.iterdir())
    extra = [] if "--out" in arguments else ["--out", "out.ndjson"]
    finished = in_process("replay", *arguments, "--positions", str(book), *extra)
    assert says in finished.stderr
    assert finished.stderr.count("\n") == 1
    assert finished.stderr.startswith("tailwatch: ")
    assert finished.returncode == 2
    assert sorted(tmp_path.iterdir()) == before


def test_an_interrupted_replay_leaves_no_file_and_no_stack(
    tmp_path: Path, ticks: Path, book: Path, eventually: Eventually, started: list[subprocess.Popen[str]]
) -> None:
    command = ["replay", str(ticks), "--positions", str(book), "--bar", "1s", "--speed", "1x", "--out", "out.ndjson"]
    process = subprocess.Popen([sys.executable, "-m", "tailwatch", *command], stderr=subprocess.PIPE, text=True)
    started.append(process)
    eventually((tmp_path / "out.ndjson.partial").exists)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert errors.splitlines()[-1] == "tailwatch: interrupted"
    assert "Traceback" not in errors
    assert not list(tmp_path.glob("out*"))


@pytest.mark.parametrize("packed", [gzip.compress, zstandard.ZstdCompressor().compress])
def test_a_recording_that_ends_in_the_middle_gives_nothing_unless_its_beginning_is_asked_for(
    in_process: Run, tmp_path: Path, ticks: Path, book: Path, packed: Callable[[bytes], bytes]
) -> None:
    content = ticks.read_bytes()
    pieces = [packed(content[at : at + 500]) for at in range(0, len(content), 500)]
    call = ("replay", "torn.gz", "--positions", str(book), "--bar", "1s", "--out", "out.ndjson")
    taken = []
    for count in range(0, len(pieces), 3):
        (tmp_path / "torn.gz").write_bytes(b"".join((*pieces[:count], pieces[count][: len(pieces[count]) // 2])))
        refused = in_process(*call)
        assert refused.returncode in (1, 2)
        assert refused.stderr.splitlines()[-1].startswith("tailwatch: torn.gz: ")
        assert not list(tmp_path.glob("out*"))
        line = int(refused.stderr.rpartition("after line ")[2])
        if line:
            allowed = in_process(*call, "--torn")
            assert allowed.returncode == 0, allowed.stderr
            assert f"{line} ticks received, {line} accepted" in allowed.stderr
            taken.append(line)
            for path in tmp_path.glob("out*"):
                path.unlink()
    (tmp_path / "torn.gz").write_bytes(b"".join(pieces))
    assert "120 ticks received" in in_process(*call).stderr
    assert len(taken) > 3
    assert taken == sorted(taken)
