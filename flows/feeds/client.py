"""One WebSocket connection to a venue, as ``websockets`` makes it and with what it lacks."""

import ipaddress
import logging
import ssl
import time
from collections.abc import Callable
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, InvalidStatus, InvalidURI
from websockets.frames import Frame, Opcode

from flows.feeds.adapter import MAX_FRAME
from riskcore.errors import InputError

_MAX_QUEUE = 64
_LONGEST_WAIT_S = 300.0
_DATA = (Opcode.TEXT, Opcode.BINARY, Opcode.CONT)
_logger = logging.getLogger("tailwatch.websockets")
# At DEBUG the library logs every message sent, keys and secrets too.
_logger.setLevel(logging.INFO)


class VenueConnection(ClientConnection):
    """Counts pings, times messages that come in pieces, and drops binary frames, which no venue of ours sends."""

    def __init__(self, *args: Any, clock: Callable[[], float] = time.monotonic, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.pings = 0
        self._clock = clock
        self._begun: float | None = None
        self._binary_frames = 0
        self._in_binary = False

    def take_binary_frames(self) -> int:
        """How many binary frames came since the last call."""
        count, self._binary_frames = self._binary_frames, 0
        return count

    @property
    def unfinished_s(self) -> float:
        """Seconds since the first piece of a message of which the last has not come; 0 where none is open."""
        return 0.0 if self._begun is None else self._clock() - self._begun

    def process_event(self, event: Any) -> None:
        """Look at one event before ``websockets`` does."""
        if isinstance(event, Frame):
            if event.opcode is Opcode.PING:
                self.pings += 1
            elif event.opcode in _DATA:
                self._begun = None if event.fin else self._begun or self._clock()
            if event.opcode is Opcode.BINARY or (event.opcode is Opcode.CONT and self._in_binary):
                self._binary_frames += event.opcode is Opcode.BINARY
                self._in_binary = not event.fin
                return
        super().process_event(event)


class _Connect(connect):
    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


async def open_connection(url: str, timeout_s: float) -> VenueConnection:
    """Connect without compression (a bomb needs it), with frames bounded and redirects not followed.

    Raises
    ------
    OSError, EOFError, InvalidHandshake, InvalidURI
        For :func:`reason_of`.
    """
    made: list[VenueConnection] = []

    def make(*args: Any, **kwargs: Any) -> VenueConnection:
        made.append(VenueConnection(*args, **kwargs))
        return made[-1]

    await _Connect(
        url,
        compression=None,
        max_size=MAX_FRAME,
        max_queue=_MAX_QUEUE,
        open_timeout=timeout_s,
        close_timeout=1.0,
        logger=_logger,
        proxy=None if _is_loopback(url) else True,
        create_connection=make,  # type: ignore[arg-type]  # "or a wrapper", its documentation says
    )
    return made[-1]


def check_url(url: str) -> None:
    """Refuse what is no WebSocket address.

    Raises
    ------
    InputError
        Another scheme, or no host.
    """
    try:
        parts = urlsplit(url)
        known = parts.scheme in ("ws", "wss") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        known = False
    if not known:
        raise InputError(f"{url!r} is not a WebSocket address: give one like ws://127.0.0.1:8765")


def origin_of(url: str) -> str:
    """The address without what follows the path, and without a password."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname}{port}{parts.path.rstrip('/')}"


def reason_of(error: Exception) -> str:
    """Say in a few words why a connection could not be made."""
    if isinstance(error, InvalidStatus):
        return _reason_of_status(error)
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ConnectionError) or "Connect call failed" in str(error):
        return "cut off" if isinstance(error, ConnectionResetError) else "connection refused"
    if isinstance(error, ssl.SSLError):
        return f"TLS: {error.reason or error}"
    if isinstance(error, (InvalidHandshake, InvalidURI, EOFError)):
        return f"it does not speak WebSocket: {error}"
    return str(getattr(error, "strerror", None) or error)


def retry_after_s(error: Exception) -> float:
    """How long the venue asks us to stay away; 0 where it does not."""
    if not isinstance(error, InvalidStatus):
        return 0.0
    headers = error.response.headers
    asked = headers.get("Retry-After", "")
    if asked.isascii() and asked.isdigit():
        return min(float(asked[:9]), _LONGEST_WAIT_S)
    until, told_at = _moment(asked), _moment(headers.get("Date", ""))
    if until is None:
        return 0.0
    wait_s = until - (time.time() if told_at is None else told_at)
    return min(max(wait_s, 0.0), _LONGEST_WAIT_S)


def is_refusal(error: Exception) -> bool:
    """Whether asking again in the same way cannot help."""
    if not isinstance(error, InvalidStatus):
        return isinstance(error, InvalidURI)
    status = error.response.status_code
    return 300 <= status < 500 and status not in (408, 418, 425, 429)


def _moment(text: str) -> float | None:
    try:
        moment: datetime = parsedate_to_datetime(text)
        return moment.timestamp()
    except (ValueError, OverflowError):
        return None


def _reason_of_status(error: InvalidStatus) -> str:
    status = error.response.status_code
    if 300 <= status < 400:
        return f"it points to {error.response.headers.get('Location')}: give that address with --url"
    return f"it answers HTTP {status}"


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
