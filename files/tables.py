"""Rows out of a small CSV, JSON, NDJSON or YAML file, each with its place in the file for the errors."""

import csv
import difflib
import gzip
import io
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from files.yaml_text import read_yaml
from riskcore.errors import InputError

SHOWN = 10
LISTED = 100
_LARGEST_FILE = 256 * 2**20
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Row:
    """One entry of a table; ``fault`` is set where it could not even be laid out in columns."""

    place: str
    values: dict[str, Any]
    fault: str = ""

    def has(self, column: str) -> bool:
        """Whether the row says anything in this column."""
        return self.values.get(column) not in (None, "")


class FaultyRowsError(InputError):
    """Some rows are faulty; ``errors`` says what is wrong with the first hundred."""

    def __init__(self, message: str, errors: list[str]) -> None:
        super().__init__(message)
        self.errors = errors


@dataclass(slots=True)
class RowFaults:
    """Collects what is wrong by row, so that a user mends a file once and not row by row."""

    title: str
    shown: list[str] = field(default_factory=list)
    count: int = 0

    def add(self, place: str, fault: str) -> None:
        """Note a faulty row."""
        self.count += 1
        if len(self.shown) < LISTED:
            self.shown.append(f"{place}: {fault}")

    def raise_any(self) -> None:
        """Raise FaultyRowsError with the first ten faults and their number, where there are any."""
        if not self.count:
            return
        rows = "1 bad row" if self.count == 1 else f"{self.count} bad rows"
        more = f"; and {self.count - SHOWN} more" if self.count > SHOWN else ""
        told = "; ".join(self.shown[:SHOWN])
        raise FaultyRowsError(f"{self.title}: {rows}, nothing was taken: {told}{more}", self.shown)


def read_text(path: Path, title: str) -> str:
    """The text of a file, gzip or plain, without a byte order mark; InputError says which file and what is wrong."""
    try:
        text = _contents(path, title).decode("utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"{title} {path}: there is no such file") from None
    except OSError as error:
        raise InputError(f"{title} {path}: cannot be read: {(error.strerror or str(error)).lower()}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{title} {path}: not UTF-8 text (byte {error.start})") from None
    if not text.strip():
        raise InputError(f"{title} {path}: is empty")
    return text


def _contents(path: Path, title: str) -> bytes:
    with path.open("rb") as file:
        packed = file.read(2) == _GZIP
        file.seek(0)
        try:
            # One byte more than allowed tells a file that is too large, however small it was packed.
            data = (gzip.GzipFile(fileobj=file) if packed else file).read(_LARGEST_FILE + 1)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise InputError(f"{title} {path}: damaged gzip file: {error}") from None
    if len(data) > _LARGEST_FILE:
        raise InputError(f"{title} {path}: larger than {_LARGEST_FILE >> 20} MiB")
    return data


def read_table(path: Path, title: str, required: tuple[str, ...], optional: tuple[str, ...]) -> Iterator[Row]:
    """Read the rows of a file; its form is told by its name, or else by how it begins.

    ``title`` begins with what the file holds: ``positions file``. An object may hold the rows under that key.

    Raises
    ------
    InputError
        The file is unreadable, is not what it should be, or lacks a required column or has one nobody knows.
    """
    text = read_text(path, title)
    name = f"{title} {path}"
    suffix = path.suffix.lower()
    key = title.split(maxsplit=1)[0]
    if suffix in (".ndjson", ".jsonl"):
        written = enumerate(text.split("\n"), start=1)
        return _entries([_json(line, f"{name}: row {n}") for n, line in written if line.strip()], required, optional)
    if suffix == ".json" or (suffix not in (".csv", ".yaml", ".yml") and text.lstrip()[0] in "[{"):
        return _objects(_json(text, name), name, key, required, optional)
    if suffix in (".yaml", ".yml"):
        return _objects(read_yaml(text, name), name, key, required, optional)
    return _lines(text, name, required, optional)


def rows_of(
    data: bytes, form: Literal["csv", "json"], title: str, required: tuple[str, ...], optional: tuple[str, ...]
) -> Iterator[Row]:
    """Read the rows of a table that came as bytes; a JSON object may hold them under the first word of ``title``.

    Raises
    ------
    InputError
        As :func:`read_table`.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{title}: not UTF-8 text (byte {error.start})") from None
    if not text.strip():
        raise InputError(f"{title}: is empty")
    if form == "json":
        return _objects(_json(text, title), title, title.split(maxsplit=1)[0], required, optional)
    return _lines(text, title, required, optional)


def _lines(text: str, name: str, required: tuple[str, ...], optional: tuple[str, ...]) -> Iterator[Row]:
    first = text.lstrip().splitlines()[0]
    delimiter = next((mark for mark in ",;\t" if mark in first), ",")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True, strict=True)
    rows = _csv_rows(reader, name)
    _, header = next(rows)
    columns = [cell.strip() for cell in header]
    check_columns(columns, name, required, optional)
    for line, cells in rows:
        values = dict(zip(columns, (cell.strip() for cell in cells), strict=False))
        wrong = len(cells) != len(columns)
        yield Row(f"row {line}", values, f"has {len(cells)} cells, the header {len(columns)}" if wrong else "")


def _csv_rows(reader: Any, name: str) -> Iterator[tuple[int, list[str]]]:
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise InputError(f"{name}: row {line}: not CSV: {error}") from None
        if any(cell.strip() for cell in cells):
            yield line, cells


def check_columns(columns: list[str], name: str, required: tuple[str, ...], optional: tuple[str, ...]) -> None:
    """Refuse columns that are unknown, missing or there twice."""
    known = required + optional
    for column in columns:
        if column not in known:
            near = difflib.get_close_matches(column.lower(), known, n=1, cutoff=0.4)
            hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}"
            raise InputError(f"{name}: unknown column {column[:80]!r}; {hint}")
        if columns.count(column) > 1:
            raise InputError(f"{name}: column {column!r} is there twice")
    for column in required:
        if column not in columns:
            raise InputError(f"{name}: column {column!r} is missing")


def _json(text: str, name: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_without_repeats)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{name}: not JSON: {error or 'nested too deeply'}") from None


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        repeated = next(key for key, _ in pairs if [other for other, _ in pairs].count(key) > 1)
        raise ValueError(f"key {repeated!r} is there twice in one object")
    return values


def _objects(data: Any, name: str, key: str, required: tuple[str, ...], optional: tuple[str, ...]) -> Iterator[Row]:
    entries = data.get(key) if isinstance(data, dict) else data
    if not isinstance(entries, list):
        raise InputError(f"{name}: must be a list of objects with {', '.join(required)}")
    return _entries(entries, required, optional)


def _entries(entries: list[Any], required: tuple[str, ...], optional: tuple[str, ...]) -> Iterator[Row]:
    for number, entry in enumerate(entries, start=1):
        if not isinstance(entry, dict):
            yield Row(f"entry {number}", {}, "is not an object")
            continue
        try:
            check_columns([str(key) for key in entry], "entry", required, optional)
        except InputError as error:
            yield Row(f"entry {number}", {}, str(error).removeprefix("entry: "))
            continue
        yield Row(f"entry {number}", entry)
