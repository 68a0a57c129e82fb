"""``tailwatch status``: what the parts say of themselves."""

from riskcore.errors import TailwatchError
from tailwatch.configuration import Configuration
from tailwatch.options import with_settings


@with_settings("data_dir", "database_url")
def status(configuration: Configuration) -> None:
    """Show the state of a running tailwatch."""
    raise TailwatchError("status is not built yet")
