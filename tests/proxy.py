"""A TCP proxy that misbehaves on request, between any client and any server: the network's faults without root.

It forwards bytes between its own port and an upstream, each direction in a thread. What it does to them is set at
any time and counts from then on, for connections that are open too:

    with FaultyProxy("127.0.0.1", 5432) as proxy:
        proxy.replies.cut_after(100)       # the client gets 100 more bytes, then the connection is cut
        proxy.requests.delay_s = 0.5       # every piece of a request comes half a second later
        proxy.replies.dropped = True       # the server answers, the client never hears it
        proxy.replies.throttle = 8_000     # bytes a second
        proxy.replies.half_close()         # the client sees the end of the answers, the server hears on
        proxy.freeze()                     # nothing moves, nothing closes: a cable pulled
        proxy.reset()                      # RST to all there are now
        proxy.refusing = True              # whoever connects is reset at once
"""

import contextlib
import socket
import struct
import threading
from types import TracebackType
from typing import Self

_PIECE = 65_536
_LOOK_S = 0.02


class Direction:
    """What is done to the bytes of one direction."""

    def __init__(self) -> None:
        self.delay_s = 0.0
        self.dropped = False
        self.throttle: float | None = None
        """Bytes a second."""
        self.passed = 0
        """Bytes handed on."""
        self._left: int | None = None
        self._ended = threading.Event()
        self._lock = threading.Lock()

    def cut_after(self, count: int) -> None:
        """Hand on ``count`` more bytes, whatever connection they are of, then reset that connection."""
        with self._lock:
            self._left = count

    def half_close(self) -> None:
        """End this direction of all connections that are open, and of those that come, in good order."""
        self._ended.set()

    def heal(self) -> None:
        """Do nothing more to what passes."""
        self.delay_s, self.dropped, self.throttle, self._left = 0.0, False, None, None
        self._ended.clear()

    def _allowed(self, piece: bytes) -> tuple[bytes, bool]:
        with self._lock:
            if self._left is None:
                return piece, False
            kept = piece[: self._left]
            self._left -= len(kept)
            is_cut = self._left == 0
            self._left = None if is_cut else self._left
            return kept, is_cut


class _Link:
    """A client and its server. Its two threads close it, so that no descriptor is closed under a call."""

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self.ends = client, server
        self.doomed = threading.Event()
        self._pumps = 2
        self._lock = threading.Lock()

    def leave(self) -> None:
        with self._lock:
            self._pumps -= 1
            if self._pumps == 0:
                for end in self.ends:
                    _close(end, reset=self.doomed.is_set())


class FaultyProxy:
    """Forwards a free port of this machine to ``host:port`` for as long as the context lasts."""

    def __init__(self, host: str, port: int) -> None:
        self.requests, self.replies = Direction(), Direction()
        self.refusing = False
        self.accepted = 0
        self._upstream = host, port
        self._frozen, self._closing = threading.Event(), threading.Event()
        self._links: list[_Link] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.host, self.port = self._listener.getsockname()

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, name="proxy", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.reset()

    def freeze(self) -> None:
        """Move nothing any more and close nothing, until :meth:`thaw`."""
        self._frozen.set()

    def thaw(self) -> None:
        self._frozen.clear()

    def reset(self) -> None:
        """Reset every connection that is open now."""
        links, self._links = self._links, []
        for link in links:
            link.doomed.set()

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.accepted += 1
            try:
                server = None if self.refusing else socket.create_connection(self._upstream, timeout=10.0)
            except OSError:
                server = None
            if server is None:
                _close(client, reset=True)
            else:
                self._forward(_Link(client, server))

    def _forward(self, link: _Link) -> None:
        self._links.append(link)
        client, server = link.ends
        for source, target, way in ((client, server, self.requests), (server, client, self.replies)):
            source.settimeout(_LOOK_S)
            threading.Thread(target=self._pump, args=(link, source, target, way), daemon=True).start()

    def _pump(self, link: _Link, source: socket.socket, target: socket.socket, way: Direction) -> None:
        with contextlib.suppress(OSError):
            while not link.doomed.is_set():
                piece = b"" if way._ended.is_set() else self._piece(source, way)
                if piece == b"":
                    target.shutdown(socket.SHUT_WR)
                    break
                if piece is not None and not self._hand_on(link, piece, target, way):
                    link.doomed.set()
        link.leave()

    def _piece(self, source: socket.socket, way: Direction) -> bytes | None:
        if self._frozen.is_set():
            self._closing.wait(_LOOK_S)
            return None
        try:
            return source.recv(_PIECE if way.throttle is None else max(1, int(way.throttle * _LOOK_S)))
        except TimeoutError:
            return None

    def _hand_on(self, link: _Link, piece: bytes, target: socket.socket, way: Direction) -> bool:
        link.doomed.wait(way.delay_s + (len(piece) / way.throttle if way.throttle else 0.0))
        while self._frozen.is_set() and not link.doomed.wait(_LOOK_S):
            pass
        kept, is_cut = way._allowed(piece)
        rest = memoryview(b"" if way.dropped else kept)
        while rest and not link.doomed.is_set():
            with contextlib.suppress(TimeoutError):
                sent = target.send(rest)
                rest, way.passed = rest[sent:], way.passed + sent
        return not is_cut


def _close(one: socket.socket, *, reset: bool) -> None:
    with contextlib.suppress(OSError):
        if reset:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        one.close()
