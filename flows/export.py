"""A journal into a file: its ticks as ``record`` writes them, as Parquet, or its records as they stand."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from flows.feeds.adapter import PriceSource
from flows.messages import Record
from flows.readers.record_lines import record_line
from flows.recording import TickFileStore, TickReader, tick_fields
from riskcore.errors import InputError

_ROWS = 10_000
_COLUMNS = ("ts", "symbol", "price", "size", "side", "seq", "trade_id", "bid", "ask", "feed", "received")


def export_ticks(runs: Iterable[Sequence[Record]], out: Path, price: PriceSource) -> int:
    """Write the ticks of runs of records; the name says how: NDJSON, compressed or not, or Parquet. Returns how many.

    Raises
    ------
    InputError
        The file exists, cannot be made, or has another ending.
    """
    if out.suffix == ".parquet":
        return _whole(out, lambda partial: _to_parquet(runs, partial, price))
    return _whole(out, lambda partial: _to_lines(runs, TickFileStore(partial, price)))


def export_records(runs: Iterable[Sequence[Record]], out: Path) -> int:
    """Write every record as a line, clocks and commands too: its replay gives the bytes of the journal's replay."""

    return _whole(out, lambda partial: _to_lines(runs, _RecordFileStore(partial)))


class _RecordFileStore(TickFileStore):
    def _lines(self, records: Sequence[Record]) -> Iterator[bytes]:
        for record in records:
            self.ticks += 1
            yield record_line(record)


def _whole(out: Path, write: Callable[[Path], int]) -> int:
    if out.exists():
        raise InputError(f"{out}: exists already; name a new file")
    partial = out.with_name(f".partial-{out.name}")
    try:
        partial.unlink(missing_ok=True)
        count = write(partial)
        partial.rename(out)
    finally:
        partial.unlink(missing_ok=True)
    return count


def _to_lines(runs: Iterable[Sequence[Record]], store: TickFileStore) -> int:
    try:
        for run in runs:
            store.append(run)
    finally:
        store.close()
    return store.ticks


def _to_parquet(runs: Iterable[Sequence[Record]], out: Path, price: PriceSource) -> int:
    import pyarrow as pa  # noqa: PLC0415 - 60 MB that only this format needs
    from pyarrow import parquet  # noqa: PLC0415 - as above

    numbers = dict.fromkeys(("price", "size", "bid", "ask"), pa.float64())
    whole = dict.fromkeys(("ts", "received", "seq", "trade_id"), pa.int64())
    schema = pa.schema([(name, (numbers | whole).get(name, pa.string())) for name in _COLUMNS])
    count = 0
    with parquet.ParquetWriter(out, schema, compression="zstd") as file:
        for rows in _batches(runs, price):
            columns = {name: [row.get(name) for row in rows] for name in _COLUMNS}
            file.write_table(pa.table(columns, schema))
            count += len(rows)
    return count


def _batches(runs: Iterable[Sequence[Record]], price: PriceSource) -> Iterator[list[dict[str, Any]]]:
    reader, rows = TickReader(price), list[dict[str, Any]]()
    for run in runs:
        for record, tick in reader.ticks(run):
            time = tick.event_time if tick.event_time > 0 else record.stamp
            rows.append(tick_fields(tick, record.stamp) | {"ts": time, "received": record.stamp})
        if len(rows) >= _ROWS:
            yield rows
            rows = []
    if rows:
        yield rows
