"""A database restored from an older copy, beside the journal of today: nothing is missing, nothing is told twice."""

from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from flows.verification import verify_archive
from storage.archive import archived
from tests.faults.bench import Bench, write_journal

TICKS = 1_500


def test_a_restored_copy_is_brought_up_to_the_journal_and_verifies(
    tmp_path: Path, database_url: str, postgres_url: str
) -> None:
    bench = Bench(tmp_path, database_url, write_journal(tmp_path, TICKS))
    try:
        bench.start("engine")
        bench.start("archive")
        bench.wait_for(lambda: bench.newest() > 20 and bench.archived() > 100)
        assert [bench.stop(part) for part in ("engine", "archive")] == [0, 0]
        copy = f"{urlsplit(database_url).path[1:]}_copy"
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            connection.execute(f"create database {copy} template {urlsplit(database_url).path[1:]}".encode())
        bench.run_to_the_end()
        expected = bench.told()
        restored = Bench(tmp_path, urlsplit(database_url)._replace(path=f"/{copy}").geturl(), bench.journal)
        assert restored.newest() < len(expected)
        restored.start("engine")
        restored.wait_for(lambda: restored.newest() >= len(expected))
        assert restored.stop("engine") == 0
        restored.archive_to_the_end()
        assert restored.told() == expected
        upto = archived(restored.url, restored.run)
        assert verify_archive(tmp_path / "journal", restored.url, restored.run, upto, "trade").differences == []
    finally:
        bench.end()
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            connection.execute(f"drop database if exists {copy} with (force)".encode())
