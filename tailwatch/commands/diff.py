"""``tailwatch diff``: where two outputs of a replay begin to differ."""

from pathlib import Path
from typing import Annotated

import typer

from tailwatch.difference import difference_lines, first_difference


def diff(
    one: Annotated[Path, typer.Argument(metavar="A.ndjson", help="An output of `replay --out`.")],
    other: Annotated[Path, typer.Argument(metavar="B.ndjson", help="Another one; .gz and .zst are read too.")],
) -> None:
    """Show the first difference of two outputs; exit status 0 where there is none, 1 where there is."""
    found = first_difference(one, other)
    if found is None:
        return
    for line in difference_lines(found, str(one), str(other)):
        typer.echo(line)
    raise typer.Exit(1)
