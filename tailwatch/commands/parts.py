"""The parts one by one, as production and tests run them: engine, archive, API, exchange."""

import socket
import threading
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from riskcore.errors import InputError, TailwatchError
from tailwatch.configuration import Configuration
from tailwatch.databases import database as database_of
from tailwatch.databases import embedded_directory
from tailwatch.options import EVERYTHING, with_settings

_LOOK_S = 0.5
_NICE = 10
_FRESH_S = 10.0
"""Figures of short bars are told stale only after so long."""


@with_settings(*EVERYTHING)
def engine(configuration: Configuration) -> None:
    """Read feeds into the journal and measure risk."""
    from flows.engine import run_engine
    from tailwatch.startup import engine_of
    from tailwatch.supervised import announce_ready, keep_private, stopping_on_signals

    keep_private()
    work = engine_of(configuration.settings, "")  # what is wrong is told before a database is started
    stopping = stopping_on_signals()
    with database_of(configuration.settings) as url:
        run_engine(replace(work, database_url=url), stopping, announce_ready)


@with_settings("price", "data_dir", "journal_age", "journal_size", "keep_ticks", "database_url", "log_format")
def archive(configuration: Configuration) -> None:
    """Copy the journal into the database."""
    import os

    from flows.archive import Archive, run_archive
    from tailwatch.startup import retention_of
    from tailwatch.supervised import announce_ready, keep_private, stopping_on_signals

    keep_private()
    settings = configuration.settings
    journal, risk = settings.data_dir / "journal", settings.to_risk_settings()
    stopping = stopping_on_signals()
    with database_of(settings) as url:
        announce_ready()
        os.nice(_NICE)
        keep = settings.keep_ticks
        kept = None if keep is None else keep.nanoseconds
        run_archive(Archive(journal, url, risk, retention_of(settings), kept), stopping)


@with_settings(
    "bar", "host", "port", "access", "allow_hosts", "allow_origins", "data_dir", "database_url", "log_format"
)
def api(configuration: Configuration) -> None:
    """Serve the HTTP interface and the dashboard."""
    from api.server import ApiServer
    from tailwatch.serving import api_settings
    from tailwatch.supervised import announce_ready, follow_supervisor, keep_private

    keep_private()
    settings = configuration.settings
    follow_supervisor()
    with database_of(settings) as url:
        limit_s = max(_FRESH_S, 2.5 * settings.bar.seconds)
        server = ApiServer(api_settings(settings, url, risk_limit_s=limit_s))
        announce_ready(server.url)
        server.work()


@with_settings("webhook_url", "webhook_secret", "webhook_hosts", "data_dir", "database_url", "log_format")
def webhook(configuration: Configuration) -> None:
    """Post each alert to an address, signed, until it is taken."""
    from flows.webhook import run_webhook
    from tailwatch.supervised import announce_ready, keep_private, stopping_on_signals
    from tailwatch.webhook import webhook_of

    keep_private()
    settings = configuration.settings
    webhook_of(settings, "")
    stopping = stopping_on_signals()
    with database_of(settings) as url:
        announce_ready()
        run_webhook(webhook_of(settings, url), stopping)


@with_settings("data_dir", "database_url", "log_format")
def jobs(configuration: Configuration) -> None:
    """Do the heavy work that the API queues, one job at a time, when nobody else wants the processor."""
    import os

    from threadpoolctl import threadpool_limits

    from riskcore import blas
    from tailwatch.jobs.worker import Worker
    from tailwatch.supervised import announce_ready, keep_private, stopping_on_signals

    keep_private()
    blas.routines()  # a limit reaches only what has been loaded
    stopping = stopping_on_signals()
    with database_of(configuration.settings) as url, threadpool_limits(limits=1):
        announce_ready()
        os.nice(_NICE)
        Worker(url, configuration.settings.data_dir, stopping).run()


@with_settings("host", "seed", "log_format")
def exchange(
    configuration: Configuration,
    *,
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE]...", help="Raw recordings to play in place of a market.")
    ] = None,
    port: Annotated[int, typer.Option(metavar="PORT", help="Port of the WebSocket; 0 takes a free one.")] = 8765,
    instruments: Annotated[int, typer.Option(metavar="COUNT", help="Instruments of the market.")] = 60,
    rate: Annotated[float, typer.Option(metavar="COUNT", help="Ticks a second on average.")] = 500.0,
    liveliness: Annotated[float, typer.Option(metavar="FACTOR", help="Multiplies all volatilities.")] = 1.0,
    state: Annotated[Path | None, typer.Option(metavar="FILE", help="Keeps prices between two runs.")] = None,
    speed: Annotated[str, typer.Option(metavar="1x|10x", help="How fast to play recordings.")] = "1x",
    faults: Annotated[
        str | None, typer.Option(metavar="SCRIPT|FILE", help="What goes wrong, such as 'skip@100x3; close@500'.")
    ] = None,
) -> None:
    """Run the simulated exchange: a market from a seed, or recordings with their own timing."""
    from flows.exchange import read_faults, run_exchange
    from tailwatch.commands.replay import parse_speed
    from tailwatch.serving import is_loopback
    from tailwatch.supervised import announce_ready, follow_supervisor

    settings = configuration.settings
    if not is_loopback(settings.host):
        raise InputError(
            f"host: {settings.host} can be reached from other machines, and an exchange asks nobody who he is"
        )
    factor = parse_speed(speed)
    if factor is None:
        raise InputError("speed: max is for replays; write a factor such as 10x (from --speed)")

    def ready(host: str, port: int) -> None:
        typer.echo(f"tailwatch: exchange at ws://{host}:{port}", err=True)
        announce_ready(f"ws://{host}:{port}")

    follow_supervisor()
    run_exchange(
        settings.host, port, instruments, rate, settings.seed,
        liveliness=liveliness, state=state, play=tuple(files or ()), speed=factor, ready=ready,
        faults=read_faults(faults or ""),
    )  # fmt: skip


@with_settings("data_dir", "log_format")
def database(
    configuration: Configuration,
    *,
    port: Annotated[int | None, typer.Option(metavar="PORT", help="Port; a free one by default.")] = None,
) -> None:
    """Run the embedded PostgreSQL until it is told to stop."""
    from storage.embedded import EmbeddedPostgres
    from tailwatch.supervised import announce_ready, keep_private, stopping_on_signals

    keep_private()
    stopping = stopping_on_signals()
    server = EmbeddedPostgres(embedded_directory(configuration.settings), port)
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
    from urllib.parse import urlsplit

    place = urlsplit(url)
    while not stopping.wait(_LOOK_S):
        try:
            socket.create_connection((place.hostname or "", place.port or 0), timeout=5.0).close()
        except ConnectionRefusedError:
            raise TailwatchError("PostgreSQL has ended by itself; its log tells why") from None
        except OSError:
            continue
