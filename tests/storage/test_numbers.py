"""No table takes a number that is none, whoever writes it (rows D1 and D10): the wall behind the decoder."""

import psycopg
import pytest

ROWS = {
    "ticks": "run, feed, symbol, time, event_ns, price, size, bid, ask, fact, received_ns, journal_offset, ordinal",
    "positions": "run, portfolio, symbol, quantity, average_price, multiplier, currency, journal_offset",
    "jobs": "id, run, kind, portfolio, request, progress",
    "trades": "run, trade_id, portfolio, symbol, quantity, price, event_time, event_ns, journal_offset",
}
"""The tables that have numbers, and the columns of a row: all of them may be 1, but for these."""
_OTHERS = {"time": "now()", "event_time": "now()", "kind": "'backtest'"}
_NUMBERS = """
select table_name, column_name from information_schema.columns
join information_schema.tables using (table_schema, table_name)
where table_schema = 'public' and table_type = 'BASE TABLE' and data_type in ('double precision', 'real', 'numeric')
order by 1, 2
"""


def test_no_column_takes_nan_or_infinity(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        columns = connection.execute(_NUMBERS).fetchall()
        assert {table for table, _ in columns} == set(ROWS)
        for table, names in ROWS.items():
            row = [_OTHERS.get(name, "'1'") for name in names.split(", ")]
            connection.execute(f"insert into {table} ({names}) values ({', '.join(row)})".encode())
        for table, column in columns:
            for value in ("NaN", "Infinity", "-Infinity"):
                with pytest.raises(psycopg.errors.CheckViolation):
                    connection.execute(f"update {table} set {column} = %s".encode(), [value])
