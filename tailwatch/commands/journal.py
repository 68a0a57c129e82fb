"""``tailwatch journal``: look into the journal's segments."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from riskcore.errors import InputError, TailwatchError
from tailwatch.configuration import Configuration
from tailwatch.options import MODEL_SETTINGS, with_settings

if TYPE_CHECKING:
    from flows.messages import Record

app = typer.Typer(help="The journal: ls, cat, verify, export, recompute.", no_args_is_help=True)

Directory = Annotated[
    Path | None,
    typer.Argument(metavar="[DIRECTORY]", help="Journal to look into, in place of the data directory's."),
]


@app.command("ls")
@with_settings("data_dir")
def list_segments(configuration: Configuration, directory: Directory = None) -> None:
    """List the segments, and who still needs them: first record, its time, size on disk, file."""
    from flows.journal.consumers import needs
    from flows.journal.files import packed_path
    from flows.journal.segment import segment_path
    from flows.timestamps import format_timestamp

    place, firsts = _segments(configuration, directory)
    typer.echo(f"{'FIRST RECORD':>14}  {'BEGAN':30}  {'BYTES':>14}  FILE")
    for first in firsts:
        plain = segment_path(place, first)
        path = plain if plain.exists() else packed_path(plain)
        began = next((format_timestamp(record.stamp) for record in _records(place, first)), "-")
        typer.echo(f"{first:>14,d}  {began:30}  {path.stat().st_size:>14,d}  {path}")
    for name, offset in needs(place).items():
        typer.echo(f"{offset:>14,d}  needed from here on by {name}")


@app.command("cat")
@with_settings("data_dir")
def print_records(
    configuration: Configuration,
    directory: Directory = None,
    *,
    start: Annotated[int, typer.Option("--from", metavar="OFFSET", min=0, help="First record.")] = 0,
    limit: Annotated[int | None, typer.Option(metavar="COUNT", min=1, help="At most so many.")] = None,
) -> None:
    """Print records, one a line: offset, time, kind, adapter, payload."""
    from flows.messages import Kind
    from flows.timestamps import format_timestamp
    from tailwatch.logging import one_line

    place, firsts = _segments(configuration, directory)
    for number, record in enumerate(_records(place, max(start, firsts[0]))):
        if limit is not None and number >= limit:
            return
        payload = (
            record.payload.hex() if record.kind is Kind.CLOCK else one_line(record.payload.decode(errors="replace"))
        )
        time = format_timestamp(record.stamp)
        typer.echo(f"{record.offset}\t{time}\t{record.kind.name.lower()}\t{record.adapter or '-'}\t{payload}")


@app.command()
@with_settings("data_dir")
def verify(configuration: Configuration, directory: Directory = None) -> None:
    """Check every record's checksum and that none is missing; where one is, tell what can still be read."""
    from flows.journal.verification import salvage

    place, firsts = _segments(configuration, directory)
    damage, count, following = False, 0, firsts[0]
    for found in salvage(place):
        if isinstance(found, str):
            damage = True
            typer.echo(found)
            continue
        if found[0].offset > following:
            typer.echo(f"records {following} to {found[0].offset - 1} cannot be read; from there on they can")
        count, following = count + len(found), found[-1].offset + 1
    if damage:
        raise TailwatchError(f"journal {place}: is damaged, see above; {count:,d} records can be read")
    where = f"{firsts[0]} to {following - 1}"
    typer.echo(f"journal {place}: {count:,d} records ({where}) in {len(firsts)} segments, all intact")


@app.command()
@with_settings("data_dir", "price")
def export(
    configuration: Configuration,
    directory: Directory = None,
    *,
    out: Annotated[Path, typer.Option(metavar="FILE", help="New file: .ndjson, .ndjson.gz, .ndjson.zst or .parquet.")],
    start: Annotated[int, typer.Option("--from", metavar="OFFSET", min=0, help="First record.")] = 0,
    records: Annotated[
        bool, typer.Option("--records", help="Every record as it is, not only the ticks; NDJSON.")
    ] = False,
    skip_damaged: Annotated[
        bool, typer.Option("--skip-damaged", help="Take what can be read of a damaged journal.")
    ] = False,
) -> None:
    """Write the ticks of the journal to a file that `tailwatch replay` reads, or all of its records."""
    from flows.export import export_records, export_ticks

    place, firsts = _segments(configuration, directory)
    runs = _salvaged(place, start) if skip_damaged else _runs(place, max(start, firsts[0]))
    if records:
        count, what = export_records(runs, out), "records"
    else:
        count, what = export_ticks(runs, out, configuration.settings.price), "ticks"
    typer.echo(f"tailwatch: {count:,d} {what} in {out}", err=True)


@app.command()
@with_settings("data_dir", "publish", "shards", *MODEL_SETTINGS)
def recompute(
    configuration: Configuration,
    offset: Annotated[int, typer.Argument(metavar="OFFSET", min=0, help="A snapshot's quality.journal_offset.")],
    directory: Directory = None,
    *,
    settings_hash: Annotated[
        str | None,
        typer.Option("--settings", metavar="HASH", help="A snapshot's quality.settings, which these must be."),
    ] = None,
) -> None:
    """Print the snapshots of one record of the journal, computed anew from its beginning."""
    from flows.crew import new_crew
    from flows.recompute import recompute as compute
    from tailwatch.progress import Progress
    from tailwatch.startup import publish_ns

    place, settings = _segments(configuration, directory)[0], configuration.settings
    own = settings.settings_hash
    if settings_hash not in (None, own):
        raise InputError(f"settings: the snapshot was made with {settings_hash}, these are {own} (from --settings)")
    crew = new_crew(settings.to_risk_settings(), own, publish_ns(settings, live=True), settings.shards)
    with Progress("recompute", lambda count: f"{count:,.0f} records") as progress:
        lines = compute(place, offset, crew, progress)
    for line in lines:
        typer.echo(line.decode(), nl=False)


def _segments(configuration: Configuration, directory: Path | None) -> tuple[Path, list[int]]:
    from flows.journal.segment import first_offsets

    place = directory or configuration.settings.data_dir / "journal"
    firsts = first_offsets(place)
    if not firsts:
        raise InputError(f"journal {place}: there is none; name its directory, or the data directory with --data-dir")
    return place, firsts


def _records(place: Path, offset: int) -> Iterator["Record"]:
    for run in _runs(place, offset):
        yield from run


def _runs(place: Path, offset: int) -> Iterator["list[Record]"]:
    from flows.journal import JournalReader

    reader = JournalReader(place, offset)
    try:
        while records := reader.read(1000):
            yield records
    finally:
        reader.close()


def _salvaged(place: Path, offset: int) -> Iterator["list[Record]"]:
    from flows.journal.verification import salvage

    for found in salvage(place):
        if isinstance(found, str):
            typer.echo(f"tailwatch: left out: {found}", err=True)
        elif run := [record for record in found if record.offset >= offset]:
            yield run
