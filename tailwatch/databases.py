"""The database of this process: the one that was named, or the embedded one of the data directory."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from riskcore.errors import TailwatchError
from tailwatch.settings import Settings


def embedded_directory(settings: Settings) -> Path:
    """Where the embedded PostgreSQL of these settings lives."""
    return settings.data_dir / "database"


@contextmanager
def database(settings: Settings) -> Iterator[str]:
    """Give the URL of the database.

    Without one of the user's own, the embedded PostgreSQL is attached to where it runs, and otherwise
    started, to be stopped at the end.

    Raises
    ------
    TailwatchError
        It cannot be started or does not answer.
    """
    if settings.database_url is not None:
        yield settings.database_url.get_secret_value()
        return
    from storage.embedded import EmbeddedPostgres

    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with EmbeddedPostgres(embedded_directory(settings)) as server:
        yield server.url


def running(settings: Settings) -> Settings:
    """The settings of what runs: those given, or with the data directory of the demo where only that runs.

    Raises
    ------
    TailwatchError
        No database is named and nothing runs.
    """
    from tailwatch.supervisor.ownership import is_held

    if settings.database_url is not None:
        return settings
    for directory in (settings.data_dir, settings.data_dir / "demo"):
        if is_held(directory):
            return settings.model_copy(update={"data_dir": directory})
    raise TailwatchError(
        f"nothing is running on data directory {settings.data_dir}; "
        "start `tailwatch demo` or `tailwatch up`, or name another place with --data-dir or --database-url"
    )


@contextmanager
def running_database(settings: Settings) -> Iterator[str]:
    """The database of what runs, or else of the data directory: what is kept there can be changed at any time."""
    try:
        settings = running(settings)
    except TailwatchError:
        # Nothing runs: what will run on this data directory finds it there.
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with database(settings) as url:
        yield url
