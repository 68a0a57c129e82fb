"""Snapshots as a table, one row for each method and confidence: CSV for a spreadsheet, Parquet for a notebook."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from riskcore.errors import InputError

OF_SNAPSHOT = (
    "portfolio", "event_time", "published_at", "moment", "seq", "base_currency", "horizon", "market_value", "gross",
    "net", "pnl_today",
)  # fmt: skip
OF_MEASURE = ("method", "confidence", "var", "es", "var_stderr", "es_stderr", "scenarios", "reason")
OF_QUALITY = ("observations", "journal_offset", "settings")
COLUMNS = (*OF_SNAPSHOT, *OF_MEASURE, *OF_QUALITY)
_WHOLE = frozenset(("seq", "scenarios", "observations", "journal_offset"))
_NUMBERS = frozenset(
    ("market_value", "gross", "net", "pnl_today", "confidence", "var", "es", "var_stderr", "es_stderr")
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_BATCH = 10_000

Row = list[Any]


def export(snapshots: Iterable[bytes], path: Path) -> int:
    """Write the rows of these snapshots into a file of the kind that its name says, and return how many they are.

    Raises
    ------
    InputError
        The name ends neither in ``.csv`` nor in ``.parquet``.
    """
    from flows.sinks import whole_file

    writer = _WRITERS.get(path.suffix.lower())
    if writer is None:
        raise InputError(f"{path}: name it .csv or .parquet, so that its kind is known")
    with whole_file(path) as file:
        return writer(_rows(snapshots), file)


def _rows(snapshots: Iterable[bytes]) -> Iterator[Row]:
    for payload in snapshots:
        told = msgspec.json.decode(payload)
        own = [told.get(name) for name in OF_SNAPSHOT]
        quality = [told.get("quality", {}).get(name) for name in OF_QUALITY]
        for measure in told.get("measures", ()):
            yield [*own, *(measure.get(name) for name in OF_MEASURE), *quality]


def _write_csv(rows: Iterator[Row], file: BinaryIO) -> int:
    count = 0
    text = io.TextIOWrapper(file, "utf-8", newline="")
    table = csv.writer(text)
    table.writerow(COLUMNS)
    for row in rows:
        table.writerow([_cell(value) for value in row])
        count += 1
    text.detach()
    return count


def _cell(value: Any) -> Any:
    """What a spreadsheet would run as a formula becomes text."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _write_parquet(rows: Iterator[Row], file: BinaryIO) -> int:
    import pyarrow as pa
    from pyarrow import parquet

    def kind(name: str) -> pa.DataType:
        return pa.int64() if name in _WHOLE else pa.float64() if name in _NUMBERS else pa.string()

    kinds = {name: kind(name) for name in COLUMNS}
    schema, count = pa.schema(list(kinds.items())), 0
    with parquet.ParquetWriter(file, schema, compression="zstd") as table:
        while batch := list(islice(rows, _BATCH)):
            by_column = zip(*batch, strict=True)
            columns = [pa.array(column, kind) for column, kind in zip(by_column, kinds.values(), strict=True)]
            table.write_table(pa.table(columns, schema=schema))
            count += len(batch)
    return count


_WRITERS: dict[str, Callable[[Iterator[Row], BinaryIO], int]] = {".csv": _write_csv, ".parquet": _write_parquet}
