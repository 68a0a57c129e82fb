"""The simulated exchange that plays recordings in the venue's own protocol, frame by frame as they came."""

import asyncio
from collections.abc import Sequence
from urllib.parse import parse_qs, urlsplit

import msgspec
import structlog
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from flows.exchange.clients import cut_slow, send_all
from flows.exchange.recording import Played, read_recordings
from flows.exchange.settings import ExchangeSettings

_log = structlog.get_logger(__name__)
_PING_S = 5.0
_EARLY_S = 0.0005
_TURN = 64
_UNREAD = 2**20
_PAUSE_S = 0.005
_PATIENCE = 1000


class _Request(msgspec.Struct):
    method: str
    params: list[str] = []
    id: int | None = None


class PlayedVenue:
    """Plays raw recordings with their own timing, times ``speed``, from the first subscription on, once.

    A client gets the frames of the streams that it names in the address (``/stream?streams=a@trade/b@trade``,
    ``/ws/a@trade``) or by a ``SUBSCRIBE`` message, all where the address has no path, and each verbatim.
    """

    def __init__(self, settings: ExchangeSettings) -> None:
        self._settings = settings
        self._frames = read_recordings(settings.play)
        self._first = next(self._frames, None)  # an unreadable file is told before anybody connects
        self._all: set[ServerConnection] = set()
        self._of_stream: dict[str, set[ServerConnection]] = {}
        self._subscribed = asyncio.Event()
        self.is_over = asyncio.Event()

    async def attend(self, client: ServerConnection) -> None:
        try:
            if self.is_over.is_set() and not self._settings.stay:
                await client.close(1000, "the recording is over")
            self._welcome(client, client.request.path if client.request else "/")
            async for message in client:
                await self._on_request(client, message)
        except ConnectionClosed:
            _log.debug("client left", client=client.remote_address)
        finally:
            self._leave(client)

    async def run(self) -> None:
        await self._subscribed.wait()
        if self._first is not None:
            await self._play(self._first)
        self.is_over.set()
        _log.info("recording is over")
        while True:
            for client in self._clients():
                await self._idle(client)
            await asyncio.sleep(_PING_S)

    def close(self) -> None:
        """Nothing outlives a recording."""

    async def _play(self, first: Played) -> None:
        loop = asyncio.get_running_loop()
        began, origin, per_s = loop.time(), first.received, 1e9 * self._settings.speed
        self._send(first)
        for number, played in enumerate(self._frames):
            early_s = began + (played.received - origin) / per_s - loop.time()
            if early_s > _EARLY_S:
                await asyncio.sleep(early_s)
            elif number % _TURN == 0:
                await self._let_read()
            self._send(played)

    async def _let_read(self) -> None:
        for _ in range(_PATIENCE):
            await asyncio.sleep(0)
            if all(client.transport.get_write_buffer_size() < _UNREAD for client in self._clients()):
                return
            await asyncio.sleep(_PAUSE_S)
        cut_slow(self._clients(), _UNREAD)

    def _send(self, played: Played) -> None:
        wanting = self._of_stream.get(played.stream)
        if wanting:
            send_all(wanting, played.frame)
        if self._all:
            send_all(self._all, played.frame)

    async def _idle(self, client: ServerConnection) -> None:
        try:
            if self._settings.stay:
                await client.ping()
            else:
                await client.close(1000, "the recording is over")
        except ConnectionClosed:
            self._leave(client)

    async def _on_request(self, client: ServerConnection, message: str | bytes) -> None:
        try:
            request = msgspec.json.decode(message, type=_Request)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            await _complain(client, 3, "Invalid JSON: expected a request")
            return
        if request.method != "SUBSCRIBE":
            await _complain(client, 2, f"Invalid request: unknown method {request.method}")
            return
        self._subscribe(client, request.params)
        await client.send(msgspec.json.encode({"result": None, "id": request.id}), text=True)

    def _welcome(self, client: ServerConnection, path: str) -> None:
        if path in ("", "/"):
            self._all.add(client)
            self._subscribed.set()
        else:
            self._subscribe(client, _streams_of(path))

    def _subscribe(self, client: ServerConnection, streams: Sequence[str]) -> None:
        for stream in streams:
            self._of_stream.setdefault(stream, set()).add(client)
        if streams:
            self._subscribed.set()

    def _clients(self) -> set[ServerConnection]:
        return self._all.union(*self._of_stream.values())

    def _leave(self, client: ServerConnection) -> None:
        self._all.discard(client)
        for clients in self._of_stream.values():
            clients.discard(client)


def _streams_of(path: str) -> list[str]:
    parts = urlsplit(path)
    if parts.path.startswith("/ws/"):
        return parts.path.removeprefix("/ws/").split("/")
    return [stream for group in parse_qs(parts.query).get("streams", []) for stream in group.split("/") if stream]


async def _complain(client: ServerConnection, code: int, message: str) -> None:
    await client.send(msgspec.json.encode({"error": {"code": code, "msg": message}}), text=True)
