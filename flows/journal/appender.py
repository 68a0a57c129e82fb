"""The one thread that writes: it takes what many threads append, in batches, and says what is durable.

A record's way: ``append`` numbers and queues it; the writing thread takes all that is queued, adds a CLOCK
record, hands the batch to the store in one write, syncs, and publishes ``durable``. Syncs are at least
``fsync_interval_s`` apart (group commit), so a record waits that long at most before its own sync begins.
"""

import time
from collections.abc import Callable, Sequence
from threading import Condition, Event, RLock, Thread
from typing import Protocol

import structlog

from flows.journal.records import DURABLE, check_sizes
from flows.journal.segment import JournalError
from flows.journal.stamps import Stamps
from flows.messages import Kind, Record
from riskcore.errors import TailwatchError

_log = structlog.get_logger(__name__)
_RECORD_COST = 200


class Store(Protocol):
    """Where batches of records go. ``append`` leaves no part of a batch behind when it raises ``OSError``."""

    next_offset: int
    last_stamp: int

    @property
    def name(self) -> str: ...
    def append(self, records: Sequence[Record]) -> None: ...
    def sync(self) -> None: ...
    def close(self) -> None: ...


class Appender:
    """Queues records from any thread and writes them to a store from one thread of its own.

    While the store cannot be written (disk full), ``append`` raises; the batch at hand is tried again
    every ``retry_s``, and accepting goes on when it is written. A failed *sync* ends the appender for
    good: what the disk still holds only opening the journal anew can tell.

    Parameters
    ----------
    fsync_interval_s
        Least time between two syncs.
    silence_s
        After this long without a record a CLOCK record is written alone.
    queue_bytes
        Bound of what is queued; ``append`` blocks at it.
    clock
        Nanoseconds since the epoch. Stamps never decrease, whatever is done to the clock (:class:`Stamps`).
    steady
        Nanoseconds of a clock that nobody sets.
    """

    def __init__(
        self,
        store: Store,
        *,
        fsync_interval_s: float = 0.005,
        silence_s: float = 0.1,
        queue_bytes: int = 16 * 1024 * 1024,
        retry_s: float = 1.0,
        clock: Callable[[], int] = time.time_ns,
        steady: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._store = store
        self._interval_s, self._silence_s, self._retry_s = fsync_interval_s, silence_s, retry_s
        self._queue_bytes = queue_bytes
        self._clock = clock
        self._next = self._durable = store.next_offset
        self._stamps = Stamps(store.last_stamp, steady)
        self._queue: list[Record] = []
        self._queued = 0
        self._error: str | None = None
        self._failed = False
        self._closing = Event()
        lock = RLock()
        self._filled, self._emptied, self._synced = Condition(lock), Condition(lock), Condition(lock)
        self._thread = Thread(target=self._run, name=f"write {store.name}", daemon=True)
        self._thread.start()

    @property
    def durable(self) -> int:
        """The first offset that is not durable yet."""
        return self._durable

    @property
    def next_offset(self) -> int:
        """The offset that the next record gets."""
        return self._next

    @property
    def last_stamp(self) -> int:
        """The stamp of the newest record."""
        return self._stamps.last

    @property
    def queued_bytes(self) -> int:
        return self._queued

    @property
    def error(self) -> str | None:
        """Why nothing can be written at present; None while all is well."""
        return self._error

    def append(
        self,
        kind: Kind,
        payload: bytes,
        adapter: str = "",
        origin: str = "",
        stamp: int | None = None,
        *,
        line: int = 0,
    ) -> int:
        """Queue one record and return its offset. Blocks while the queue is full; safe from any thread.

        Raises
        ------
        JournalError
            The store cannot be written (the message says why), or the appender is closed.
        InputError
            The record is larger than the journal's limit.
        """
        check_sizes(adapter.encode(), origin.encode(), payload)
        cost = len(payload) + _RECORD_COST
        with self._emptied:
            while self._queued and self._queued + cost > self._queue_bytes and self._accepting():
                self._emptied.wait()
            self._check()
            if not self._queue:
                self._filled.notify()
            self._queued += cost
            return self._number(kind, payload, adapter, origin, stamp, line=line)

    def wait_durable(self, offset: int, timeout_s: float | None = None) -> bool:
        """Wait until the record ``offset`` is durable; False when ``timeout_s`` has passed before.

        Raises
        ------
        JournalError
            It never will be: the appender has failed.
        """
        with self._synced:
            self._synced.wait_for(lambda: self._durable > offset or self._failed, timeout_s)
            if self._durable <= offset and self._failed:
                self._check()
            return self._durable > offset

    def flush(self, timeout_s: float | None = None) -> bool:
        """Wait until all that was appended so far is durable."""
        return self.wait_durable(self._next - 1, timeout_s)

    def close(self) -> None:
        """Write what is queued, sync and end. Repeating it does nothing.

        Raises
        ------
        JournalError
            Something that was appended could not be written.
        """
        with self._filled:
            self._closing.set()
            self._filled.notify()
            self._emptied.notify_all()
        self._thread.join()
        if self._error is not None:
            raise JournalError(self._error)

    def _accepting(self) -> bool:
        return self._error is None and not self._closing.is_set()

    def _check(self) -> None:
        if self._error is not None:
            raise JournalError(self._error)
        if self._closing.is_set():
            raise JournalError(f"{self._store.name}: is closed")

    def _number(self, kind: Kind, payload: bytes, adapter: str, origin: str, stamp: int | None, *, line: int) -> int:
        given = self._stamps.next(self._clock() if stamp is None else stamp)
        offset = self._next
        self._queue.append(Record(offset, given, kind, adapter, origin, line, payload))
        self._next = offset + 1
        return offset

    def _run(self) -> None:
        try:
            while not self._closing.is_set():
                with self._filled:
                    if not self._queue and not self._closing.is_set():
                        self._filled.wait(self._silence_s)
                    batch = self._take()
                self._commit(batch)
                self._closing.wait(self._interval_s)
            self._finish()
        except TailwatchError as error:
            self._fail(str(error))
        except OSError as error:
            self._fail(f"{self._store.name}: {error.strerror or error}")
        except Exception as error:  # the thread's last words: append and close repeat them to the callers
            self._fail(f"{self._store.name}: the writing thread failed: {error!r}")
            raise
        finally:
            self._close_store()

    def _close_store(self) -> None:
        try:
            self._store.close()
        except OSError as error:
            self._fail(f"{self._store.name}: {error.strerror or error}")

    def _finish(self) -> None:
        while self._queue:
            with self._filled:
                batch = self._take()
            self._commit(batch)
        with self._filled:
            batch = self._take()
        self._commit(batch)

    def _take(self) -> list[Record]:
        self._number(Kind.CLOCK, DURABLE.pack(self._durable), "", "", None, line=0)
        batch, self._queue = self._queue, []
        return batch

    def _commit(self, batch: list[Record]) -> None:
        self._write(batch)
        self._store.sync()
        with self._synced:
            self._durable = batch[-1].offset + 1
            self._queued = sum(len(record.payload) + _RECORD_COST for record in self._queue)
            self._synced.notify_all()
            self._emptied.notify_all()

    def _write(self, batch: list[Record]) -> None:
        while True:
            try:
                self._store.append(batch)
            except OSError as error:
                if self._closing.is_set():
                    raise
                self._refuse(f"{self._store.name}: cannot be written: {error.strerror or error}")
                self._closing.wait(self._retry_s)
            else:
                if self._error is not None:
                    _log.warning("the journal can be written again", journal=self._store.name)
                    self._error = None
                return

    def _refuse(self, reason: str) -> None:
        with self._emptied:
            if self._error is None:
                _log.error("nothing is accepted until the journal can be written", error=reason)
            self._error = reason
            self._emptied.notify_all()

    def _fail(self, reason: str) -> None:
        with self._emptied:
            self._error, self._failed = reason, True
            self._emptied.notify_all()
            self._synced.notify_all()
        _log.error("the journal's writer has ended", error=reason)
