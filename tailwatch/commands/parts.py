"""The parts one by one, as production and tests run them: engine, archive, API, exchange."""

import socket
import threading
from typing import Annotated

import typer

from riskcore.errors import TailwatchError
from tailwatch.configuration import Configuration
from tailwatch.databases import database as database_of
from tailwatch.databases import embedded_directory
from tailwatch.options import EVERYTHING, with_settings

_LOOK_S = 0.5
_FRESH_S = 10.0
"""Figures of short bars are told stale only after so long."""


@with_settings(*EVERYTHING)
def engine(configuration: Configuration) -> None:
    """Read feeds into the journal and measure risk."""
    from flows.engine import run_engine  # noqa: PLC0415
    from tailwatch.startup import engine_of  # noqa: PLC0415
    from tailwatch.supervised import announce_ready, stopping_on_signals  # noqa: PLC0415

    stopping = stopping_on_signals()
    with database_of(configuration.settings) as url:
        work = engine_of(configuration.settings, url)
        announce_ready()
        run_engine(work, stopping)


@with_settings("price", "data_dir", "database_url", "log_format")
def archive(configuration: Configuration) -> None:
    """Copy the journal into the database."""
    from flows.archive import Archive, run_archive  # noqa: PLC0415
    from tailwatch.supervised import announce_ready, stopping_on_signals  # noqa: PLC0415

    settings = configuration.settings
    stopping = stopping_on_signals()
    with database_of(settings) as url:
        announce_ready()
        run_archive(Archive(settings.data_dir / "journal", url, settings.to_risk_settings()), stopping)


@with_settings("bar", "host", "port", "data_dir", "database_url", "log_format")
def api(configuration: Configuration) -> None:
    """Serve the HTTP interface and the dashboard."""
    from api.server import ApiServer  # noqa: PLC0415
    from api.settings import ApiSettings  # noqa: PLC0415
    from tailwatch.supervised import announce_ready, follow_supervisor  # noqa: PLC0415

    settings = configuration.settings
    follow_supervisor()
    with database_of(settings) as url:
        limit_s = max(_FRESH_S, 2.5 * settings.bar.seconds)
        server = ApiServer(ApiSettings(url, host=settings.host, port=settings.port, risk_limit_s=limit_s))
        announce_ready(server.url)
        server.work()


@with_settings("host", "log_format")
def exchange(configuration: Configuration) -> None:
    """Run the simulated exchange: a market from a seed, or a recording."""
    raise TailwatchError("exchange is not built yet")


@with_settings("data_dir", "log_format")
def database(
    configuration: Configuration,
    *,
    at: Annotated[int | None, typer.Option(metavar="PORT", help="Port; a free one by default.")] = None,
) -> None:
    """Run the embedded PostgreSQL until it is told to stop."""
    from storage.embedded import EmbeddedPostgres  # noqa: PLC0415
    from tailwatch.supervised import announce_ready, stopping_on_signals  # noqa: PLC0415

    stopping = stopping_on_signals()
    server = EmbeddedPostgres(embedded_directory(configuration.settings), at)
    url = server.start()
    try:
        if not server.owned:
            raise TailwatchError(
                f"the embedded database in {embedded_directory(configuration.settings)} belongs to another "
                "tailwatch; wait until that one has ended, or name another --data-dir"
            )
        announce_ready(url)
        _watch(url, stopping)
    finally:
        server.stop(timeout_s=1.0)


def _watch(url: str, stopping: threading.Event) -> None:
    from urllib.parse import urlsplit  # noqa: PLC0415

    place = urlsplit(url)
    while not stopping.wait(_LOOK_S):
        try:
            socket.create_connection((place.hostname or "", place.port or 0), timeout=5.0).close()
        except ConnectionRefusedError:
            raise TailwatchError("PostgreSQL has ended by itself; its log tells why") from None
        except OSError:
            continue
