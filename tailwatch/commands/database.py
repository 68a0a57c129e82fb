"""``tailwatch db``: the schema of the database, and whether it holds what the journal says."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from riskcore.errors import InputError, TailwatchError
from tailwatch.configuration import Configuration
from tailwatch.databases import database
from tailwatch.options import with_settings

if TYPE_CHECKING:
    from storage.migrate import SchemaStatus

app = typer.Typer(help="The database: migrate, status, verify, export.", no_args_is_help=True)


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


@app.command()
@with_settings("price", "data_dir", "database_url")
def verify(configuration: Configuration) -> None:
    """Compare ticks, refusals, gaps and events with the journal; exit status 1 where a row differs."""
    from threading import Event

    from flows.crew import run_of
    from flows.verification import verify_archive
    from storage.archive import archived
    from storage.verify import torn_events

    settings = configuration.settings
    journal = settings.data_dir / "journal"
    with database(settings) as url:
        nothing = Event()
        nothing.set()
        run = run_of(journal, nothing)
        if run is None:
            raise TailwatchError(f"journal {journal}: there is nothing in it yet")
        upto = archived(url, run)
        verified = verify_archive(journal, url, run, upto, settings.price)
        torn = torn_events(url, run)
    for difference in verified.differences:
        typer.echo(str(difference))
    for number, portfolio, what in torn:
        typer.echo(f"outbox: id {number}, portfolio {portfolio}: {what}")
    found = len(verified.differences) + len(torn)
    counts = ", ".join(f"{count:,d} {table}" for table, count in verified.counts.items())
    typer.echo(
        f"run {run}, archived up to record {upto:,d}: {counts}; {found or 'no'} difference{'' if found == 1 else 's'}"
    )
    if found:
        raise typer.Exit(1)


@app.command()
@with_settings("data_dir", "database_url")
def export(
    configuration: Configuration,
    out: Annotated[Path, typer.Option(metavar="FILE", help="To write: .csv or .parquet.")],
    *,
    portfolio: Annotated[str | None, typer.Option(metavar="NAME", help="Only this one.")] = None,
    start: Annotated[str | None, typer.Option("--from", metavar="TIME", help="First event time, RFC 3339.")] = None,
    end: Annotated[str | None, typer.Option("--to", metavar="TIME", help="Event time to end before.")] = None,
) -> None:
    """Write the stored snapshots of the newest run into a table, a row for each method and confidence."""
    from storage.snapshots import stored_snapshots
    from tailwatch.export import export as write_table

    since, until = (_moment(text) for text in (start, end))
    with database(configuration.settings) as url:
        count = write_table(stored_snapshots(url, portfolio, since, until), out)
    typer.echo(f"{out}: {count:,d} rows")


def _moment(text: str | None) -> int | None:
    from flows.timestamps import parse_timestamp

    if text is None:
        return None
    try:
        return parse_timestamp(text)
    except ValueError as error:
        raise InputError(f"{text} is no time: write it as 2026-11-22T14:03:07Z ({error})") from None


def _told(url: str, schema: "SchemaStatus") -> str:
    from storage.errors import describe

    pending = f"{schema.pending} to come: run `tailwatch db migrate`" if schema.pending else "up to date"
    return f"database {describe(url)} ({schema.flavour or 'empty'}): schema version {schema.applied}, {pending}"
