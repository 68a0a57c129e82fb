"""The WebSocket server of the simulated exchange, and its life as a process of its own."""

import asyncio
import errno
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import structlog
from websockets.asyncio.server import Server
from websockets.asyncio.server import serve as serve_websockets

from flows.exchange.faults import Fault
from flows.exchange.generated import GeneratedVenue, Venue
from flows.exchange.player import PlayedVenue
from flows.exchange.settings import ExchangeSettings
from riskcore.errors import InputError

_log = structlog.get_logger(__name__)
_MAX_REQUEST = 2**20
_CLOSE_TIMEOUT_S = 1.0

Ready = Callable[[str, int], None]
"""Told host and port once clients can connect."""


async def serve(settings: ExchangeSettings, *, ready: Ready | None = None, stop: asyncio.Event | None = None) -> None:
    """Serve until ``stop`` is set, then save the prices and close all connections.

    Raises
    ------
    InputError
        The port is taken or not ours to take, or a recording or saved state cannot be read.
    TailwatchError
        The prices cannot be saved.
    """
    venue: Venue = PlayedVenue(settings) if settings.play else GeneratedVenue(settings)
    server = await _listen(settings, venue)
    running = asyncio.create_task(venue.run())
    stopped = asyncio.create_task((stop or asyncio.Event()).wait())
    host, port = server.sockets[0].getsockname()[:2]
    _log.info("exchange is open", url=f"ws://{host}:{port}", played=len(settings.play))
    try:
        if ready is not None:
            ready(host, port)
        await asyncio.wait((running, stopped), return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            running.result()
    finally:
        for task in (running, stopped):
            task.cancel()
        await asyncio.gather(running, stopped, return_exceptions=True)
        server.close()
        await server.wait_closed()
        venue.close()


def run_exchange(
    host: str = "127.0.0.1",
    port: int = 8765,
    instruments: int = 50,
    rate: float = 500.0,
    seed: int = 7,
    *,
    liveliness: float = 1.0,
    state: Path | None = None,
    play: tuple[Path, ...] = (),
    speed: float = 1.0,
    stay: bool = True,
    faults: tuple[Fault, ...] = (),
    ready: Ready | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT; raises as :func:`serve` does. See :class:`ExchangeSettings` for the rest."""
    settings = ExchangeSettings(
        host=host,
        port=port,
        instruments=instruments,
        rate=rate,
        seed=seed,
        liveliness=liveliness,
        state=state,
        play=play,
        speed=speed,
        stay=stay,
        faults=faults,
    )
    asyncio.run(_serve_until_signal(settings, ready))


async def _serve_until_signal(settings: ExchangeSettings, ready: Ready | None) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
    await serve(settings, ready=ready, stop=stop)


async def _listen(settings: ExchangeSettings, venue: Venue) -> Server:
    try:
        return await serve_websockets(
            venue.attend,
            settings.host,
            settings.port,
            compression=None,
            max_size=_MAX_REQUEST,
            close_timeout=_CLOSE_TIMEOUT_S,
            ping_interval=20.0,
            process_request=venue.outages.refuse,
        )
    except OSError as error:
        raise InputError(_why_not(settings, error)) from None


def _why_not(settings: ExchangeSettings, error: OSError) -> str:
    where = f"port {settings.port} on {settings.host}"
    if error.errno == errno.EADDRINUSE:
        return f"{where} is in use: stop what holds it, or give the exchange another port"
    if error.errno == errno.EACCES:
        return f"{where} may not be taken: give the exchange a port above 1023"
    return f"the exchange cannot listen on {where}: {error.strerror or error}"
