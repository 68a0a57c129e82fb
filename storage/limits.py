"""Limits with where they stand, and silences: written in the transaction of the alerts that tell of them."""

from collections.abc import Sequence

from storage.connection import Connection
from storage.rows import LimitRow, SilenceRow

_SET_LIMIT = (
    "insert into limits (run, portfolio, name, definition, standing, journal_offset) values (%s, %s, %s, %s, %s, %s)"
    " on conflict (run, portfolio, name) do update set definition = excluded.definition,"
    " standing = excluded.standing, journal_offset = excluded.journal_offset"
    " where limits.journal_offset <= excluded.journal_offset"
)
_SET_SILENCE = (
    "insert into silences (run, id, definition, journal_offset) values (%s, %s, %s, %s)"
    " on conflict (run, id) do update set definition = excluded.definition, journal_offset = excluded.journal_offset"
    " where silences.journal_offset <= excluded.journal_offset"
)


def write_limits(connection: Connection, run: str, rows: Sequence[LimitRow]) -> None:
    """Keep each limit as it was stated last; one that was taken away stays as a mark, so that a repeat is known."""
    newest = {(row.portfolio, row.name): row for row in rows}
    _many(
        connection,
        _SET_LIMIT,
        [
            (run, row.portfolio, row.name, _text(row.definition), _text(row.standing), row.journal_offset)
            for row in newest.values()
        ],
    )


def write_silences(connection: Connection, run: str, rows: Sequence[SilenceRow]) -> None:
    """Keep each silence as it was stated last."""
    newest = {row.id: row for row in rows}
    _many(
        connection,
        _SET_SILENCE,
        [(run, row.id, _text(row.definition), row.journal_offset) for row in newest.values()],
    )


def _text(stored: bytes | None) -> str | None:
    return None if stored is None else stored.decode()


def _many(connection: Connection, statement: str, rows: Sequence[Sequence[object]]) -> None:
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(statement, rows)
