"""The feeds that one engine listens to, each through a connection of its own; a dead one leaves the others alone."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import structlog

from flows.feeds import get_adapter
from flows.feeds.adapter import Credentials, PriceSource
from flows.feeds.client import check_url
from flows.feeds.connection import FeedConnection
from flows.feeds.status import Journal
from riskcore.errors import TailwatchError

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class FeedAddress:
    """A venue to listen to: the adapter's name, the venue's own names of what is wanted, and how."""

    name: str
    symbols: tuple[str, ...]
    url: str | None = None
    price: PriceSource = "trade"
    credentials: Credentials | None = None

    @property
    def full_url(self) -> str:
        """Where to connect; ``InputError`` where the feed is not known or has no address."""
        return get_adapter(self.name, self.price).url(self.symbols, self.url)

    def check(self) -> None:
        """Raise ``InputError`` where :meth:`connection` would."""
        check_url(self.full_url)
        get_adapter(self.name, self.price).login(self.credentials)

    def connection(self, journal: Journal) -> FeedConnection:
        """The connection to it, not yet started.

        Raises
        ------
        InputError
            No such feed, an address that is none, or missing credentials.
        """
        adapter = get_adapter(self.name, self.price)
        return FeedConnection(
            adapter, self.full_url, self.symbols, journal, price=self.price, credentials=self.credentials
        )


@contextmanager
def listening(addresses: Sequence[FeedAddress], journal: Journal) -> Iterator[list[FeedConnection]]:
    """Listen to every feed for as long as the context lasts; one that is away is tried on.

    Raises
    ------
    InputError
        Before any connection: a feed that cannot be listened to as it is described.
    TailwatchError
        No feed could be reached.
    """
    connections = [address.connection(journal) for address in addresses]
    try:
        for connection in connections:
            connection.start()
        _wait_for_one(connections)
        yield connections
    finally:
        for connection in connections:
            connection.stop(timeout_s=0.0)
        for connection in connections:
            connection.stop()


def _wait_for_one(connections: Sequence[FeedConnection]) -> None:
    failures: list[TailwatchError] = []
    for connection in connections:
        try:
            connection.wait_connected()
        except TailwatchError as error:
            failures.append(error)
    if failures and len(failures) == len(connections):
        raise failures[0]
    for failure in failures:
        _log.warning("a feed is away, the others go on", because=str(failure))
