"""``tailwatch replay``: a recording through the same flow as the live engine."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from riskcore.errors import InputError
from tailwatch.configuration import Configuration
from tailwatch.databases import database
from tailwatch.options import MODEL_SETTINGS, with_settings
from tailwatch.settings import Settings

if TYPE_CHECKING:
    from flows.actors.ledger import Settled
    from flows.replay import Progress as OnProgress
    from flows.replay import Replay

_REPLAY = "Replay"
_RUNNING = ("publish", "shards", "memory", "data_dir", "database_url", "host", "port", "access", "log_format")


@with_settings("positions", "instruments", "limits", "symbols", *MODEL_SETTINGS, *_RUNNING)
def replay(
    configuration: Configuration,
    *,
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="FILE...", help="Recordings; several are merged by time.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write NDJSON here; needs no database.", rich_help_panel=_REPLAY),
    ] = None,
    trades: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Trades that change the book on the way.", rich_help_panel=_REPLAY),
    ] = None,
    speed: Annotated[
        str, typer.Option(metavar="max|10x|1x", help="How fast, in times real time.", rich_help_panel=_REPLAY)
    ] = "max",
    start: Annotated[
        str | None,
        typer.Option("--from", metavar="TIME", help="Leave out what is earlier.", rich_help_panel=_REPLAY),
    ] = None,
    end: Annotated[
        str | None,
        typer.Option("--to", metavar="TIME", help="Leave out this moment and later.", rich_help_panel=_REPLAY),
    ] = None,
    format: Annotated[  # noqa: A002 - the name of the option
        str | None,
        typer.Option(metavar="NAME", help="Form of the files, where they do not tell.", rich_help_panel=_REPLAY),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Stop at the first bad line.", rich_help_panel=_REPLAY)
    ] = False,
    torn: Annotated[
        bool,
        typer.Option(
            "--torn",
            help="Take what can be read of a compressed file that ends in the middle.",
            rich_help_panel=_REPLAY,
        ),
    ] = False,
    verify: Annotated[
        Path | None,
        typer.Option(
            metavar="MANIFEST", help="Repeat what it describes, and compare every byte.", rich_help_panel=_REPLAY
        ),
    ] = None,
    dashboard: Annotated[
        bool,
        typer.Option(
            "--dashboard", help="Show it in the dashboard, and stay there until Ctrl-C.", rich_help_panel=_REPLAY
        ),
    ] = False,
) -> None:
    """Measure the risk of a book over recorded ticks."""
    from flows.readers.recognise import open_file
    from tailwatch.manifest import manifest_path, write_manifest
    from tailwatch.progress import Progress, megabytes
    from tailwatch.replaying import Options, manifest_of, replay_of, summary
    from tailwatch.supervised import stopping_on_signals

    settings = configuration.settings
    options = Options(start, end, format, strict, None if trades is None else str(trades), torn)
    if verify is not None:
        _verify(configuration, verify, files)
        return
    if not files:
        raise InputError("files: name a recording to replay, or a manifest with --verify")
    work = replay_of(settings, files, options, parse_speed(speed))
    if out is not None and dashboard:
        raise InputError("dashboard: it shows what is in the database; leave out either --out or --dashboard")
    stopping = stopping_on_signals()
    if out is not None:
        told = (settings.positions, settings.history, settings.limits, trades)
        _check_out(out, [*files, *(path for path in told if path is not None)])
        with Progress("replay", megabytes) as progress:
            total = _to_file(work, out, progress, stopping)
        write_manifest(manifest_of(out, settings, files, options, total), manifest_path(out))
        typer.echo(f"tailwatch: {summary(total)}", err=True)
        return
    for file in files:
        open_file(file, 0, "", format)  # what is no recording is told before a database is started
    with database(settings) as url, _dashboard(settings, url) if dashboard else nullcontext():
        with Progress("replay", megabytes) as progress:
            total = _to_database(work, url, progress, stopping)
        typer.echo(f"tailwatch: {summary(total)}", err=True)
        if dashboard:
            typer.echo("tailwatch: the recording has ended; Ctrl-C closes the dashboard", err=True)
            stopping.wait()


def _to_file(work: "Replay", out: Path, progress: "OnProgress", stopping: threading.Event) -> "Settled":
    from flows.replay import replay_to_file

    total = replay_to_file(work, out, progress, stopping)
    _refuse_half(stopping)
    return total


def _to_database(work: "Replay", url: str, progress: "OnProgress", stopping: threading.Event) -> "Settled":
    from flows.replay import replay_to_database, run_name
    from storage.migrate import migrate

    _refuse_beside_live(url)
    migrate(url)
    total = replay_to_database(work, url, progress, stopping)
    _refuse_half(stopping)
    typer.echo(f"tailwatch: stored as run {run_name(work)}; `tailwatch api` shows it", err=True)
    return total


def _refuse_beside_live(url: str) -> None:
    from storage.runs import RunStore

    runs = RunStore(url)
    live = runs.live_writer()
    runs.close()
    if live is not None:
        raise InputError(
            f"an engine writes {live} into this database, and everybody would be shown the replay in its place: name"
            " another --data-dir or --database-url, write to a file with --out, or stop the engine"
        )


def _verify(configuration: Configuration, manifest: Path, files: list[Path] | None) -> None:
    from tailwatch.progress import Progress, megabytes
    from tailwatch.supervised import stopping_on_signals
    from tailwatch.verifying import verify

    named = ["the files"] if files else [o for o in configuration.origins.values() if o.startswith("--")]
    if named:
        raise InputError(f"verify: the manifest tells recordings and settings; leave out {named[0]}")
    stopping = stopping_on_signals()
    with Progress("verify", megabytes) as progress:
        same, told = verify(manifest, progress, stopping)
    for line in told:
        typer.echo(line)
    if not same:
        raise typer.Exit(1)


@contextmanager
def _dashboard(settings: Settings, url: str) -> Iterator[None]:
    """Serve the API from a thread, for as long as the block lasts."""
    from api.server import ApiServer
    from storage.migrate import migrate
    from tailwatch.serving import api_settings

    _refuse_beside_live(url)
    migrate(url)
    server = ApiServer(api_settings(settings, url))
    thread = threading.Thread(target=server.work, name="api", daemon=True)
    thread.start()
    typer.echo(f"tailwatch: dashboard at {server.url}/", err=True)
    try:
        yield
    finally:
        server.stop()
        thread.join(5.0)


def _check_out(out: Path, inputs: list[Path]) -> None:
    if not out.absolute().parent.is_dir():
        raise InputError(f"out: {out.absolute().parent} is no directory (from --out)")
    for path in inputs:
        if out.exists() and path.exists() and out.samefile(path):
            raise InputError(f"out: {out} is what is read; write to another file (from --out)")


def parse_speed(text: str) -> float | None:
    """``max`` is None, ``10x`` is 10; InputError for anything else."""
    if text == "max":
        return None
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)x", text)
    if match is None or float(match[1]) == 0:
        raise InputError(f"speed: {text!r} is not known; write max, or a factor such as 10x (from --speed)")
    return float(match[1])


def _refuse_half(stopping: threading.Event) -> None:
    if stopping.is_set():
        raise KeyboardInterrupt
