"""Fixtures of the whole house: a real database server for the run, a fresh database for each test."""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest
from hypothesis import settings
from scipy.linalg import blas  # noqa: F401 - loaded before its threads are limited
from threadpoolctl import threadpool_limits

from storage.embedded import EmbeddedPostgres
from storage.migrate import migrate

_ROOT = Path(__file__).resolve().parents[1]
_MEMORY = Path("/dev/shm")
_ENOUGH_BYTES = 1 << 30

# The same examples in every run, and no deadline: how long one takes says more of the machine than of ours.
settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.load_profile("repeatable")


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """BLAS on one thread, as in the flow: its threads would wait for each other on a machine that is full of work."""
    with threadpool_limits(limits=1):
        yield


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Tests marked ``anyio`` run on asyncio."""
    return "asyncio"


@pytest.fixture(scope="session")
def recordings() -> Path:
    """The folder of real exchange recordings, which are not part of the project."""
    folder = (_ROOT / os.environ.get("TAILWATCH_DATA", "../shared/data")).resolve()
    if not folder.is_dir():
        pytest.skip(f"NOT RUN: the real recordings are not at {folder} (TAILWATCH_DATA)")
    return folder


@pytest.fixture(scope="session")
def node() -> str:
    """Node, with the packages of the dashboard in ``frontend/node_modules``."""
    if not (_ROOT / "frontend" / "node_modules" / "eventsource-parser").is_dir():
        pytest.skip("NOT RUN: the dashboard's packages are not installed (make dashboard)")
    return str(Path(sys.executable).with_name("node"))


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The URL of one server for the whole run: TAILWATCH_TEST_DATABASE_URL, or a throw-away one."""
    if given := os.environ.get("TAILWATCH_TEST_DATABASE_URL"):
        yield given
        return
    in_memory = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ENOUGH_BYTES
    with (
        tempfile.TemporaryDirectory(prefix="tailwatch-test-", dir=_MEMORY if in_memory else None) as directory,
        EmbeddedPostgres(Path(directory), durable=False) as server,
    ):
        yield server.url


@contextmanager
def fresh_database(postgres_url: str) -> Iterator[str]:
    name = f"tailwatch_test_{uuid4().hex[:12]}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"create database {name}")
    try:
        yield urlsplit(postgres_url)._replace(path=f"/{name}").geturl()
    finally:
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            connection.execute(f"drop database {name} with (force)")


@pytest.fixture
def empty_database_url(postgres_url: str) -> Iterator[str]:
    """The URL of a new database without a schema."""
    with fresh_database(postgres_url) as url:
        yield url


@pytest.fixture
def other_database_url(postgres_url: str) -> Iterator[str]:
    """The URL of another new, migrated database."""
    with fresh_database(postgres_url) as url:
        migrate(url)
        yield url


@pytest.fixture
def database_url(empty_database_url: str) -> str:
    """The URL of a new, migrated database."""
    migrate(empty_database_url)
    return empty_database_url
