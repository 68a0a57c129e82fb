"""``tailwatch db``: the schema of the database."""

import typer

from riskcore.errors import TailwatchError
from tailwatch.configuration import Configuration
from tailwatch.options import with_settings

app = typer.Typer(help="The database: migrate, status.", no_args_is_help=True)


@app.command()
@with_settings("data_dir", "database_url")
def migrate(configuration: Configuration) -> None:
    """Bring the schema to this version; safe to interrupt and to repeat."""
    raise TailwatchError("migrate is not built yet")


@app.command()
@with_settings("data_dir", "database_url")
def status(configuration: Configuration) -> None:
    """Show where the database is and which version its schema has."""
    raise TailwatchError("status is not built yet")
