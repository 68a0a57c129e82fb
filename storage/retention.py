"""What is forgotten: figures between bars and what was asked of the engine, once they are old; ticks by setting.

Figures of bars, alerts and trades stay.
"""

from storage.connection import CALL_TIMEOUT_S, Connection, Session
from storage.flavour import Flavour
from storage.migrate import flavour_of

_AT_ONCE = 2_000
_FORGET = """
with old as (
    select portfolio, event_time, id from risk_snapshots
    where run = %(run)s and transient and event_time < (
        select max(event_time) - %(keep_s)s * interval '1 second' from risk_snapshots where run = %(run)s and transient
    )
    order by event_time limit %(limit)s
), gone as (
    delete from risk_snapshots using old
    where risk_snapshots.run = %(run)s and risk_snapshots.portfolio = old.portfolio
        and risk_snapshots.event_time = old.event_time and risk_snapshots.id = old.id
    returning risk_snapshots.id
)
delete from outbox using gone where outbox.run = %(run)s and outbox.id = gone.id
"""
_FORGET_COMMANDS = """
delete from commands where created < clock_timestamp() - interval '1 hour'
    and (status is not null or kind = 'question')
"""

_NOTE_FORGOTTEN = """
insert into forgotten (relation, before)
values ('ticks', date_trunc('day', clock_timestamp() - %s * interval '1 second'))
on conflict (relation) do update set before = greatest(forgotten.before, excluded.before) returning before
"""
_DELETE_TICKS = "delete from ticks where ctid = any(array(select ctid from ticks where time < %s limit %s))"


class Retention:
    """Forgets the figures between bars that are older, in event time, than the newest ones of their run by ``keep_s``.

    A client that comes back with a cursor among them goes on with what is left: risk may be conflated, and the ids
    that are gone are told to nobody.
    """

    def __init__(self, url: str, run: str, keep_s: float = 3600.0, timeout_s: float = CALL_TIMEOUT_S) -> None:
        self._run, self._keep_s = run, keep_s
        self._session = Session(url, f"retention {run}", timeout_s=timeout_s)

    def forget(self) -> int:
        """Forget what is due and return how many events that were; in transactions that block nobody for long."""
        with self._session.transaction() as connection:
            connection.execute(_FORGET_COMMANDS)
        count = 0
        while True:
            with self._session.transaction() as connection:
                parameters = {"run": self._run, "keep_s": self._keep_s, "limit": _AT_ONCE}
                gone = connection.execute(_FORGET, parameters).rowcount
            count += gone
            if gone < _AT_ONCE:
                return count

    def close(self) -> None:
        self._session.close()


class TickRetention:
    """Forgets the ticks of every run that happened before the day on which the time to keep them begins, in UTC.

    TimescaleDB drops whole chunks, PostgreSQL deletes row by row; what is left is the same.
    """

    def __init__(self, url: str, keep_s: float, timeout_s: float = CALL_TIMEOUT_S) -> None:
        self._keep_s = keep_s
        self._session = Session(url, "tick retention", timeout_s=timeout_s)

    def forget(self) -> None:
        """Forget what is due, in transactions that block nobody for long."""
        more = True
        while more:
            with self._session.transaction() as connection:
                more = self._forget_some(connection)

    def close(self) -> None:
        self._session.close()

    def _forget_some(self, connection: Connection) -> bool:
        row = connection.execute(_NOTE_FORGOTTEN, [self._keep_s]).fetchone()
        before = row[0] if row else None
        if flavour_of(connection) == Flavour.TIMESCALEDB:
            connection.execute("select drop_chunks('ticks', older_than => %s::timestamptz)", [before])
            return False
        return connection.execute(_DELETE_TICKS, [before, _AT_ONCE]).rowcount == _AT_ONCE
