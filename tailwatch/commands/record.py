"""``tailwatch record``: the journal's writer pointed at a file."""

from pathlib import Path
from typing import Annotated

import typer

from riskcore.errors import TailwatchError
from tailwatch.configuration import Configuration
from tailwatch.options import with_settings


@with_settings("feed", "symbols", "url", "log_format")
def record(
    configuration: Configuration,
    out: Annotated[Path, typer.Option(metavar="FILE.ndjson.zst", help="File to write; it must not exist.")],
) -> None:
    """Record a feed to a file that `tailwatch replay` reads."""
    raise TailwatchError("record is not built yet")
