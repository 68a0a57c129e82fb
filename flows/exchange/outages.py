"""What a script of faults does to connections: close, reset, refuse, fall silent, freeze, dribble, flood."""

import asyncio
import contextlib
import http
import socket
import struct
from collections.abc import Callable, Coroutine, Iterable, Sequence
from functools import partial
from typing import Any

import structlog
from websockets.asyncio.server import ServerConnection
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from flows.exchange.clients import send_all
from flows.exchange.faults import Fault
from flows.exchange.misbehaviour import Binary, Outgoing

_log = structlog.get_logger(__name__)
_DRIBBLE_S = 0.01
_TEXT_OF_4096_BYTES = b"\x81\x7e\x10\x00"


class Outages:
    """Sends what is to be sent, and does to connections what the script says."""

    def __init__(self, faults: Sequence[Fault] = ()) -> None:
        waiting = [fault for fault in faults if fault.at is None and not fault.rate]
        self._refusals = [fault for fault in waiting if fault.verb == "refuse" for _ in range(fault.times)]
        self._drops = sum(fault.times for fault in waiting if fault.verb == "drop")
        self._tasks: set[asyncio.Task[None]] = set()
        self._until = 0.0
        self._held: list[Callable[[], None]] | None = None
        self._dribbling: set[ServerConnection] = set()

    @property
    def is_silent(self) -> bool:
        """Whether nothing may be sent now."""
        return asyncio.get_running_loop().time() < self._until

    def refuse(self, connection: ServerConnection, request: Request) -> Response | None:
        """The answer to a handshake that is to be refused; None for one that is not."""
        if not self._refusals:
            return None
        fault = self._refusals.pop(0)
        headers = Headers({"Content-Length": "0"})
        if "retry" in fault.options:
            headers["Retry-After"] = fault.options["retry"]
        if "location" in fault.options:
            headers["Location"] = fault.options["location"]
        status = http.HTTPStatus(int(fault.number("status", 503)))
        return Response(status.value, status.phrase, headers)

    def drop(self, client: ServerConnection) -> bool:
        """Whether this connection, just made, is to be dropped; it is then reset."""
        if not self._drops:
            return False
        self._drops -= 1
        _reset(client)
        return True

    def send(self, clients: set[ServerConnection], outgoing: Iterable[Outgoing]) -> None:
        """Send frames and do faults in their order; what falls into a silence is lost, into a stall held."""
        for item in outgoing:
            if isinstance(item, Fault):
                self._do(item, clients)
            elif self._held is not None:
                self._held.append(partial(self._send, clients, item))
            elif not self.is_silent:
                self._send(clients, item)

    def _send(self, clients: set[ServerConnection], item: bytes | Binary) -> None:
        reached = clients - self._dribbling
        if isinstance(item, Binary):
            for client in reached:
                self._start(_send_binary(client, item.payload))
        else:
            send_all(reached, item)

    def _do(self, fault: Fault, clients: set[ServerConnection]) -> None:
        _log.info("fault", verb=fault.verb, clients=len(clients))
        if fault.verb == "silent":
            self._until = asyncio.get_running_loop().time() + fault.seconds("for", 3.0)
        elif fault.verb == "stall":
            self._start(self._stall(set(clients), fault.seconds("for", 3.0)))
        elif fault.verb == "refuse":
            self._refusals += [fault] * fault.times
        elif fault.verb == "drop":
            self._drops += fault.times
        else:
            for client in list(clients):
                self._do_to(fault, client)

    def _do_to(self, fault: Fault, client: ServerConnection) -> None:
        if fault.verb == "close":
            self._start(client.close(int(fault.number("code", 1001)), "as the script says"))
        elif fault.verb == "reset":
            _reset(client)
        elif fault.verb == "pings":
            client.transport.write(b"\x89\x00" * fault.times)
        elif fault.verb == "slow":
            self._start(self._dribble(client))

    async def _stall(self, clients: set[ServerConnection], wait_s: float) -> None:
        self._held = []
        for client in clients:
            client.transport.pause_reading()
        await asyncio.sleep(wait_s)
        held, self._held = self._held, None
        for client in clients:
            if not client.transport.is_closing():
                client.transport.resume_reading()
        for send in held or ():
            send()

    async def _dribble(self, client: ServerConnection) -> None:
        self._dribbling.add(client)
        client.transport.write(_TEXT_OF_4096_BYTES)
        while not client.transport.is_closing():
            client.transport.write(b" ")
            await asyncio.sleep(_DRIBBLE_S)
        self._dribbling.discard(client)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _send_binary(client: ServerConnection, payload: bytes) -> None:
    with contextlib.suppress(ConnectionClosed):
        await client.send(payload)


def _reset(client: ServerConnection) -> None:
    end: socket.socket | None = client.transport.get_extra_info("socket")
    if end is not None:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.transport.abort()
