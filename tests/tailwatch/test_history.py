"""Daily prices are read exactly, and a bad cell is told by row and column."""

import datetime
import gzip
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from riskcore.errors import InputError
from tailwatch.history import History, read_history


def _read(tmp_path: Path, text: str) -> History:
    path = tmp_path / "prices.csv"
    path.write_text(text)
    return read_history(path)


def test_csv_gives_dates_symbols_and_prices_with_nan_for_no_price(tmp_path: Path) -> None:
    history = _read(tmp_path, "\ufeffdate,A,tailwatch:B\n2024-01-02,1.5,2\n2024-01-03,,3e0\n2024-01-05T00:00:00Z,7, \n")
    assert history.dates == tuple(datetime.date(2024, 1, day) for day in (2, 3, 5))
    assert history.symbols == ("A", "tailwatch:B")
    np.testing.assert_array_equal(history.prices, [[1.5, 2.0], [np.nan, 3.0], [7.0, np.nan]])


def test_a_file_packed_with_gzip_says_the_same_and_the_column_may_be_called_date_in_capitals(tmp_path: Path) -> None:
    path = tmp_path / "prices.csv.gz"
    path.write_bytes(gzip.compress(b"Date,A\n2024-01-02,1.5\n2024-01-03,2\n"))
    history = read_history(path)
    assert history.symbols == ("A",)
    np.testing.assert_array_equal(history.prices, [[1.5], [2.0]])


@pytest.mark.parametrize("cut", [slice(0, -9), slice(0, 12)])
def test_a_damaged_gzip_file_is_one_clear_error(tmp_path: Path, cut: slice) -> None:
    path = tmp_path / "prices.csv.gz"
    path.write_bytes(gzip.compress(b"date,A\n2024-01-02,1.5\n2024-01-03,2\n")[cut])
    with pytest.raises(InputError, match=r"prices\.csv\.gz: damaged gzip file"):
        read_history(path)


def test_a_file_that_would_unpack_to_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("files.tables._LARGEST_FILE", 1 << 20)
    path = tmp_path / "prices.csv.gz"
    path.write_bytes(gzip.compress(b"date,A\n" + b" " * (2 << 20)))
    with pytest.raises(InputError, match="larger than 1 MiB"):
        read_history(path)


def test_parquet_says_the_same_as_csv(tmp_path: Path) -> None:
    days = [datetime.date(2024, 1, 2), datetime.date(2024, 1, 3)]
    path = tmp_path / "prices.parquet"
    parquet.write_table(pa.table({"A": [1.5, None], "date": days, "B": [2, 3]}), path)
    history = read_history(path)
    assert (history.dates, history.symbols) == (tuple(days), ("A", "B"))
    np.testing.assert_array_equal(history.prices, [[1.5, 2.0], [np.nan, 3.0]])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("day,A\n2024-01-02,1\n", "column 'date' is missing"),
        ("date\n2024-01-02\n", "no column of prices"),
        ("date,A,A\n", "column 'A' is there twice"),
        ("date,A,\n", "without a name"),
        ("date,A\n2024-01-02,1\n", "holds 1 days; a return needs at least two"),
        ("date,A\n2024-01-02,1\n2024-01-02,1\n", "row 3: date 2024-01-02 does not come after 2024-01-02"),
        ("date,A\n2024-01-03,1\n2024-01-02,1\n", "row 3: date 2024-01-02 does not come after 2024-01-03"),
        ("date,A\n02/01/2024,1\n2024-01-02,1\n", "row 2: date '02/01/2024' is not like 2024-08-08"),
        ("date,A\n2024-01-02,x\n2024-01-03,1\n", "row 2: A: 'x' is not a price"),
        ("date,A\n2024-01-02,nan\n2024-01-03,1\n", "row 2: A: price nan is not a positive"),
        ("date,A\n2024-01-02,0\n2024-01-03,1\n", "price 0 is not"),
        ("date,A\n2024-01-02,-1\n2024-01-03,1\n", "price -1 is not"),
        ("date,A\n2024-01-02,1e999\n2024-01-03,1\n", "price inf is not"),
        ("date,A\n2024-01-02\n2024-01-03,1\n", "row 2: has 1 cells, the header 2"),
    ],
)
def test_a_bad_history_is_one_clear_error(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(InputError) as refused:
        _read(tmp_path, text)
    assert says in str(refused.value)
    assert str(refused.value).startswith(f"history file {tmp_path}")
    assert "\n" not in str(refused.value)


def test_what_is_not_parquet_is_told(tmp_path: Path) -> None:
    path = tmp_path / "prices.parquet"
    path.write_text("date,A\n")
    with pytest.raises(InputError, match=r"prices\.parquet: not Parquet"):
        read_history(path)
    with pytest.raises(InputError, match=r"none\.parquet: there is no such file"):
        read_history(tmp_path / "none.parquet")
