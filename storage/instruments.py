"""The instrument master: written in the transaction of the command that stated it, and read by the API."""

from collections.abc import Sequence

from storage.connection import Connection
from storage.pool import Pool
from storage.rows import InstrumentRow

_STATE = (
    "insert into instruments (run, symbol, definition, stated_ns, journal_offset) values (%s, %s, %s, %s, %s)"
    " on conflict (run, symbol) do update set definition = excluded.definition, stated_ns = excluded.stated_ns,"
    " journal_offset = excluded.journal_offset where instruments.journal_offset <= excluded.journal_offset"
)


class Instruments(Pool):
    """The queries on instruments."""

    async def instruments(self, run: str) -> list[InstrumentRow]:
        """Return what is known of each instrument, by symbol."""
        rows = await self._rows(
            "select symbol, definition, stated_ns, journal_offset from instruments"
            " where run = %s and definition is not null order by symbol",
            [run],
        )
        return [InstrumentRow(*row) for row in rows]


def write_instruments(connection: Connection, run: str, rows: Sequence[InstrumentRow]) -> None:
    """Keep each instrument as it was stated last; one that is known no more stays as a mark."""
    if rows:
        with connection.cursor() as cursor:
            told = [(run, one.symbol, _text(one.definition), one.stated, one.journal_offset) for one in rows]
            cursor.executemany(_STATE, told)


def _text(stored: bytes | None) -> str | None:
    return None if stored is None else stored.decode()
