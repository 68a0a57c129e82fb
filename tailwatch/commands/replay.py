"""``tailwatch replay``: a recording through the same flow as the live engine."""

from pathlib import Path
from typing import Annotated

import typer

from riskcore.errors import TailwatchError
from tailwatch.configuration import Configuration
from tailwatch.options import MODEL_SETTINGS, RUNNING_SETTINGS, with_settings

_REPLAY = "Replay"


@with_settings("positions", "symbols", "feed", *MODEL_SETTINGS, *RUNNING_SETTINGS)
def replay(
    configuration: Configuration,
    *,
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Recordings; several are merged by time.")
    ],
    out: Annotated[
        Path | None, typer.Option(help="Write NDJSON here; needs no database.", rich_help_panel=_REPLAY)
    ] = None,
    speed: Annotated[
        str, typer.Option(help="max, or times real time: 10x.", rich_help_panel=_REPLAY)
    ] = "max",
    start: Annotated[
        str | None,
        typer.Option("--from", metavar="TIME", help="Leave out what is earlier.", rich_help_panel=_REPLAY),
    ] = None,
    end: Annotated[
        str | None,
        typer.Option(
            "--to", metavar="TIME", help="Leave out this moment and later.", rich_help_panel=_REPLAY
        ),
    ] = None,
    format: Annotated[  # noqa: A002
        str | None, typer.Option(help="Form of the files, where they do not tell.", rich_help_panel=_REPLAY)
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Stop at the first bad line.", rich_help_panel=_REPLAY)
    ] = False,
) -> None:
    """Measure the risk of a book over recorded ticks."""
    raise TailwatchError("replay is not built yet")
