"""The simulated exchange that plays recordings in the venue's own protocol, frame by frame as they came."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import structlog
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from flows.exchange.clients import cut_slow
from flows.exchange.misbehaviour import Misbehaviour
from flows.exchange.outages import Outages
from flows.exchange.recording import Played, heartbeat_of, read_recordings
from flows.exchange.settings import ExchangeSettings

_log = structlog.get_logger(__name__)
_IDLE_S = 1.0
_EARLY_S = 0.0005
_TURN = 64
_UNREAD = 2**20
_PAUSE_S = 0.005
_PATIENCE = 1000


_EVERYTHING = "*"
_VERBS = ("method", "type", "action", "event")


class PlayedVenue:
    """Plays raw recordings with their own timing, times ``speed``, from the first subscription on, once.

    A client gets each frame verbatim of the streams or symbols that it names in the address
    (``/stream?streams=a@trade/b@trade``, ``/ws/a@trade``) or in a message that subscribes, in whatever words the venue
    has for that, or all of them for ``*``; and what is of no stream or symbol.
    """

    def __init__(self, settings: ExchangeSettings) -> None:
        self._settings = settings
        self.outages = Outages(settings.faults)
        self._wrong = Misbehaviour(settings.faults, settings.seed)
        self._frames = read_recordings(settings.play)
        self._first = next(self._frames, None)  # an unreadable file is told before anybody connects
        self._heartbeat = next(filter(None, map(heartbeat_of, settings.play)), b"")
        self._clients: set[ServerConnection] = set()
        self._wanting: dict[str, set[ServerConnection]] = {}
        self._subscribed = asyncio.Event()
        self.is_over = asyncio.Event()

    async def attend(self, client: ServerConnection) -> None:
        if self.outages.drop(client):
            return
        try:
            if self.is_over.is_set() and not self._settings.stay:
                await client.close(1000, "the recording is over")
            self._subscribe(client, _streams_of(client.request.path if client.request else "/"))
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
            for client in list(self._clients):
                await self._idle(client)
            await asyncio.sleep(_IDLE_S)

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
            if all(client.transport.get_write_buffer_size() < _UNREAD for client in self._clients):
                return
            await asyncio.sleep(_PAUSE_S)
        cut_slow(self._clients, _UNREAD)

    def _send(self, played: Played) -> None:
        clients = self._clients
        if played.names:
            clients = set().union(*(self._wanting.get(name, ()) for name in (_EVERYTHING, *played.names)))
        if clients:
            self.outages.send(clients, self._wrong.frames([played.frame]) if self._settings.faults else [played.frame])

    async def _idle(self, client: ServerConnection) -> None:
        try:
            if self._settings.stay:
                await (client.send(self._heartbeat, text=True) if self._heartbeat else client.ping())
            else:
                await client.close(1000, "the recording is over")
        except ConnectionClosed:
            self._leave(client)

    async def _on_request(self, client: ServerConnection, message: str | bytes) -> None:
        try:
            request = msgspec.json.decode(message, type=dict[str, Any])
        except (msgspec.MsgspecError, UnicodeDecodeError):
            await _complain(client, 3, "Invalid JSON: expected a request")
            return
        verb = next((str(request[name]) for name in _VERBS if name in request), "")
        if verb.lower() == "subscribe":
            self._subscribe(client, list(_texts(request)))
            if "id" in request:
                await client.send(msgspec.json.encode({"result": None, "id": request["id"]}), text=True)
        elif verb != "auth":
            await _complain(client, 2, f"Invalid request: unknown method {verb}")

    def _subscribe(self, client: ServerConnection, names: Sequence[str]) -> None:
        for name in names:
            self._wanting.setdefault(name, set()).add(client)
        if names:
            self._clients.add(client)
            self._subscribed.set()

    def _leave(self, client: ServerConnection) -> None:
        self._clients.discard(client)
        for clients in self._wanting.values():
            clients.discard(client)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _texts(part)


def _streams_of(path: str) -> list[str]:
    parts = urlsplit(path)
    if parts.path.startswith("/ws/"):
        return parts.path.removeprefix("/ws/").split("/")
    return [stream for group in parse_qs(parts.query).get("streams", []) for stream in group.split("/") if stream]


async def _complain(client: ServerConnection, code: int, message: str) -> None:
    await client.send(msgspec.json.encode({"error": {"code": code, "msg": message}}), text=True)
