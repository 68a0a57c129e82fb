"""The outbox: everything that clients are told, stored first, under ids without a hole.

A run has one writer at a time. So ids become visible in their order, and no cursor can skip one.
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from itertools import pairwise
from threading import RLock

from storage.commands import store_answers, wait_for_no_disk
from storage.connection import CALL_TIMEOUT_S, Connection, Session
from storage.instruments import write_instruments
from storage.limits import write_limits, write_silences
from storage.rows import (
    AnswerRow,
    InstrumentRow,
    Last,
    LimitRow,
    OutboxRow,
    PositionRow,
    SilenceRow,
    TradeRow,
    VerdictRow,
)
from storage.writer import Right

ALL = "*"
"""The portfolio of an alert that is about all of them."""
CHANNEL = "outbox"
"""The channel of notifications; a payload is ``run:id`` with the newest id."""

_INSERT_SNAPSHOT = (
    "insert into risk_snapshots"
    " (run, portfolio, event_time, event_ns, id, journal_offset, payload, transient, backtest)"
    " select run, portfolio, moment(at), at, id, journal_offset, payload, transient,"
    " case when not transient and json_typeof(payload -> 'backtest') = 'object' then payload -> 'backtest' end"
    " from (values (%s, %s, %s::bigint, %s::bigint, %s::bigint, %s::json, %s::boolean))"
    " as row (run, portfolio, at, id, journal_offset, payload, transient)"
)
_INSERT_EVENT = (
    "insert into outbox (run, id, kind, portfolio, journal_offset, ordinal, event_time, event_ns, payload, digest)"
    " values (%s, %s, %s, %s, %s, %s, moment(%s), %s, %s, %s)"
)
_INSERT_POSITION = (
    "insert into positions (run, portfolio, symbol, quantity, average_price, multiplier, currency, desk,"
    " journal_offset) values (%s, %s, %s, %s, %s, %s, %s, %s, %s)"
)
_INSERT_TRADE = (
    "insert into trades (run, trade_id, portfolio, symbol, quantity, price, event_time, event_ns,"
    " journal_offset, corrects, cancels) values (%s, %s, %s, %s, %s, %s, moment(%s), %s, %s, %s, %s)"
    " on conflict do nothing"
)
_UPDATE_POSITION = (
    _INSERT_POSITION + " on conflict (run, portfolio, symbol) do update set quantity = excluded.quantity,"
    " average_price = excluded.average_price, multiplier = excluded.multiplier, currency = excluded.currency,"
    " desk = excluded.desk, journal_offset = excluded.journal_offset"
)


_NEWEST = "select coalesce(max(id), 0) from outbox where run = %s"
_TELL_ALL = """
insert into outbox (run, id, kind, portfolio, journal_offset, ordinal, event_time, event_ns, payload)
select %(run)s, %(id)s, 'alert', %(all)s, %(offset)s, coalesce(min(ordinal), 0) - 1,
    moment(%(time)s), %(time)s, %(payload)s
from outbox where run = %(run)s and journal_offset = %(offset)s and ordinal < 0
having not exists (select from outbox where run = %(run)s and portfolio = %(all)s and payload->>'id' = %(alert)s)
"""
_INSERT_VERDICT = (
    "insert into verdicts (run, journal_offset, ordinal, fate, feed, symbol, event_ns)"
    " values (%s, %s, %s, %s, %s, %s, %s) on conflict do nothing"
)


class OutboxStore:
    """The only writer of a run's events, one call at a time, from any thread.

    After :class:`DatabaseUnavailableError` make the same call again, as often as it takes: what was stored is
    recognised by its place in the journal and skipped, also where the answer to the commit was lost.
    """

    def __init__(self, url: str, run: str, timeout_s: float = CALL_TIMEOUT_S) -> None:
        self._run = run
        self._last = Last(-1, -1, 0)
        self.right = Right(url, run, "engine")
        """To be confirmed by whatever else this program does for the run."""
        self._lock = RLock()
        self._session = Session(url, f"outbox {run}", self._take_over, timeout_s)
        self._answering = Session(url, f"answers {run}", timeout_s=timeout_s)

    def last(self) -> Last:
        """Return the newest event stored; the first call takes the right to write.

        Raises
        ------
        WriterConflictError, WriterReplacedError
            Another program writes this run.
        """
        with self._lock, self._session.transaction():
            return self._last

    @property
    def newest(self) -> Last:
        """The newest event that is stored, as far as this program knows; :meth:`last` asks the database first."""
        return self._last

    def write(
        self,
        rows: Sequence[OutboxRow],
        positions: Sequence[PositionRow] = (),
        trades: Sequence[TradeRow] = (),
        changed: Sequence[PositionRow] = (),
        *,
        answers: Sequence[AnswerRow] = (),
        limits: Sequence[LimitRow] = (),
        silences: Sequence[SilenceRow] = (),
        verdicts: Sequence[VerdictRow] = (),
        instruments: Sequence[InstrumentRow] = (),
    ) -> Last:
        """Store everything in one transaction, notify listeners, return the newest event.

        `rows` are in the order of (journal_offset, ordinal). The positions of each portfolio named in
        `positions` are replaced; those `changed` stand beside what else their portfolio holds. One round trip for the
        whole, about 1 ms and 0.1 ms an event.
        """
        _check_order(rows)
        with self._lock:
            with self._session.transaction() as connection:
                fresh = [row for row in rows if (row.journal_offset, row.ordinal) > self._last[:2]]
                last = self._after(fresh)
                with connection.pipeline():
                    confirmed = self.right.confirm(connection)
                    self._insert(connection, fresh)
                    self._replace_positions(connection, positions)
                    _insert_many(connection, _UPDATE_POSITION, [(self._run, *row) for row in changed])
                    self._add_trades(connection, trades)
                    _insert_many(connection, _INSERT_VERDICT, [(self._run, *row) for row in verdicts])
                    write_instruments(connection, self._run, instruments)
                    write_limits(connection, self._run, limits)
                    write_silences(connection, self._run, silences)
                    store_answers(connection, self._run, answers)
                    if fresh:
                        connection.execute("select pg_notify(%s, %s)", [CHANNEL, f"{self._run}:{last.id}"])
                self.right.check(confirmed)
            self._last = last
            return last

    def answer_questions(self, answers: Sequence[AnswerRow]) -> None:
        """Answer what changed nothing: at once, over a connection of its own, and without waiting for the disk.

        May be called by another thread than :meth:`write`, and while that is at work.
        """
        with self._answering.transaction() as connection:
            with connection.pipeline():
                confirmed = self.right.confirm(connection)
                wait_for_no_disk(connection)
                store_answers(connection, self._run, answers)
            self.right.check(confirmed)

    def newest_of_all(self, rule: str) -> bytes | None:
        """Return the newest alert of a rule that is about no portfolio in particular, None where there is none."""
        with self._lock, self._session.transaction() as connection:
            row = connection.execute(
                "select payload::text from outbox where run = %s and portfolio = %s and payload->>'rule' = %s"
                " order by id desc limit 1",
                [self._run, ALL, rule],
            ).fetchone()
        return None if row is None else row[0].encode()

    def tell_all(self, alert: str, event_time: int, payload: bytes) -> None:
        """Store an alert that no record of the journal has caused, behind everything else, once by its id.

        Its ordinal is negative: no event of the journal has its place.
        """
        with self._lock:
            with self._session.transaction() as connection:
                confirmed = self.right.confirm(connection)
                self.right.check(confirmed)
                last = self._last
                told = connection.execute(
                    _TELL_ALL,
                    {"run": self._run, "id": last.id + 1, "all": ALL, "offset": last.journal_offset, "alert": alert,
                     "time": event_time, "payload": payload.decode()},
                ).rowcount  # fmt: skip
                if told:
                    connection.execute("select pg_notify(%s, %s)", [CHANNEL, f"{self._run}:{last.id + 1}"])
            self._last = last._replace(id=last.id + told)

    def write_positions(self, positions: Sequence[PositionRow]) -> None:
        """Replace the positions of each portfolio named."""
        self.write((), positions)

    def close(self) -> None:
        self._session.close()
        self._answering.close()

    def _take_over(self, connection: Connection) -> None:
        self.right.take(connection)
        row = connection.execute(
            "select journal_offset, ordinal, (select max(id) from outbox where run = %s) from outbox"
            " where run = %s and ordinal >= 0 order by id desc limit 1",
            [self._run, self._run],
        ).fetchone()
        self._last = Last(*row) if row else Last(-1, -1, *connection.execute(_NEWEST, [self._run]).fetchone() or (0,))

    def _after(self, fresh: Sequence[OutboxRow]) -> Last:
        if not fresh:
            return self._last
        return Last(fresh[-1].journal_offset, fresh[-1].ordinal, self._last.id + len(fresh))

    def _insert(self, connection: Connection, fresh: Sequence[OutboxRow]) -> None:
        snapshots, events = [], []
        for number, row in enumerate(fresh, self._last.id + 1):
            payload = row.payload.decode()
            place = (row.portfolio, row.journal_offset, row.ordinal, row.event_time, row.event_time)
            if row.kind == "risk":
                snapshots.append(
                    (
                        self._run,
                        row.portfolio,
                        row.event_time,
                        number,
                        row.journal_offset,
                        payload,
                        row.transient,
                    )
                )
            kept = None if row.kind == "risk" else payload
            events.append((self._run, number, row.kind, *place, kept, sha256(row.payload).digest()))
        _insert_many(connection, _INSERT_SNAPSHOT, snapshots)
        _insert_many(connection, _INSERT_EVENT, events)

    def _replace_positions(self, connection: Connection, positions: Iterable[PositionRow]) -> None:
        portfolios = sorted({row.portfolio for row in positions})
        if portfolios:
            connection.execute("delete from positions where run = %s and portfolio = any(%s)", [self._run, portfolios])
        _insert_many(connection, _INSERT_POSITION, [(self._run, *row) for row in positions])

    def _add_trades(self, connection: Connection, trades: Iterable[TradeRow]) -> None:
        rows = [(self._run, *row[:5], row.event_time, *row[5:]) for row in trades]
        _insert_many(connection, _INSERT_TRADE, rows)


def _insert_many(connection: Connection, statement: str, rows: Sequence[Sequence[object]]) -> None:
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(statement, rows)


def _check_order(rows: Sequence[OutboxRow]) -> None:
    for one, other in pairwise(rows):
        if (one.journal_offset, one.ordinal) >= (other.journal_offset, other.ordinal):
            raise ValueError(f"events out of order: {one[1:4]} stands before {other[1:4]}")
