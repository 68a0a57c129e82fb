"""The journal can be looked into from the command line."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from flows.journal import JournalWriter
from flows.messages import Kind

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    directory = tmp_path / "journal"
    writer = JournalWriter(directory)
    for number in range(3):
        writer.append(Kind.FRAME, b'{"n":%d,"bad":"\x1b\n"}' % number, "binance", "test")
    writer.close()
    return directory


def test_cat_prints_one_safe_line_a_record(in_process: Run, journal: Path) -> None:
    finished = in_process("journal", "cat", str(journal))
    frames = [line.split("\t") for line in finished.stdout.splitlines() if "\tframe\t" in line]
    assert finished.returncode == 0
    assert [fields[0] for fields in frames] == ["0", "1", "2"]
    assert frames[1][3:] == ["binance", '{"n":1,"bad":"\\x1b\\n"}']


def test_cat_begins_and_ends_where_it_is_told(in_process: Run, journal: Path) -> None:
    finished = in_process("journal", "cat", str(journal), "--from", "1", "--limit", "1")
    assert [line.split("\t")[0] for line in finished.stdout.splitlines()] == ["1"]


def test_ls_and_verify_tell_of_an_intact_journal(in_process: Run, journal: Path) -> None:
    assert ".segment" in in_process("journal", "ls", str(journal)).stdout
    finished = in_process("journal", "verify", str(journal))
    assert finished.returncode == 0
    assert "all intact" in finished.stdout


def test_verify_names_what_is_damaged(in_process: Run, journal: Path) -> None:
    segment = next(journal.glob("*.segment"))
    content = bytearray(segment.read_bytes())
    content[content.index(b'"n":0') + 4] ^= 1
    segment.write_bytes(content)
    finished = in_process("journal", "verify", str(journal))
    assert finished.returncode == 1
    assert "damaged at byte" in finished.stderr
    assert finished.stderr.count("\n") == 1
