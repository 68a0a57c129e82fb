"""The connection to a feed, the same for all venues: read, stamp, append to the journal, and come back when it breaks.

It looks into no tick. Back-pressure is the journal's: ``append`` blocks while its queue is full, then the
socket's own buffers fill and the venue sees a slow reader.
"""

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec
import structlog
from websockets.exceptions import InvalidHandshake, InvalidURI

from flows.feeds.adapter import Adapter, Credentials, PriceSource
from flows.feeds.backoff import Backoff
from flows.feeds.client import (
    VenueConnection,
    check_url,
    is_refusal,
    open_connection,
    origin_of,
    reason_of,
    retry_after_s,
)
from flows.feeds.session import Session
from flows.feeds.status import FeedStatus, Journal
from flows.messages import Kind
from riskcore.errors import TailwatchError

_log = structlog.get_logger(__name__)
_MAX_REFUSALS = 3
_OPEN_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class _End:
    reason: str
    refused: bool = False
    wait_s: float = 0.0
    was_good: bool = False


class FeedConnection:
    """A thread that keeps one venue's frames coming into the journal until it is stopped.

    Parameters
    ----------
    adapter, url, symbols
        The venue, the address (of :meth:`Adapter.url`) and what to subscribe to.
    price
        What the adapter reads; it is written into the journal, for those who decode the frames.
    credentials
        For a venue that wants to know who we are; ``InputError`` where it does and there are none.
    journal
        Takes every text frame as it came, and a record for each connection made and lost.
    backoff
        Waits between attempts.
    liveness_s
        Seconds without a frame after which the connection is dead; the venue's own where it is not given.
    clock
        Nanoseconds of the epoch: the receive times.
    """

    def __init__(
        self,
        adapter: Adapter,
        url: str,
        symbols: Sequence[str],
        journal: Journal,
        *,
        price: PriceSource = "trade",
        credentials: Credentials | None = None,
        backoff: Backoff | None = None,
        liveness_s: float | None = None,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        check_url(url)
        self.status = FeedStatus(adapter.name, url)
        self._adapter = adapter
        self._symbols = list(symbols)
        self._messages = [*adapter.login(credentials), *adapter.subscribe(symbols)]
        self._journal = journal
        self._origin = origin_of(url)
        self._price = price
        self._is_first = True
        self._backoff = backoff or Backoff()
        self._liveness_s = liveness_s or adapter.liveness_s
        self._clock = clock
        self._tried = threading.Event()
        self._stopping = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name=f"feed-{adapter.name}", daemon=True)

    @property
    def feeds(self) -> tuple[str, ...]:
        """The feeds whose ticks this brings."""
        return self._adapter.feeds

    def start(self) -> None:
        """Begin to connect, and return."""
        self._thread.start()

    def wait_connected(self, timeout_s: float = 2 * _OPEN_TIMEOUT_S) -> None:
        """Wait for the outcome of the first attempt to connect.

        Raises
        ------
        TailwatchError
            It failed: the line names the feed, the address and the reason. The thread goes on trying until
            stopped.
        """
        if not self._tried.wait(timeout_s):
            raise TailwatchError(self._unreachable("no answer in time"))
        if self.status.connections == 0 and self.status.error:
            raise TailwatchError(self.status.error)

    def stop(self, timeout_s: float = 5.0) -> None:
        """Close the connection, append what has come, and end the thread."""
        self._stopping.set()
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: the thread has ended by itself
                self._loop.call_soon_threadsafe(self._wake.set)
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def _run(self) -> None:
        try:
            asyncio.run(self._keep_connected())
        except Exception as error:  # noqa: BLE001  (a thread must not die unseen)
            self.status.error = f"feed {self._adapter.name} stopped: {error}"
            self.status.state = "failed"
            _log.exception("feed stopped", feed=self._adapter.name)
        finally:
            self._tried.set()

    async def _keep_connected(self) -> None:
        self._loop = asyncio.get_running_loop()
        refusals = 0
        while not self._stopping.is_set():
            end = await self._connect_once()
            self._tried.set()
            if self._stopping.is_set():
                break
            refusals = refusals + 1 if end.refused else 0
            if refusals == _MAX_REFUSALS:
                self.status.state = "failed"
                _log.error("feed refuses", feed=self._adapter.name, reason=end.reason)
                return
            await self._pause(end)
        self.status.state = "stopped"

    async def _pause(self, end: _End) -> None:
        if end.was_good:
            self._backoff.reset()
        wait_s = max(self._backoff.next_s(), end.wait_s)
        self.status.state = "waiting"
        _log.warning("feed lost", feed=self._adapter.name, reason=end.reason, retry_in_s=round(wait_s, 2))
        try:
            await asyncio.wait_for(self._wake.wait(), wait_s)
        except TimeoutError:
            self.status.state = "connecting"

    async def _connect_once(self) -> _End:
        try:
            connection = await open_connection(self.status.url, _OPEN_TIMEOUT_S)
        except (OSError, EOFError, InvalidHandshake, InvalidURI) as error:
            reason = reason_of(error)
            self.status.error = self._unreachable(reason)
            return _End(reason, is_refusal(error), retry_after_s(error))
        try:
            return await self._attend(connection)
        except TailwatchError as error:  # the journal takes nothing at present
            self.status.error = str(error)
            return _End(str(error))
        finally:
            await connection.close()

    async def _attend(self, connection: VenueConnection) -> _End:
        session = Session(
            connection,
            self._adapter,
            self._messages,
            self.status,
            self._on_frame,
            liveness_s=self._liveness_s,
            wake=self._wake,
        )
        self._is_first = True
        self._append(Kind.CONNECTED, {"url": self._origin, "symbols": self._symbols, "price": self._price})
        self.status.connections += 1
        self.status.state = "connected"
        self._tried.set()
        reason = await session.run()
        self._append(Kind.DISCONNECTED, {"reason": reason})
        if not session.is_refused:
            self.status.error = f"feed {self._adapter.name} lost its connection: {reason}"
        return _End(reason, session.is_refused, was_good=session.frames > 0 and not session.is_refused)

    def _on_frame(self, payload: bytes) -> None:
        stamp = self._clock()
        if self._is_first and self.status.last_frame is not None:
            self.status.away = self.status.last_frame, stamp
            away_s = round((stamp - self.status.last_frame) / 1e9, 1)
            _log.warning("feed is back", feed=self._adapter.name, nothing_for_s=away_s)
        self._is_first = False
        self._journal.append(Kind.FRAME, payload, adapter=self._adapter.name, origin=self._origin, stamp=stamp)
        self.status.frames += 1
        self.status.last_frame, self.status.last_frame_s = stamp, time.monotonic()

    def _append(self, kind: Kind, content: object) -> None:
        payload = msgspec.json.encode(content)
        self._journal.append(kind, payload, adapter=self._adapter.name, origin=self._origin, stamp=self._clock())

    def _unreachable(self, reason: str) -> str:
        return (
            f"cannot reach feed {self._adapter.name} at {self._origin} ({reason}): "
            "check the address (--url) and the network"
        )
