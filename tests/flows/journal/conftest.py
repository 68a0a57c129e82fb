from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flows.journal import JournalReader, JournalWriter
from flows.messages import Kind, Record

FRAME = b'{"e":"trade","s":"BTCUSDT","p":"61837.63"}'


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "journal"


@pytest.fixture
def read_all() -> Callable[..., list[Record]]:
    def read(directory: Path, offset: int = 0, **options: bool) -> list[Record]:
        reader = JournalReader(directory, offset, **options)
        try:
            records: list[Record] = []
            while run := reader.read(7):
                records += run
            return records
        finally:
            reader.close()

    return read


@pytest.fixture
def frames(read_all: Callable[..., list[Record]]) -> Callable[..., list[bytes]]:
    def payloads(directory: Path, offset: int = 0, **options: bool) -> list[bytes]:
        return [record.payload for record in read_all(directory, offset, **options) if record.kind is Kind.FRAME]

    return payloads


@pytest.fixture
def written(directory: Path) -> Callable[..., Path]:
    """Write numbered frames, each batch durable before the next, and close."""

    def write(batches: int = 3, per_batch: int = 3, **options: int) -> Path:
        writer = JournalWriter(directory, 0.0, **options)
        for batch in range(batches):
            for number in range(per_batch):
                writer.append(Kind.FRAME, b"%d/%d %s" % (batch, number, FRAME), "binance", "one")
            assert writer.flush(5.0)
        writer.close()
        return directory

    return write


@pytest.fixture
def writer(directory: Path) -> Iterator[JournalWriter]:
    opened = JournalWriter(directory)
    yield opened
    opened.close()
