import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

SECOND = 1_000_000_000


def _trade(symbol: str, number: int, price: float, *, spot: bool = True) -> bytes:
    tail = b'"m":true,"M":true' if spot else b'"X":"MARKET","m":false'
    return b'{"stream":"%s@trade","data":{"e":"trade","E":%d,"s":"%s","t":%d,"p":"%.2f","q":"0.5","T":%d,%s}}' % (
        symbol.lower().encode(),
        1000 * number,
        symbol.encode(),
        number,
        price,
        1000 * number,
        tail,
    )


@pytest.fixture(scope="session")
def trade() -> Callable[..., bytes]:
    """Make a trade of Binance at second ``number``."""
    return _trade


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, bytes], Path]:
    """Write a file, compressed as its name says."""

    def write_file(name: str, content: bytes) -> Path:
        path = tmp_path / name
        if name.endswith(".gz"):
            content = gzip.compress(content)
        if name.endswith(".zst"):
            content = zstandard.compress(content)
        path.write_bytes(content)
        return path

    return write_file
