"""An output of a replay has a manifest, by which anyone can repeat it; what is different is named."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tailwatch.difference import first_difference

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def ticks(tmp_path: Path) -> Path:
    path = tmp_path / "in" / "ticks.ndjson"
    path.parent.mkdir()
    lines = (
        {"ts": (1_700_000_000 + n) * 1000, "symbol": "AB"[n % 2], "price": 100 + n % 7, "trade_id": n // 2}
        for n in range(120)
    )
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@pytest.fixture
def out(tmp_path: Path, ticks: Path, in_process: Run) -> Path:
    (tmp_path / "book.csv").write_text("portfolio,symbol,quantity\nmain,A,10\nmain,B,-3\n")
    path = tmp_path / "out.ndjson"
    settings = ("--bar", "1s", "--min-observations", "5", "--paths", "200", "--confidence", "0.9,0.99")
    finished = in_process(
        "replay", str(ticks), "--positions", "book.csv", *settings, "--to", "1700000100", "--out", str(path)
    )
    assert finished.returncode == 0, finished.stderr
    return path


@pytest.fixture
def verify(in_process: Run, out: Path) -> Callable[[], tuple[int, list[str]]]:
    def call() -> tuple[int, list[str]]:
        finished = in_process("replay", "--verify", str(manifest_of(out)))
        return finished.returncode, finished.stdout.splitlines()

    return call


def manifest_of(out: Path) -> Path:
    return out.with_name("out.ndjson.manifest.json")


def changed(out: Path, **fields: object) -> None:
    path = manifest_of(out)
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


def test_a_manifest_says_what_the_output_came_from_and_is_the_same_each_time(
    out: Path, ticks: Path, in_process: Run
) -> None:
    text = manifest_of(out).read_text()
    told = json.loads(text)
    assert told["output"]["lines"] == len(out.read_text().splitlines()) > 50
    assert [(one["role"], one["path"]) for one in told["inputs"]] == [
        ("recording", "in/ticks.ndjson"),
        ("positions", "book.csv"),
    ]
    assert told["settings"]["confidence"] == "0.9,0.99"
    assert told["options"]["end"] == "1700000100"
    assert told["versions"]["numpy"]
    assert told["ticks"]["received"] == told["ticks"]["accepted"] == 100
    settings = ("--bar", "1s", "--min-observations", "5", "--paths", "200", "--confidence", "0.9,0.99")
    in_process("replay", str(ticks), "--positions", "book.csv", *settings, "--to", "1700000100", "--out", str(out))
    assert manifest_of(out).read_text() == text


def test_what_is_repeated_is_the_same_wherever_it_was_moved(
    out: Path, verify: Callable[[], tuple[int, list[str]]], in_process: Run, tmp_path: Path
) -> None:
    status, told = verify()
    assert status == 0
    assert len(told) == 1
    assert told[0].startswith("the same: ")
    moved = tmp_path / "moved"
    moved.mkdir()
    for name in ("in", "book.csv", "out.ndjson", "out.ndjson.manifest.json"):
        shutil.move(tmp_path / name, moved / name)
    finished = in_process("replay", "--verify", str(moved / "out.ndjson.manifest.json"))
    assert finished.returncode == 0


def test_a_changed_input_is_named_and_nothing_repeated(
    out: Path, ticks: Path, verify: Callable[[], tuple[int, list[str]]]
) -> None:
    ticks.write_text(ticks.read_text().replace('"price": 103', '"price": 104', 1))
    status, told = verify()
    assert status == 1
    assert told[0].startswith("input changed: in/ticks.ndjson (recording) has ")
    assert "not repeated" in told[1]
    ticks.unlink()
    assert verify()[1][0] == "input changed: in/ticks.ndjson (recording) is not there any more"


def test_another_version_is_told_beside_the_verdict(out: Path, verify: Callable[[], tuple[int, list[str]]]) -> None:
    versions = json.loads(manifest_of(out).read_text())["versions"]
    changed(out, versions=versions | {"numpy": "1.0"})
    status, told = verify()
    assert status == 0
    assert told[0] == f"version differs: numpy was 1.0, here it is {versions['numpy']}"


def test_another_output_is_shown_by_its_first_different_field(
    out: Path, verify: Callable[[], tuple[int, list[str]]]
) -> None:
    settings = json.loads(manifest_of(out).read_text())["settings"]
    changed(out, settings=settings | {"positions": "book.csv", "publish": "500ms"})
    status, told = verify()
    assert status == 1
    assert told[0] == "another output:"
    assert told[1].startswith("line ")
    assert [line.split()[0] for line in told[2:]] == ["out.ndjson", "again"]


def test_an_output_that_was_edited_later_is_told(out: Path, verify: Callable[[], tuple[int, list[str]]]) -> None:
    out.write_text(out.read_text() + "\n")
    status, told = verify()
    assert status == 0
    assert told[-1].endswith("is not what was written: it has been changed since")


def test_settings_that_mean_something_else_here_are_refused(out: Path, in_process: Run) -> None:
    changed(out, settings_hash="000000000000")
    finished = in_process("replay", "--verify", str(manifest_of(out)))
    assert finished.returncode == 2
    assert "000000000000 of the manifest" in finished.stderr


def test_trades_are_an_input_like_any_other(ticks: Path, in_process: Run, tmp_path: Path) -> None:
    (tmp_path / "book.csv").write_text("portfolio,symbol,quantity\nmain,A,10\n")
    trades = tmp_path / "trades.csv"
    trades.write_text("time,portfolio,symbol,quantity\n1700000050,main,B,5\n")
    call = (
        "replay",
        str(ticks),
        "--positions",
        "book.csv",
        "--trades",
        str(trades),
        "--bar",
        "1s",
        "--out",
        "o.ndjson",
    )
    assert in_process(*call).returncode == 0
    assert '"symbol":"B","quantity":5.0' in (tmp_path / "o.ndjson").read_text()
    assert in_process("replay", "--verify", "o.ndjson.manifest.json").returncode == 0
    trades.write_text("time,portfolio,symbol,quantity\n1700000050,main,B,6\n")
    finished = in_process("replay", "--verify", "o.ndjson.manifest.json")
    assert finished.returncode == 1
    assert "input changed: trades.csv (trades)" in finished.stdout


WRONG = [
    (["--verify", "none.json"], "manifest none.json: cannot be read: no such file"),
    (["--verify", "book.csv"], "manifest book.csv: is no manifest of a replay"),
    (["--verify", "out.ndjson.manifest.json", "--half-life", "3"], "leave out --half-life"),
    (["in/ticks.ndjson", "--verify", "out.ndjson.manifest.json"], "leave out the files"),
    ([], "files: name a recording to replay"),
]


@pytest.mark.parametrize(("arguments", "says"), WRONG, ids=lambda value: value if isinstance(value, str) else "")
def test_a_wrong_call_is_one_line(out: Path, in_process: Run, arguments: list[str], says: str) -> None:
    finished = in_process("replay", *arguments)
    assert finished.returncode == 2
    assert says in finished.stderr
    assert finished.stderr.count("\n") == 1


# diff


def written(path: Path, *lines: object) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_the_first_difference_is_told_by_line_moment_and_field(tmp_path: Path, in_process: Run) -> None:
    line = {"portfolio": "main", "event_time": "T", "measures": [{"var": 1.0}, {"var": 2.0}]}
    other = line | {"measures": [{"var": 1.0}, {"var": 2.5}]}
    written(tmp_path / "a.ndjson", line, line)
    written(tmp_path / "b.ndjson", line, other)
    finished = in_process("diff", "a.ndjson", "b.ndjson")
    assert finished.returncode == 1
    assert finished.stdout == "line 2 (main, T) measures[1].var:\n  a.ndjson  2.0\n  b.ndjson  2.5\n"
    same = in_process("diff", "a.ndjson", "a.ndjson")
    assert (same.returncode, same.stdout) == (0, "")
    assert in_process("diff", "a.ndjson", "none").returncode == 2


@pytest.mark.parametrize(
    ("one", "other", "place", "values"),
    [
        ({"a": 1}, {"a": 1, "b": [2]}, "b", ("not there", "[2]")),
        ({"a": [1, 2]}, {"a": [1]}, "a[1]", ("2", "not there")),
        ({"a": 1}, {"a": 1.0}, "a", ("1", "1.0")),
        ({"a": None}, {"a": 0}, "a", ("null", "0")),
        ({"a": {"b": "x"}}, {"a": "x"}, "a", ('{"b": "x"}', "x")),
    ],
)
def test_every_kind_of_difference_has_a_place(
    tmp_path: Path, one: object, other: object, place: str, values: tuple[str, str]
) -> None:
    found = first_difference(written(tmp_path / "a", one), written(tmp_path / "b", other))
    assert found is not None
    assert (found.line, found.place, (found.one, found.other)) == (1, place, values)


def test_an_output_that_ends_early_differs_there(tmp_path: Path) -> None:
    found = first_difference(written(tmp_path / "a", 1, 2), written(tmp_path / "b", 1))
    assert found is not None
    assert (found.line, found.one, found.other) == (2, "2", "has ended")


def test_lines_longer_than_a_frame_are_compared_to_their_end(tmp_path: Path) -> None:
    one, other = ({"a": "x" * 2_000_000 + end} for end in "12")
    found = first_difference(written(tmp_path / "a", one), written(tmp_path / "b", other))
    assert found is not None
    assert found.place == "a"
