"""Who reads a journal, and from which record on each of them would have to read it again after a crash.

A consumer is a file in ``consumers/`` of the journal's directory, named after it, with that record's offset in digits.
It is written late rather than early: a value that is too small keeps too much, never too little.
"""

from collections.abc import Iterable
from pathlib import Path

from flows.journal.segment import JournalError

DIRECTORY = "consumers"


def note_need(journal: Path, name: str, offset: int) -> None:
    """Say that ``name`` needs the record ``offset`` and all after it, and none before it.

    Raises
    ------
    JournalError
        It cannot be written, as on a full disk; what was said before stands.
    """
    place = journal / DIRECTORY
    fresh = place / f"{name}.new"
    try:
        place.mkdir(mode=0o700, exist_ok=True)
        fresh.write_text(f"{offset}\n")
        fresh.rename(place / name)
    except OSError as error:
        raise JournalError(f"{place / name}: cannot be written: {error.strerror or error}") from error


def needs(journal: Path, expected: Iterable[str] = ()) -> dict[str, int]:
    """The first record that each consumer needs; one that is ``expected`` and has never said so needs all.

    Raises
    ------
    JournalError
        A file does not hold an offset.
    """
    place = journal / DIRECTORY
    found = dict.fromkeys(expected, 0)
    for path in sorted(place.iterdir()) if place.is_dir() else ():
        if path.suffix != ".new":
            text = path.read_text().strip()
            if not (text.isascii() and text.isdigit()):
                raise JournalError(f"{path}: does not hold the offset of a record")
            found[path.name] = int(text)
    return found
