"""The journal can be looked into from the command line."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from flows.journal import JournalWriter
from flows.journal.consumers import note_need
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
    assert "damaged at byte" in finished.stdout
    assert finished.stderr.count("\n") == 1


def test_verify_tells_what_of_a_damaged_journal_can_still_be_read(in_process: Run, tmp_path: Path) -> None:
    directory = tmp_path / "journal"
    writer = JournalWriter(directory, 0.0)
    for number in range(30):
        writer.append(Kind.FRAME, b'{"n":%d}' % number, "binance", "test")
        if number % 3 == 2:
            writer.flush(5.0)
    writer.close()
    segment = next(directory.glob("*.segment"))
    content = bytearray(segment.read_bytes())
    content[content.index(b'"n":13') + 4] ^= 1
    segment.write_bytes(content)
    finished = in_process("journal", "verify", str(directory))
    assert finished.returncode == 1
    told = finished.stdout.splitlines()
    hit = int(told[0].partition("record ")[2].partition(":")[0])
    assert told == [
        f"{segment}: damaged at byte {told[0].split('byte ')[1].partition(',')[0]}, record {hit}: "
        "its checksum does not match",
        f"records {hit} to {hit} cannot be read; from there on they can",
    ]
    assert "is damaged, see above" in finished.stderr


def test_ls_tells_who_needs_what(in_process: Run, journal: Path) -> None:
    note_need(journal, "archive", 2)
    assert "2  needed from here on by archive" in in_process("journal", "ls", str(journal)).stdout


def test_export_writes_ticks_or_records_and_over_damage_only_when_told(in_process: Run, tmp_path: Path) -> None:
    directory = tmp_path / "journal"
    writer = JournalWriter(directory, 0.0)
    for number in range(9):
        tick = b'{"ts":%d,"symbol":"A","price":5,"trade_id":%d}' % (1_700_000_000 + number, number)
        writer.append(Kind.FRAME, tick, "tailwatch", "test")
        writer.flush(5.0)
    writer.close()
    ticks = in_process("journal", "export", str(directory), "--out", "ticks.ndjson")
    assert (ticks.returncode, ticks.stderr) == (0, "tailwatch: 9 ticks in ticks.ndjson\n")
    every = in_process("journal", "export", str(directory), "--records", "--from", "3", "--out", "all.ndjson.zst")
    assert every.returncode == 0
    segment = next(directory.glob("*.segment"))
    content = bytearray(segment.read_bytes())
    content[content.index(b'"trade_id":4') + 11] ^= 1
    segment.write_bytes(content)
    refused = in_process("journal", "export", str(directory), "--out", "rest.ndjson")
    assert refused.returncode == 1
    assert "damaged at byte" in refused.stderr
    assert not (tmp_path / "rest.ndjson").exists()
    rest = in_process("journal", "export", str(directory), "--skip-damaged", "--out", "rest.ndjson")
    assert rest.returncode == 0
    assert "left out: " in rest.stderr
    assert "8 ticks in rest.ndjson" in rest.stderr
