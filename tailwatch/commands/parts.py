"""The parts one by one, as production and tests run them: engine, archive, API, exchange."""

from riskcore.errors import TailwatchError
from tailwatch.configuration import Configuration
from tailwatch.options import EVERYTHING, INPUT_SETTINGS, RUNNING_SETTINGS, with_settings


@with_settings(*EVERYTHING)
def engine(configuration: Configuration) -> None:
    """Read feeds into the journal and measure risk."""
    raise TailwatchError("engine is not built yet")


@with_settings(*INPUT_SETTINGS, *RUNNING_SETTINGS)
def archive(configuration: Configuration) -> None:
    """Copy the journal into the database."""
    raise TailwatchError("archive is not built yet")


@with_settings(*RUNNING_SETTINGS)
def api(configuration: Configuration) -> None:
    """Serve the HTTP interface and the dashboard."""
    raise TailwatchError("api is not built yet")


@with_settings("host", "log_format")
def exchange(configuration: Configuration) -> None:
    """Run the simulated exchange: a market from a seed, or a recording."""
    raise TailwatchError("exchange is not built yet")


@with_settings("data_dir", "log_format")
def database(configuration: Configuration) -> None:
    """Run the embedded PostgreSQL."""
    raise TailwatchError("database is not built yet")
