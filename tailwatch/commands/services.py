"""``tailwatch demo`` and ``tailwatch up``: all parts together, under one supervisor."""

from riskcore.errors import TailwatchError
from tailwatch.configuration import Configuration
from tailwatch.options import EVERYTHING, with_settings


@with_settings(*(name for name in EVERYTHING if name not in ("feed", "url")))
def demo(configuration: Configuration) -> None:
    """Show everything at work on a simulated market, with nothing to configure."""
    raise TailwatchError("demo is not built yet")


@with_settings(*EVERYTHING)
def up(configuration: Configuration) -> None:
    """Run everything on a live feed: database, engine, archive, API and dashboard."""
    raise TailwatchError("up is not built yet")
