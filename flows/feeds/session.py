"""One connection from its subscription to its end."""

import asyncio
from collections.abc import Callable, Sequence

import structlog
from websockets.exceptions import ConnectionClosed

from flows.feeds.adapter import Adapter, FrameError, VenueError
from flows.feeds.client import VenueConnection
from flows.feeds.status import FeedStatus

_log = structlog.get_logger(__name__)
_COMPLAINTS = (b"rror", b'"msg"')
_COMPLAINT_BYTES = 4096
_FORGIVEN_AFTER = 10
_LOOKS = 4
_MAX_PINGS_PER_S = 100.0


class Session:
    """Reads and hands on, subscribes at the venue's pace, and ends when the venue is silent.

    Parameters
    ----------
    messages
        What to send at the venue's pace: who we are, and what we want.
    on_frame
        Takes each text frame as it came, at once, in the event loop.
    wake
        Set to end the session.
    """

    def __init__(
        self,
        connection: VenueConnection,
        adapter: Adapter,
        messages: Sequence[str],
        status: FeedStatus,
        on_frame: Callable[[bytes], None],
        *,
        liveness_s: float,
        wake: asyncio.Event,
    ) -> None:
        self.frames = 0
        self._connection = connection
        self._adapter = adapter
        self._messages = messages
        self._status = status
        self._on_frame = on_frame
        self._liveness_s = liveness_s
        self._wake = wake
        self._complained_at: int | None = None
        self._is_final = False
        self._reason: str | None = None

    @property
    def is_refused(self) -> bool:
        """Whether the venue complained and sent next to nothing after that: asking again will not help."""
        return self._is_final and self.frames - (self._complained_at or 0) < _FORGIVEN_AFTER

    async def run(self) -> str:
        """Attend to the connection until it ends, and say why it did."""
        tasks = [asyncio.create_task(work) for work in (self._subscribe(), self._watch(), self._obey())]
        try:
            return await self._read()
        finally:
            self._signs_of_life()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._connection.close()

    async def _read(self) -> str:
        receive = self._connection.recv
        while True:
            try:
                payload = await receive(decode=False)
            except ConnectionClosed as closed:
                return self._reason or _how(closed)
            self._on_frame(payload)
            self.frames += 1
            if any(mark in payload[:_COMPLAINT_BYTES] for mark in _COMPLAINTS):
                self._look_for_complaint(payload)
            elif self._status.error is not None and self._complained_at is None:
                self._status.error = None

    async def _subscribe(self) -> None:
        for message in self._messages:
            await self._connection.send(message)
            await asyncio.sleep(1.0 / self._adapter.messages_per_s)

    async def _watch(self) -> None:
        look_s, pings = self._liveness_s / _LOOKS, 0
        seen, silent = -1, 0
        while True:
            await asyncio.sleep(look_s)
            signs = self._signs_of_life()
            silent, seen = silent + 1 if signs == seen else 0, signs
            pings, before = self._connection.pings, pings
            if fault := self._fault(silent, (pings - before) / look_s):
                self._reason = fault
                self._connection.transport.abort()
                return

    def _fault(self, silent: int, pings_per_s: float) -> str | None:
        if silent >= _LOOKS:
            return f"no frame for {self._liveness_s:g} s"
        if self._connection.unfinished_s > self._liveness_s:
            return f"a message is unfinished after {self._liveness_s:g} s"
        if pings_per_s > _MAX_PINGS_PER_S:
            return f"{pings_per_s:.0f} pings a second"
        return None

    def _signs_of_life(self) -> int:
        self._status.binary_frames += self._connection.take_binary_frames()
        return self.frames + (self._connection.pings if self._adapter.pings_are_life else 0)

    async def _obey(self) -> None:
        await self._wake.wait()
        self._reason = "stopped"
        await self._connection.close()

    def _look_for_complaint(self, payload: bytes) -> None:
        try:
            items = self._adapter.decode(payload, None)
        except FrameError:
            return
        for item in items:
            if isinstance(item, VenueError):
                self._complained_at, self._is_final = self.frames, item.is_final
                self._status.error = f"feed {self._adapter.name} says: {item.message}"
                _log.error("feed complains", feed=self._adapter.name, message=item.message)


def _how(closed: ConnectionClosed) -> str:
    if closed.rcvd is not None:
        return f"closed by the venue with {closed.rcvd.code} {closed.rcvd.reason}".rstrip()
    return "cut off" if closed.sent is None else f"closed by us with {closed.sent.code} {closed.sent.reason}".rstrip()
