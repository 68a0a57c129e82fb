"""What is known of the engine's silence: when it was last heard, and which silences were announced."""

from typing import NamedTuple

from storage.connection import CALL_TIMEOUT_S, Session


class Heard(NamedTuple):
    """The engine of a live run: its last sign of life, nanoseconds by the database's clock, and that clock."""

    run: str
    beat: int
    now: int


class SilenceReads:
    """Looks after the engine."""

    def __init__(self, url: str, timeout_s: float = CALL_TIMEOUT_S) -> None:
        self._session = Session(url, "watch", timeout_s=timeout_s)

    def heard(self) -> Heard | None:
        """Return when the engine was last heard, None where none ever was."""
        with self._session.transaction() as connection:
            row = connection.execute(
                "select run, nanoseconds(beat), nanoseconds(clock_timestamp()) from parts join runs using (run)"
                " where part = 'engine' and kind = 'live'"
            ).fetchone()
        return Heard(*row) if row else None

    def announced(self, run: str) -> list[bytes]:
        """Return the silences and maintenance windows of a run."""
        with self._session.transaction() as connection:
            rows = connection.execute(
                "select definition::text from silences where run = %s and definition is not null", [run]
            ).fetchall()
        return [definition.encode() for (definition,) in rows]

    def close(self) -> None:
        self._session.close()
