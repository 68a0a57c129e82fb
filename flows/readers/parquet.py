"""Ticks in Parquet, streamed in batches, so that what a small file unpacks to is never in memory at once."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from flows.messages import Kind
from flows.readers.entry import Entry
from flows.readers.streams import BytesRead
from flows.readers.text import FIELDS, check_columns
from flows.timestamps import parse_timestamp
from riskcore.errors import InputError, TailwatchError

_ROWS = 10_000
_BATCH_BYTES = 64 * 1024 * 1024
_MAX_COLUMNS = 1000
_MAX_TEXT = 4096
_WIDTH = 8
_FREE = 256 * 1024 * 1024
_MAX_RATIO = 500
_TIMES = ("ts", "received")


@dataclass(frozen=True, slots=True)
class ParquetFile:
    """A table of ticks; ``line`` is the row, from 1. Timestamps without a zone are UTC."""

    path: Path
    position: int
    origin: str

    def columns(self) -> list[str]:
        """Name the columns that are ours.

        Raises
        ------
        InputError
            The file is no Parquet file, or has no ticks.
        """
        file = self._open()
        names = [str(name) for name in file.schema_arrow.names]
        if len(names) > _MAX_COLUMNS:
            raise InputError(f"{self.path}: has {len(names)} columns, more than {_MAX_COLUMNS}")
        check_columns(self.path, names)
        self._check_size(file.metadata, [name for name in names if name in FIELDS])
        return [name for name in names if name in FIELDS]

    def entries(self, bytes_read: BytesRead | None = None) -> Iterator[Entry]:
        columns = self.columns()
        file, row, time = self._open(), 0, 0
        share = self.path.stat().st_size / max(1, file.metadata.num_rows)
        for batch in self._batches(file, columns):
            values = [_cells(batch.column(name), name, self.path) for name in columns]
            for row, cells in enumerate(zip(*values, strict=True), row + 1):  # noqa: B020 - goes on counting
                tick = {name: cell for name, cell in zip(columns, cells, strict=True) if cell is not None}
                time = _time_of(tick, time)
                payload = msgspec.json.encode(tick)
                yield time, self.position, row, Kind.FRAME, "tailwatch", self.origin, payload
            if bytes_read is not None:
                bytes_read(int(share * batch.num_rows))

    def _open(self) -> Any:
        import pyarrow as pa  # noqa: PLC0415 - 60 MB that only this format needs
        from pyarrow import parquet  # noqa: PLC0415 - as above

        try:
            # Text stays in its dictionary: spread over the rows, a mebibyte of it would be gigabytes.
            texts = [field.name for field in parquet.read_schema(self.path) if pa.types.is_string(field.type)]
            return parquet.ParquetFile(self.path, read_dictionary=texts)
        except (pa.ArrowException, OSError) as error:
            raise InputError(f"{self.path}: is not a readable Parquet file: {_brief(error)}") from error

    def _check_size(self, metadata: Any, names: list[str]) -> None:
        """Refuse a bomb by rows times their width: sizes in the footer are those of encoded pages."""
        rows, packed = metadata.num_rows, self.path.stat().st_size
        pages = sum(metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups))
        size = max(rows * _WIDTH * len(names), pages)
        if size > _FREE and size > _MAX_RATIO * packed:
            raise InputError(
                f"{self.path}: {rows:,d} rows unpack to more than {_MAX_RATIO} times its size, as no recording does"
            )

    def _batches(self, file: Any, columns: list[str]) -> Iterator[Any]:
        import pyarrow as pa  # noqa: PLC0415 - as above

        row = 0
        try:
            for batch in file.iter_batches(_ROWS, columns=columns, use_threads=False):
                if batch.nbytes > _BATCH_BYTES:
                    raise TailwatchError(f"{self.path}: the {_ROWS} rows from {row + 1} on take over 64 MiB")
                yield batch
                row += batch.num_rows
        except (pa.ArrowException, OSError) as error:
            raise TailwatchError(f"{self.path}: damaged after row {row}: {_brief(error)}") from error


def _cells(column: Any, name: str, path: Path) -> list[Any]:
    import pyarrow as pa  # noqa: PLC0415 - as above

    kind = column.type
    try:
        if pa.types.is_timestamp(kind):
            return list(column.cast(pa.timestamp("ns", kind.tz)).cast(pa.int64()).to_pylist())
        if pa.types.is_decimal(kind):
            column = column.cast(pa.float64())
        if pa.types.is_dictionary(kind):
            _check_texts(column.dictionary, name, path)
            column = column.cast(kind.value_type)
    except pa.ArrowException as error:
        raise TailwatchError(f"{path}: column {name}: {_brief(error)}") from error
    if not _is_plain(pa.types, column.type):
        raise InputError(f"{path}: column {name} holds {kind}, which is no part of a tick")
    try:
        return list(column.to_pylist())
    except UnicodeDecodeError as error:
        raise TailwatchError(f"{path}: column {name} holds text that is not UTF-8") from error


def _check_texts(values: Any, name: str, path: Path) -> None:
    import pyarrow as pa  # noqa: PLC0415 - as above
    from pyarrow import compute  # noqa: PLC0415 - as above

    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        longest = compute.max(compute.binary_length(values)).as_py() or 0
        if longest > _MAX_TEXT:
            raise InputError(f"{path}: column {name} holds text of {longest:,d} bytes, which is no part of a tick")


def _is_plain(types: Any, kind: Any) -> bool:
    return bool(
        types.is_integer(kind) or types.is_floating(kind) or types.is_string(kind)
        or types.is_large_string(kind) or types.is_boolean(kind) or types.is_null(kind)
    )  # fmt: skip


def _time_of(tick: dict[str, Any], previous: int) -> int:
    for name in reversed(_TIMES):
        if name in tick:
            try:
                return parse_timestamp(tick[name])
            except InputError:
                return previous
    return previous


def _brief(error: Exception) -> str:
    return str(error).partition("\n")[0][:200]
