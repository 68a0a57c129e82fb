"""What ``tailwatch db`` says of a database, and with what status it ends."""

import csv
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import psycopg
import pyarrow.parquet
import pytest

from flows.actors.feed import FeedActor
from flows.commands import Holding, Positions, encode_command
from flows.journal import JournalReader, JournalWriter
from flows.messages import Accepted, Kind
from flows.universe import Universe
from storage.archive import ArchiveStore
from storage.outbox import OutboxStore
from storage.rows import OutboxRow
from storage.runs import RunStore

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def data_dir(tmp_path: Path, database_url: str) -> Path:
    """A journal of three ticks, archived."""
    writer = JournalWriter(tmp_path / "journal", silence_s=3600.0, clock=lambda: 10**18)
    writer.append(Kind.COMMAND, encode_command(Positions((Holding("main", "A", 1.0),))))
    for number in range(1, 4):
        tick = {"ts": 10**18 + number, "symbol": "A", "price": 100 + number, "seq": number}
        writer.append(Kind.FRAME, json.dumps(tick).encode(), adapter="tailwatch", origin="test")
    assert writer.flush(10.0)
    writer.close()
    reader = JournalReader(tmp_path / "journal")
    events = FeedActor(Universe()).on_batch(reader.read()).events
    store = ArchiveStore(database_url, "live-2001-09-09T01:46:40.000000000Z")
    store.write([event for event in events if isinstance(event, Accepted)], [], [], reader.offset - 1)
    store.close()
    return tmp_path


def test_verify_finds_nothing_where_nothing_is_wrong(in_process: Run, data_dir: Path, database_url: str) -> None:
    finished = in_process("db", "verify", "--data-dir", str(data_dir), "--database-url", database_url)
    assert finished.returncode == 0, finished.stderr
    assert "3 ticks, 0 quarantine, 0 gaps; no differences" in finished.stdout


def test_verify_names_the_row_that_is_missing_and_ends_with_1(
    in_process: Run, data_dir: Path, database_url: str
) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("delete from ticks where fact = 2")
    finished = in_process("db", "verify", "--data-dir", str(data_dir), "--database-url", database_url)
    assert finished.returncode == 1
    assert "ticks: journal_offset 2, ordinal 0, feed tailwatch, symbol A, identifier 2: is missing" in finished.stdout
    assert "1 difference" in finished.stdout


def test_verify_without_a_journal_says_so(in_process: Run, tmp_path: Path, database_url: str) -> None:
    finished = in_process("db", "verify", "--data-dir", str(tmp_path), "--database-url", database_url)
    assert finished.returncode == 1
    assert "there is nothing in it yet" in finished.stderr


@pytest.fixture
def told(database_url: str) -> str:
    """Three snapshots of two portfolios with two measures each, one portfolio named like a formula."""
    runs, store = RunStore(database_url), OutboxStore(database_url, "live")
    runs.register("live", "live", b"{}", "hash")
    rows = [
        OutboxRow(portfolio, number, "risk", 0, 10**18 + number * 10**9, _snapshot(portfolio, number))
        for number, portfolio in enumerate(("main", "=cmd()", "main"))
    ]
    store.write(rows)
    store.close()
    runs.close()
    return database_url


def _snapshot(portfolio: str, number: int) -> bytes:
    measures = [
        {"method": "parametric", "confidence": 0.99, "var": 1.25 + number, "es": None, "reason": "warming up"},
        {"method": "historical", "confidence": 0.99, "var": 0.1, "es": 0.2, "scenarios": 500},
    ]
    told = {"portfolio": portfolio, "seq": number, "event_time": f"2001-09-09T01:46:4{number}.000000000Z"}
    return json.dumps(told | {"measures": measures, "quality": {"journal_offset": number}}).encode()


def test_export_writes_a_row_for_each_measure_that_no_spreadsheet_runs(
    in_process: Run, told: str, tmp_path: Path
) -> None:
    out = tmp_path / "risk.csv"
    finished = in_process("db", "export", "--out", str(out), "--database-url", told)
    assert finished.returncode == 0, finished.stderr
    assert "6 rows" in finished.stdout
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["portfolio"], row["method"], row["var"], row["es"]) for row in rows[:3]] == [
        ("main", "parametric", "1.25", ""), ("main", "historical", "0.1", "0.2"), ("'=cmd()", "parametric", "2.25", ""),
    ]  # fmt: skip


def test_export_to_parquet_keeps_types_and_the_range_asked_for(in_process: Run, told: str, tmp_path: Path) -> None:
    out = tmp_path / "risk.parquet"
    span = ("--from", "2001-09-09T01:46:41Z", "--to", "2001-09-09T01:46:42Z")
    finished = in_process("db", "export", "--out", str(out), "--database-url", told, *span)
    assert finished.returncode == 0, finished.stderr
    table = pyarrow.parquet.read_table(out)
    assert table.column("portfolio").to_pylist() == ["=cmd()", "=cmd()"]
    assert table.column("var").to_pylist() == [2.25, 0.1]
    assert table.column("scenarios").to_pylist() == [None, 500]
    finished = in_process("db", "export", "--out", str(out), "--database-url", told, "--portfolio", "main")
    assert "4 rows" in finished.stdout


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [(("--out", "x.xlsx"), "name it .csv or .parquet"), (("--out", "x.csv", "--from", "noon"), "noon is no time")],
)
def test_export_says_what_it_does_not_understand(
    in_process: Run, told: str, arguments: tuple[str, ...], complaint: str
) -> None:
    finished = in_process("db", "export", "--database-url", told, *arguments)
    assert finished.returncode == 2
    assert complaint in finished.stderr
