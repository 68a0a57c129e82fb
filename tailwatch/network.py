"""Looks before it starts anything: is the port free, does the feed answer?"""

import errno
import socket
from collections.abc import Mapping
from urllib.parse import urlsplit

from riskcore.errors import TailwatchError

_CONNECT_S = 5.0


def check_port(host: str, port: int) -> int:
    """Return ``port`` where it can be listened on, or a free one for 0.

    Raises
    ------
    TailwatchError
        The port is in use or may not be used; the message names it and says what to do.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError:
            raise TailwatchError(f"port {port}: may not be used by this user; choose one above 1023") from None
        except OSError as error:
            reason = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be used: {error.strerror}"
            raise TailwatchError(
                f"port {port} on {host} {reason}; stop the program that has it, or choose another with --port"
            ) from None
        return int(probe.getsockname()[1])


def check_feeds(urls: Mapping[str, str]) -> None:
    """See whether somebody listens at the address of at least one of these feeds, given by name.

    Raises
    ------
    TailwatchError
        Nobody does; the message is of the first.
    """
    failures = []
    for feed, url in urls.items():
        try:
            check_feed(feed, url)
        except TailwatchError as error:
            failures.append(error)
    if len(failures) == len(urls):
        raise failures[0]


def check_feed(feed: str, url: str) -> None:
    """See whether somebody listens at the address of a feed.

    Raises
    ------
    TailwatchError
        Nobody does, or there is no such host; the message names feed and address.
    """
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "wss" else 80)
    address = f"{parts.scheme}://{parts.hostname}:{port}"
    try:
        socket.create_connection((parts.hostname or "", port), timeout=_CONNECT_S).close()
    except TimeoutError:
        reason = f"no answer within {_CONNECT_S:g} s"
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
    else:
        return
    raise TailwatchError(f"feed {feed} at {address} cannot be reached: {reason}; check --url and the network")
