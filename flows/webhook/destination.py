"""Where a webhook goes, and where it never does: what may be reached is decided by address, when it is connected to."""

import ipaddress
import socket
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from riskcore.errors import InputError, TailwatchError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], list[str]]
_NEVER_BY_NAME = tuple(
    map(
        ipaddress.ip_network,
        ("0.0.0.0/8", "169.254.0.0/16", "100.100.100.200/32", "224.0.0.0/4", "::/128", "fe80::/10", "fd00:ec2::/32",
         "ff00::/8"),
    )
)  # fmt: skip
"""Link-local addresses and those under which clouds tell machines their keys."""
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class ForbiddenAddressError(TailwatchError):
    """The host has no address that a webhook may be sent to."""


def resolved(host: str, port: int) -> list[str]:
    """The addresses of a host."""
    return [str(place[4][0]) for place in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


class Destination:
    """One address, and what it may resolve to.

    Public addresses by ``https`` always; ``http``, private and loopback addresses only where the host is among those
    ``allowed``, by name, address or network; link-local addresses and those of clouds' metadata only where the address
    itself is.

    Parameters
    ----------
    url
        ``https://pager.example/hook``. Its path and query may be secret: no message repeats them.
    allowed
        Host names, addresses, networks.

    Raises
    ------
    InputError
        It is no such address, or may not be used.
    """

    def __init__(self, url: str, allowed: Sequence[str] = (), resolve: Resolve = resolved) -> None:
        self._resolve = resolve
        self._networks, self._names = _split(allowed)
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise InputError("webhook_url: is not an address such as https://pager.example/hook") from None
        self.host, self.scheme = parts.hostname or "", parts.scheme
        self.port = port or (443 if self.scheme == "https" else 80)
        self.target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        if self.scheme not in ("https", "http") or not self.host or parts.fragment or not url.isascii():
            raise InputError("webhook_url: is not an address such as https://pager.example/hook")
        if parts.username is not None or parts.password is not None:
            raise InputError("webhook_url: holds a user or a password; the signature says who sends")
        if self.scheme == "http" and not self._is_listed():
            raise InputError(
                f"webhook_url: {self} would be sent unencrypted; use https, or name the host with --webhook-hosts"
            )
        literal = _address(self.host)
        if literal is not None and not self._permits(literal):
            raise InputError(f"webhook_url: {_forbidden(self.host, [self.host])}")

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        default = {"https": 443, "http": 80}[self.scheme]
        return f"{self.scheme}://{host}" + ("" if self.port == default else f":{self.port}")

    def addresses(self) -> list[str]:
        """Resolve the host, and return those of its addresses that may be connected to.

        Raises
        ------
        ForbiddenAddressError
            There is none.
        OSError
            There is no such host.
        """
        found = self._resolve(self.host, self.port)
        permitted = [text for text in found if (one := _address(text)) is not None and self._permits(one)]
        if not permitted:
            raise ForbiddenAddressError(_forbidden(self.host, found))
        return permitted

    def _permits(self, address: Address) -> bool:
        return all(self._permits_one(one) for one in (address, *_embedded(address)))

    def _permits_one(self, address: Address) -> bool:
        if any(address in network for network in self._networks):
            return True
        if self.host in self._names:
            return not any(address in network for network in _NEVER_BY_NAME)
        return address.is_global and not address.is_multicast

    def _is_listed(self) -> bool:
        literal = _address(self.host)
        return self.host in self._names or any(literal in network for network in self._networks if literal)


def _split(allowed: Sequence[str]) -> tuple[list[ipaddress.IPv4Network | ipaddress.IPv6Network], set[str]]:
    networks, names = [], set()
    for text in allowed:
        try:
            networks.append(ipaddress.ip_network(text, strict=False))
        except ValueError:
            names.add(text.lower())
    return networks, names


def _address(text: str) -> Address | None:
    try:
        return ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None


def _embedded(address: Address) -> list[Address]:
    """IPv4 addresses that an IPv6 address stands for."""
    if not isinstance(address, ipaddress.IPv6Address):
        return []
    mapped = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in _NAT64:
        mapped.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return [one for one in mapped if one is not None]


def _forbidden(host: str, found: Sequence[str]) -> str:
    where = f"{host} is" if list(found) == [host] else f"{host} is at {', '.join(found)}, which is"
    return f"{where} no public address; name what may be reached with --webhook-hosts"
