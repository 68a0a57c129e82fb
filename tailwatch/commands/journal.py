"""``tailwatch journal``: look into the journal's segments."""

import typer

from riskcore.errors import TailwatchError
from tailwatch.configuration import Configuration
from tailwatch.options import with_settings

app = typer.Typer(help="The journal: ls, cat, verify.", no_args_is_help=True)


@app.command("ls")
@with_settings("data_dir")
def list_segments(configuration: Configuration) -> None:
    """List the segments."""
    raise TailwatchError("journal is not built yet")


@app.command("cat")
@with_settings("data_dir")
def print_records(configuration: Configuration) -> None:
    """Print the records, one a line."""
    raise TailwatchError("journal is not built yet")


@app.command()
@with_settings("data_dir")
def verify(configuration: Configuration) -> None:
    """Check every record's checksum and that none is missing."""
    raise TailwatchError("journal is not built yet")
