"""The API reads everything and writes what it asks of the engine: no tick, no figure, no right to write a run."""

import psycopg
import pytest

from storage.commands import Asks
from storage.errors import DatabaseRefusedError
from storage.migrate import migrate
from storage.reads import Reads

pytestmark = pytest.mark.anyio

TABLES = (
    "ticks", "quarantine", "gaps", "archive_progress", "risk_snapshots", "outbox", "positions", "trades", "limits",
    "parts", "runs", "writers", "schema_migrations",
)  # fmt: skip


@pytest.mark.parametrize("table", TABLES)
async def test_the_api_cannot_write_what_is_not_its_own(database_url: str, table: str) -> None:
    async with Reads(database_url) as reads:
        for statement in (f"insert into {table} default values", f"delete from {table}", f"truncate {table}"):
            with pytest.raises(DatabaseRefusedError, match="permission denied"):
                await reads._rows(statement)


async def test_the_api_can_ask_and_withdraw_and_read_everything(database_url: str) -> None:
    async with Asks(database_url) as asks:
        await asks.ask("live", "id", "command", b"{}")
        assert await asks.withdraw("id")
        for table in (*TABLES, "bars", "commands"):
            assert await asks._rows(f"select count(*) from {table}") is not None


async def test_what_a_later_migration_adds_can_be_read(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("create table later (x int)")
    migrate(database_url)
    async with Reads(database_url) as reads:
        assert await reads._rows("select x from later") == []
