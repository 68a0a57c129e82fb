"""A proxy that loses answers, and a backend that can be frozen: what the writers have to live with."""

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Literal

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

Mode = Literal["pass", "lose the request", "lose the reply"]


class CommitProxy:
    """A TCP proxy to a database that cuts the connection before the server hears a COMMIT, or after."""

    def __init__(self, target_url: str) -> None:
        parts = conninfo_to_dict(target_url)
        self._target = (str(parts["host"]), int(parts["port"]))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = make_conninfo(**parts | {"host": "127.0.0.1", "port": self._listener.getsockname()[1]})
        self.mode: Mode = "pass"
        self.cuts = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=[client], daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, socket.create_connection(self._target) as server, suppress(OSError):
            swallow = threading.Event()
            answers = threading.Thread(target=self._answer, args=[server, client, swallow], daemon=True)
            answers.start()
            while data := client.recv(1 << 16):
                if b"COMMIT\0" in data and self.mode != "pass":
                    if self.mode == "lose the request":
                        self.cuts += 1
                        break
                    swallow.set()
                server.sendall(data)
            server.shutdown(socket.SHUT_RDWR)
            answers.join()

    def _answer(self, server: socket.socket, client: socket.socket, swallow: threading.Event) -> None:
        with suppress(OSError):
            while data := server.recv(1 << 16):
                if swallow.is_set():
                    self.cuts += 1
                    break
                client.sendall(data)
        with suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def proxy(database_url: str) -> Iterator[CommitProxy]:
    proxy = CommitProxy(database_url)
    yield proxy
    proxy.close()


@pytest.fixture
def backends(database_url: str) -> Callable[[str], list[int]]:
    """The process ids of the server's backends whose session name contains a text."""

    def find(name: str) -> list[int]:
        with psycopg.connect(database_url, autocommit=True) as connection:
            rows = connection.execute(
                "select pid from pg_stat_activity where datname = current_database() and application_name ~ %s",
                [name],
            ).fetchall()
        return [pid for (pid,) in rows]

    return find


@pytest.fixture
def frozen(backends: Callable[[str], list[int]]) -> Callable[[str], "contextmanager[None]"]:
    """Freeze the backends of a session for the length of a block."""

    @contextmanager
    def freeze(name: str) -> Iterator[None]:
        pids = backends(name)
        assert pids, f"no session {name}"
        try:
            for pid in pids:
                os.kill(pid, signal.SIGSTOP)
        except (PermissionError, ProcessLookupError):
            pytest.skip("the server's processes are not ours to stop")
        try:
            yield
        finally:
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    return freeze
