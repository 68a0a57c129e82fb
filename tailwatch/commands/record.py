"""``tailwatch record``: the journal's writer pointed at a file."""

import threading
import time
from collections.abc import Sequence
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
    """Record one feed or several to a file that `tailwatch replay` reads; Ctrl-C ends it."""
    from flows.commands import Positions
    from flows.listening import listening
    from flows.recording import RecordingWriter
    from tailwatch.feeds import Plan, choices
    from tailwatch.supervised import stopping_on_signals

    settings = configuration.settings
    if not settings.symbols and not any(choice.symbols for choice in choices(settings).values()):
        raise InputError(f"symbols: name what to record with {flag('symbols')} A,B")
    addresses = Plan(settings, (Positions(()),)).addresses
    for address in addresses:
        address.check()
    stopping = stopping_on_signals()
    writer = RecordingWriter(out, {address.name: address.price for address in addresses})
    try:
        with listening(addresses, writer) as connections:
            _watch(writer, connections, stopping)
    finally:
        writer.close()
        if writer.ticks == 0:
            out.unlink(missing_ok=True)
    typer.echo(f"tailwatch: {writer.ticks:,d} ticks in {out}", err=True)


def _watch(writer: "RecordingWriter", connections: "Sequence[FeedConnection]", stopping: threading.Event) -> None:
    due = time.monotonic() + 1.0
    while not stopping.wait(_LOOK_S):
        feeds = [connection.status for connection in connections]
        if all(feed.state == "failed" for feed in feeds):
            raise TailwatchError(feeds[0].error or f"feed {feeds[0].feed} has ended")
        if time.monotonic() >= due:
            due += 1.0
            states = ", ".join(f"{feed.feed} {feed.state}" for feed in feeds)
            typer.echo(f"{writer.ticks:12,d} ticks  {states}", err=True)
