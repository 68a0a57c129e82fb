"""The database of this process: the one that was named, or the embedded one of the data directory."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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
