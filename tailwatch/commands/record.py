"""``tailwatch record``: the journal's writer pointed at a file."""

import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from riskcore.errors import InputError, TailwatchError
from tailwatch.configuration import Configuration, flag
from tailwatch.options import with_settings

if TYPE_CHECKING:
    from flows.feeds.connection import FeedConnection
    from flows.recording import RecordingWriter

_LOOK_S = 0.1


@with_settings("feed", "symbols", "url", "price", "feed_key", "feed_secret", "log_format")
def record(
    configuration: Configuration,
    out: Annotated[Path, typer.Option(metavar="FILE.ndjson.zst", help="File to write; it must not exist.")],
) -> None:
    """Record a feed to a file that `tailwatch replay` reads; Ctrl-C ends it."""
    from flows.listening import listening
    from flows.recording import RecordingWriter
    from tailwatch.feeds import Plan
    from tailwatch.supervised import stopping_on_signals

    settings = configuration.settings
    if not settings.symbols:
        raise InputError(f"symbols: name what to record with {flag('symbols')} A,B")
    addresses = Plan(settings, ()).addresses
    if len(addresses) > 1:
        raise InputError(f"feed: a recording is of one feed; name one with {flag('feed')}")
    addresses[0].check()
    stopping = stopping_on_signals()
    writer = RecordingWriter(out, addresses[0].price)
    try:
        with listening(addresses, writer) as (connection,):
            _watch(writer, connection, stopping)
    finally:
        writer.close()
        if writer.ticks == 0:
            out.unlink(missing_ok=True)
    typer.echo(f"tailwatch: {writer.ticks:,d} ticks in {out}", err=True)


def _watch(writer: "RecordingWriter", connection: "FeedConnection", stopping: threading.Event) -> None:
    due = time.monotonic() + 1.0
    while not stopping.wait(_LOOK_S):
        if connection.status.state == "failed":
            raise TailwatchError(connection.status.error or f"feed {connection.status.feed} has ended")
        if time.monotonic() >= due:
            due += 1.0
            typer.echo(f"{writer.ticks:12,d} ticks  {connection.status.state}", err=True)
