"""How far the webhook is: which alerts it has to send, in their order, and what became of each."""

from typing import NamedTuple

from storage.connection import CALL_TIMEOUT_S, Connection, Session, hold
from storage.errors import WriterConflictError, describe
from storage.outbox import CHANNEL

_SET_UP = "insert into deliveries (run, id) values ('', 0) on conflict do nothing returning run"
_BEGIN = """
insert into deliveries (run, id)
select run, case when %s then coalesce((select max(id) from outbox where outbox.run = runs.run), 0) else 0 end
from runs where kind = 'live' on conflict do nothing
"""
_WAITING = """
select o.run, o.id, o.payload->>'id', o.payload::text from deliveries d
join outbox o on o.run = d.run and o.kind = 'alert' and o.id > d.id order by o.run, o.id limit %s
"""
_PARKED = """
select o.run, o.id, o.payload->>'id', o.payload::text from parked p
join outbox o on o.run = p.run and o.id = p.id order by o.run, o.id
"""


class Delivery(NamedTuple):
    """An alert to be sent: its place, its own id, and its bytes as they were stored."""

    run: str
    id: int
    alert: str
    payload: bytes


class DeliveryStore:
    """The only sender of a database's alerts: of all live runs, replays wake nobody.

    Every call may be made again after :class:`DatabaseUnavailableError`.
    """

    def __init__(self, url: str, timeout_s: float = CALL_TIMEOUT_S) -> None:
        self._url = url
        self._session = Session(url, "webhook", self._take, timeout_s)

    def waiting(self, limit: int = 1_000) -> list[Delivery]:
        """Return what is to be sent, oldest first.

        Of the runs that there are when this is called for the first time ever, only what comes from now on.

        Raises
        ------
        WriterConflictError
            Another program sends the alerts of this database.
        """
        with self._session.transaction() as connection:
            first = bool(connection.execute(_SET_UP).rowcount)
            connection.execute(_BEGIN, [first])
            return _deliveries(connection.execute(_WAITING, [limit]).fetchall())

    def parked(self) -> list[Delivery]:
        """Return what was parked, oldest first."""
        with self._session.transaction() as connection:
            return _deliveries(connection.execute(_PARKED).fetchall())

    def sent(self, delivery: Delivery) -> None:
        """Note that the receiver has taken it."""
        place = [delivery.run, delivery.id]
        with self._session.transaction() as connection:
            self._advance(connection, delivery)
            connection.execute("delete from parked where run = %s and id = %s", place)
            connection.execute("insert into received (run, id) values (%s, %s) on conflict do nothing", place)

    def park(self, delivery: Delivery, reason: str) -> None:
        """Note that the receiver does not want it, and go on behind it."""
        with self._session.transaction() as connection:
            self._advance(connection, delivery)
            connection.execute(
                "insert into parked (run, id, reason) values (%s, %s, %s)"
                " on conflict (run, id) do update set reason = excluded.reason, parked = excluded.parked",
                [delivery.run, delivery.id, reason],
            )

    def wait(self, timeout_s: float) -> None:
        """Return when something new was told, or after so long."""
        self._session.heard(timeout_s)

    def close(self) -> None:
        self._session.close()

    def _advance(self, connection: Connection, delivery: Delivery) -> None:
        connection.execute(
            "update deliveries set id = %s where run = %s and id < %s", [delivery.id, delivery.run, delivery.id]
        )

    def _take(self, connection: Connection) -> None:
        if not hold(connection, "tailwatch webhook"):
            raise WriterConflictError(
                f"database {describe(self._url)}: another program sends its alerts to a webhook: stop it first"
            )
        connection.execute(f"listen {CHANNEL}")


def _deliveries(rows: list[tuple[str, int, str, str]]) -> list[Delivery]:
    return [Delivery(run, number, alert, payload.encode()) for run, number, alert, payload in rows]
