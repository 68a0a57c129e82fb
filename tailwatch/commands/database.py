"""``tailwatch db``: the schema of the database."""

from typing import TYPE_CHECKING

import typer

from tailwatch.configuration import Configuration
from tailwatch.databases import database
from tailwatch.options import with_settings

if TYPE_CHECKING:
    from storage.migrate import SchemaStatus

app = typer.Typer(help="The database: migrate, status.", no_args_is_help=True)


@app.command()
@with_settings("data_dir", "database_url")
def migrate(configuration: Configuration) -> None:
    """Bring the schema to this version; safe to interrupt and to repeat."""
    from storage.migrate import migrate as bring_up_to_date

    with database(configuration.settings) as url:
        typer.echo(_told(url, bring_up_to_date(url)))


@app.command()
@with_settings("data_dir", "database_url")
def status(configuration: Configuration) -> None:
    """Show where the database is and which version its schema has."""
    from storage.migrate import schema_status

    with database(configuration.settings) as url:
        typer.echo(_told(url, schema_status(url)))


def _told(url: str, schema: "SchemaStatus") -> str:
    from storage.errors import describe

    pending = f"{schema.pending} to come: run `tailwatch db migrate`" if schema.pending else "up to date"
    return f"database {describe(url)} ({schema.flavour or 'empty'}): schema version {schema.applied}, {pending}"
