"""Runs and the parts that work on them: who computes, with what settings, and is it alive."""

from typing import Literal

from storage.connection import CALL_TIMEOUT_S, Session
from storage.writer import live_writer


class RunStore:
    """Registers runs; the newest registered one is what the API shows."""

    def __init__(self, url: str, timeout_s: float = CALL_TIMEOUT_S) -> None:
        self._session = Session(url, "runs", timeout_s=timeout_s)

    def register(self, run: str, kind: Literal["live", "replay"], settings: bytes, settings_hash: str) -> None:
        """Make `run` the newest one, with the settings (JSON) that it works with from now on."""
        with self._session.transaction() as connection:
            connection.execute(
                "insert into runs (run, kind, settings, settings_hash) values (%s, %s, %s, %s)"
                " on conflict (run) do update set settings = excluded.settings,"
                " settings_hash = excluded.settings_hash, registered = excluded.registered",
                [run, kind, settings.decode(), settings_hash],
            )

    def newest(self) -> str | None:
        with self._session.transaction() as connection:
            row = connection.execute("select run from runs order by registered desc limit 1").fetchone()
        return row[0] if row else None

    def live_writer(self) -> str | None:
        """Return the live run that an engine writes at present, None where none does."""
        with self._session.transaction() as connection:
            return live_writer(connection)

    def close(self) -> None:
        self._session.close()


class PartStore:
    """Says that a part is alive, with a word on how it is."""

    def __init__(self, url: str, timeout_s: float = CALL_TIMEOUT_S) -> None:
        self._session = Session(url, "parts", timeout_s=timeout_s)

    def beat(self, part: str, run: str | None, state: bytes) -> None:
        """Store the part's `state` (JSON) with the time of now, by the database's clock."""
        with self._session.transaction() as connection:
            connection.execute(
                "insert into parts (part, run, state) values (%s, %s, %s) on conflict (part) do update"
                " set run = excluded.run, state = excluded.state, beat = excluded.beat",
                [part, run, state.decode()],
            )

    def forget(self, part: str) -> None:
        """Miss a part no longer: it has ended as it was told to."""
        with self._session.transaction() as connection:
            connection.execute("delete from parts where part = %s", [part])

    def close(self) -> None:
        self._session.close()
