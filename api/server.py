"""Runs the application on a listening socket of our own."""

import asyncio
import errno
import socket
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType

import structlog
import uvicorn

from api.app import create_app
from api.protocol import bounded_protocol
from api.reading import Reader
from api.settings import ApiSettings
from riskcore.errors import InputError

BACKLOG = 2048

log = structlog.get_logger(__name__)


class ApiServer(uvicorn.Server):
    """One API process, bound as soon as it is made; streams end first when it stops.

    Raises
    ------
    InputError
        When the address cannot be bound; the message names it and says what to do.
    """

    def __init__(self, settings: ApiSettings, reader: Reader | None = None) -> None:
        self.listener = listening_socket(settings)
        self.app = create_app(settings, reader)
        self._loop: asyncio.AbstractEventLoop | None = None
        config = uvicorn.Config(
            self.app,
            http=bounded_protocol(settings, self.app.state.services.metrics),  # type: ignore[arg-type]  # called as a class
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            backlog=BACKLOG,
            timeout_graceful_shutdown=settings.shutdown_s,
        )
        super().__init__(config)

    @property
    def url(self) -> str:
        host, port = self.listener.getsockname()[:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def work(self) -> None:
        """Serve until stopped by a signal or by :meth:`stop`."""
        log.info("serving", url=self.url)
        self.run(sockets=[self.listener])

    def stop(self) -> None:
        """End the streams and stop; may be called from any thread."""
        self.should_exit = True
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._drain)

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().serve(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        self._drain()

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        # uvicorn raises the signal again when it is done; a stop that was asked for is no failure.
        with super().capture_signals():
            try:
                yield
            finally:
                self._captured_signals.clear()

    def _drain(self) -> None:
        self.app.state.services.hub.drain()


def listening_socket(settings: ApiSettings) -> socket.socket:
    """Bind the address of the settings, with the buffers that bound what a stopped reader holds.

    Connections inherit the options: a small send buffer, and an end to those whose peer acknowledges nothing.

    Raises
    ------
    InputError
        When the address is in use, not ours, or not permitted.
    """
    host, port = settings.host, settings.port
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise InputError(f"host {host!r} is not known: give an address of this machine with --host") from error
    family, kind, protocol, _, address = found[0]
    listener = socket.socket(family, kind, protocol)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, settings.send_buffer)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        patience_ms = round(settings.send_timeout_s * 1_000)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, patience_ms)
    try:
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise InputError(_trouble(error, host, port)) from error
    return listener


def _trouble(error: OSError, host: str, port: int) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return (
                f"port {port} on {host} is in use: stop the program that listens there"
                " or choose another port with --port"
            )
        case errno.EACCES:
            return f"port {port} on {host} is not permitted: choose one above 1023 with --port"
        case errno.EADDRNOTAVAIL:
            return f"{host} is not an address of this machine: give another with --host"
        case _:
            return f"cannot listen on {host}:{port}: {error.strerror}"


def serve(settings: ApiSettings) -> None:
    """Run the API until SIGTERM or SIGINT; streams end at once, other answers have ``shutdown_s``.

    Raises
    ------
    InputError
        When the address cannot be bound.
    """
    ApiServer(settings).work()
