"""What the demo stands on: an example book, a past for it, and settings that make the screen move."""

from riskcore.errors import TailwatchError
from tailwatch.configuration import Configuration


def prepare(configuration: Configuration) -> Configuration:
    """Write the example files and give the settings that the demo runs with."""
    raise TailwatchError("demo is not built yet")
