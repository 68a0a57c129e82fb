"""The embedded server starts where it is told, outlives what it may, and belongs to one owner."""

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from storage import binaries
from storage.binaries import Programs
from storage.cluster import Cluster
from storage.embedded import EmbeddedPostgres
from storage.errors import EmbeddedServerError

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as another user")
linux_only = pytest.mark.skipif(not Path("/proc/self/cwd").exists(), reason="tells processes apart by /proc")

OWNER = """
import pathlib, sys, time
from storage.embedded import EmbeddedPostgres
print(EmbeddedPostgres(pathlib.Path(sys.argv[1]), durable=False).start(), flush=True)
time.sleep(600)
"""


@pytest.fixture
def home() -> Iterator[Path]:
    """A directory for a server; whatever server is left in it is stopped."""
    in_memory = Path("/dev/shm").is_dir()
    with tempfile.TemporaryDirectory(prefix="tailwatch-test-", dir="/dev/shm" if in_memory else None) as directory:
        home = Path(directory) / "data" / "postgres"
        yield home
        Cluster(home / "cluster").kill()


def server_in(home: Path, **settings: int) -> EmbeddedPostgres:
    return EmbeddedPostgres(home, durable=False, **settings)


def answer(url: str, query: str = "select 1") -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(query.encode()).fetchone()
    return None if row is None else row[0]


def execute(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())


def postmaster(home: Path) -> int:
    return int((home / "cluster" / "postmaster.pid").read_text().split()[0])


def kill_and_reap_nothing(home: Path) -> int:
    pid = postmaster(home)
    os.kill(pid, signal.SIGKILL)
    while Cluster(home / "cluster").processes():
        pass
    return pid


def test_data_survive_a_stop_and_a_start(home: Path) -> None:
    with server_in(home) as server:
        execute(server.url, "create table t as select 42 as x")
    with server_in(home) as server:
        assert answer(server.url, "select x from t") == 42
    assert not Cluster(home / "cluster").processes()


def test_only_its_owner_may_look_into_the_directory(home: Path) -> None:
    with server_in(home):
        assert stat.S_IMODE(home.stat().st_mode) == 0o700
        assert stat.S_IMODE((home / "cluster").stat().st_mode) == 0o700
        assert stat.S_IMODE((home / "password").stat().st_mode) == 0o600


def test_the_server_listens_on_loopback_only_and_wants_the_password(home: Path) -> None:
    with server_in(home) as server:
        assert answer(server.url, "show listen_addresses") == "127.0.0.1"
        assert answer(server.url, "show unix_socket_directories") == ""
        password = (home / "password").read_text()
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            answer(server.url.replace(password, "guess"))


def test_a_second_program_attaches_and_leaves_the_server_running(home: Path) -> None:
    with server_in(home) as owner:
        with server_in(home) as guest:
            assert guest.url == owner.url
            assert not guest.owned
        assert answer(owner.url) == 1


def test_the_server_of_a_killed_owner_is_taken_over_and_stopped(home: Path) -> None:
    owner = subprocess.Popen([sys.executable, "-c", OWNER, str(home)], stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    url = next(line.strip() for line in owner.stdout if line.startswith("postgresql:"))
    owner.kill()
    owner.communicate()
    assert answer(url) == 1
    with server_in(home) as heir:
        assert heir.url == url
        assert heir.owned
    assert not Cluster(home / "cluster").processes()


@linux_only
def test_a_killed_server_is_started_again_while_it_is_still_a_zombie(home: Path) -> None:
    first = EmbeddedPostgres(home)
    first.start()
    execute(first.url, "create table t as select 42 as x")
    zombie = kill_and_reap_nothing(home)
    while Path(f"/proc/{zombie}/stat").read_text().split()[2] != "Z":
        pass
    second = server_in(home)
    first._release()
    with second:
        assert answer(second.url, "select x from t") == 42
    first._process.wait()


@linux_only
def test_a_stale_pid_that_now_is_a_stranger_does_not_keep_the_server_down(home: Path) -> None:
    with server_in(home) as server:
        pid_file = (home / "cluster" / "postmaster.pid").read_text()
        url = server.url
    cluster = (home / "cluster").stat()
    stranger = subprocess.Popen(["sleep", "600"], **({"user": cluster.st_uid} if os.geteuid() == 0 else {}))
    try:
        stale = pid_file.replace(pid_file.split()[0], str(stranger.pid), 1)
        (home / "cluster" / "postmaster.pid").write_text(stale)
        with server_in(home) as server:
            assert server.url != url
            assert answer(server.url) == 1
    finally:
        stranger.kill()
        stranger.wait()


def test_a_server_that_was_killed_is_recovered(home: Path) -> None:
    server = EmbeddedPostgres(home)
    server.start()
    execute(server.url, "create table t as select 42 as x")
    kill_and_reap_nothing(home)
    server.stop()
    with EmbeddedPostgres(home) as server:
        assert answer(server.url, "select x from t") == 42


def test_who_waits_for_an_owner_that_gives_up_becomes_the_owner(home: Path) -> None:
    first, second = server_in(home), server_in(home)
    first.start()
    kill_and_reap_nothing(home)
    waiting = threading.Thread(target=second.start)
    waiting.start()
    first.stop()
    waiting.join()
    assert second.owned
    assert answer(second.url) == 1
    second.stop()


def test_an_interrupted_first_start_is_begun_again(home: Path) -> None:
    half = home / "cluster.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18")
    with server_in(home) as server:
        assert answer(server.url) == 1


def test_a_start_that_takes_too_long_ends_with_an_error_and_leaves_no_server(home: Path) -> None:
    with pytest.raises(EmbeddedServerError, match="it does not start"):
        EmbeddedPostgres(home, durable=False, start_timeout_s=0.0).start()
    assert not Cluster(home / "cluster").processes()
    with server_in(home) as server:
        assert answer(server.url) == 1


def test_stopping_does_not_wait_for_clients(home: Path) -> None:
    server = server_in(home)
    client = psycopg.connect(server.start())
    client.execute("select 1")
    server.stop()
    assert not Cluster(home / "cluster").processes()
    client.close()


@pytest.mark.parametrize("frozen", ["postmaster", "all"])
@linux_only
def test_a_frozen_server_is_killed_and_recovered(home: Path, frozen: str) -> None:
    server = EmbeddedPostgres(home)
    server.start()
    execute(server.url, "create table t as select 42 as x")
    for process in Cluster(home / "cluster").processes() if frozen == "all" else {postmaster(home)}:
        os.kill(process, signal.SIGSTOP)
    server.stop(timeout_s=1.0)
    assert not Cluster(home / "cluster").processes()
    with EmbeddedPostgres(home) as server:
        assert answer(server.url, "select x from t") == 42


def test_a_port_in_use_is_named(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(EmbeddedServerError, match=f"port {port} is in use: name another one"):
            server_in(home, port=port).start()
    assert not Cluster(home / "cluster").processes()


def test_a_port_asked_for_is_the_port_used(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with server_in(home, port=port) as server:
        assert f"@127.0.0.1:{port}/" in server.url


def test_a_damaged_cluster_is_one_line_with_the_words_of_the_server(home: Path) -> None:
    with server_in(home):
        pass
    (home / "cluster" / "global" / "pg_control").unlink()
    with pytest.raises(
        EmbeddedServerError, match=r"it does not start: .*pg_control.* \(log: .*server\.log\)"
    ) as caught:
        server_in(home).start()
    assert "\n" not in str(caught.value)
    (home / "cluster").rename(home / "cluster.damaged")
    with server_in(home) as server:
        assert answer(server.url) == 1


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EmbeddedServerError, match=r"file/postgres.*name one that can be written"):
        server_in(tmp_path / "file" / "postgres").start()


@root_only
def test_root_keeps_data_where_the_servers_user_cannot_walk_to(home: Path) -> None:
    home.parent.mkdir(mode=0o700)
    with server_in(home) as server:
        assert answer(server.url) == 1
        assert (home / "cluster").stat().st_uid != 0


@root_only
def test_root_copies_programs_that_the_servers_user_cannot_reach(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = Programs.find(None).directory.parent.parent
    hidden = tmp_path / "hidden" / original.name
    hidden.parent.mkdir(mode=0o700)
    shutil.copytree(original, hidden, ignore=shutil.ignore_patterns("include"))
    if (libraries := original.with_name(f"{original.name}.libs")).exists():
        shutil.copytree(libraries, hidden.with_name(libraries.name))
    with tempfile.TemporaryDirectory(prefix="tailwatch-test-") as shared:
        Path(shared).chmod(0o755)
        monkeypatch.setattr(binaries, "SHARED_COPY", Path(shared))
        before = os.umask(0o077)  # as the parts run
        try:
            for _ in range(2):
                server = EmbeddedPostgres(home, durable=False, binaries=hidden / "pginstall" / "bin")
                with server:
                    assert answer(server.url) == 1
        finally:
            os.umask(before)
        assert len(list(Path(shared).iterdir())) == 1
