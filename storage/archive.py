"""The archive: every tick of the journal in a table, exactly once, with what was refused and what never came.

Ticks travel by COPY into a temporary table and from there, where they are not stored yet, into ``ticks``.
How far the archive has come is stored in the same transaction.
"""

from collections.abc import Sequence

from storage.connection import CALL_TIMEOUT_S, Connection, Session
from storage.copying import gap_line, refused_line, tick_line
from storage.rows import AcceptedTick, MissingRange, Progress, RefusedTick, Written
from storage.writer import Right

_TICKS = """
create temporary table staged_ticks (
    feed text, symbol text, event_ns bigint, price float8, size float8, bid float8, ask float8, side text,
    identifier bigint, fact bigint, received_ns bigint, journal_offset bigint, ordinal integer
) on commit delete rows
"""
_REFUSED = """
create temporary table staged_refused (
    journal_offset bigint, ordinal integer, stamp_ns bigint, origin text, line bigint, fate text, reason text,
    feed text, symbol text, payload bytea, payload_size integer
) on commit delete rows
"""
_GAPS = """
create temporary table staged_gaps (
    feed text, symbol text, first bigint, last bigint, journal_offset bigint, stamp_ns bigint
) on commit delete rows
"""
_INSERT_TICKS = """
insert into ticks (
    run, time,
    feed, symbol, event_ns, price, size, bid, ask, side,
    identifier, fact, received_ns, journal_offset, ordinal
)
select %s, moment(event_ns), staged_ticks.* from staged_ticks on conflict do nothing
"""
_INSERT_REFUSED = """
insert into quarantine (
    run,
    journal_offset, ordinal, stamp_ns, origin, line, fate, reason, feed, symbol, payload, payload_size
)
select %s, staged_refused.* from staged_refused on conflict do nothing
"""
_INSERT_GAPS = """
insert into gaps (run, feed, symbol, first, last, journal_offset, stamp_ns)
select %s, staged_gaps.* from staged_gaps on conflict do nothing
"""
_ADVANCE = """
insert into archive_progress as stored (run, journal_offset, state, ticks, refused)
values (%s, %s, %s, %s, %s)
on conflict (run) do update set
    journal_offset = excluded.journal_offset,
    state = excluded.state,
    ticks = stored.ticks + excluded.ticks,
    refused = stored.refused + excluded.refused,
    updated = excluded.updated
"""


class ArchiveStore:
    """The only writer of a run's ticks.

    After :class:`DatabaseUnavailableError` make the same call again: nothing is stored twice.
    """

    def __init__(self, url: str, run: str, timeout_s: float = CALL_TIMEOUT_S) -> None:
        self._run = run
        self._right = Right(url, run, "archive")
        self._session = Session(url, f"archive {run}", self._take_over, timeout_s)

    def progress(self) -> Progress:
        """Return how far the archive has come; the first call takes the right to write.

        Raises
        ------
        WriterConflictError, WriterReplacedError
            Another program archives this run.
        """
        with self._session.transaction() as connection:
            row = connection.execute(
                "select journal_offset, state, ticks, refused from archive_progress where run = %s",
                [self._run],
            ).fetchone()
        return Progress(*row) if row else Progress(-1, None, 0, 0)

    def write(
        self,
        accepted: Sequence[AcceptedTick],
        refused: Sequence[RefusedTick],
        gaps: Sequence[MissingRange],
        offset: int,
        state: bytes | None = None,
    ) -> Written:
        """Store everything up to and with the journal's record `offset` in one transaction.

        `state` is what the next archive goes on from. 10,000 ticks take about 0.12 s.
        """
        with self._session.transaction() as connection:
            self._right.check(self._right.confirm(connection))
            written = Written(
                self._add(connection, "staged_ticks", map(tick_line, accepted), _INSERT_TICKS),
                self._add(connection, "staged_refused", map(refused_line, refused), _INSERT_REFUSED),
                self._add(connection, "staged_gaps", map(gap_line, gaps), _INSERT_GAPS),
            )
            connection.execute(_ADVANCE, [self._run, offset, state, written.ticks, written.refused])
        return written

    def close(self) -> None:
        self._session.close()

    def _take_over(self, connection: Connection) -> None:
        self._right.take(connection)
        for statement in (_TICKS, _REFUSED, _GAPS):
            connection.execute(statement)

    def _add(self, connection: Connection, staged: str, lines: "map[str]", insert: str) -> int:
        text = "".join(lines)
        if not text:
            return 0
        with connection.cursor() as cursor:
            with cursor.copy(f"copy {staged} from stdin") as copy:
                copy.write(text)
            cursor.execute(insert.encode(), [self._run])
            return cursor.rowcount


def archived(url: str, run: str) -> int:
    """Return the journal's record up to and with which a run is archived, -1 for none; changes nothing."""
    with Session(url, "status") as session, session.transaction() as connection:
        row = connection.execute("select journal_offset from archive_progress where run = %s", [run]).fetchone()
    return row[0] if row else -1
