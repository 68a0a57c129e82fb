"""The histories of daily prices that a job may read: regular files of one folder, known by their names."""

import os
from pathlib import Path

from riskcore.errors import InputError

FOLDER = "histories"
MOST = 200
LARGEST = 64 << 20
_FORMS = (".csv", ".csv.gz", ".parquet", ".pq")


def list_histories(folder: Path) -> dict[str, Path]:
    """The files by name, at most 200; a name that leads elsewhere (a link, a folder) is none of them."""
    try:
        with os.scandir(folder) as entries:
            found = [entry for entry in entries if _is_history(entry)]
    except OSError:
        return {}
    return {entry.name: folder / entry.name for entry in sorted(found, key=lambda one: one.name)[:MOST]}


def find_history(folder: Path, name: str) -> Path:
    """The file of this name.

    Raises
    ------
    InputError
        There is none in the listing: a name is never taken for a path.
    """
    path = list_histories(folder).get(name)
    if path is None:
        raise InputError(f"history: there is none of the name {name[:80]!r} any more")
    return path


def _is_history(entry: "os.DirEntry[str]") -> bool:
    if not entry.name.lower().endswith(_FORMS) or not entry.name.isprintable():
        return False
    return entry.is_file(follow_symlinks=False) and entry.stat(follow_symlinks=False).st_size <= LARGEST
