"""What the settings accept: each check says in a few words what is wrong and what works."""

import ipaddress
import os
import re
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, SecretStr

from tailwatch.values import Duration, Size, parse_duration, parse_size

SHRINKAGES = ("none", "ledoit-wolf", "oas")
_SYMBOL = re.compile(r"[A-Za-z0-9._:/-]{1,129}")


def choice(*available: str) -> BeforeValidator:
    works = " or ".join(available)

    def check(value: object) -> object:
        if value in available:
            return value
        raise ValueError(f"{value!r} is not known; use {works}")

    return BeforeValidator(check)


def time_of_day(text: str) -> str:
    if not re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", text):
        raise ValueError(f"{text!r} is not a time of the day such as 09:30")
    return text


def time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{name[:64]!r} is not a time zone such as UTC or America/New_York") from None
    return name


def shrinkage_intensity(value: object) -> object:
    """``none``, ``ledoit-wolf``, ``oas``, or a number from 0 to 1."""
    try:
        fraction = value if value in SHRINKAGES else float(str(value))
    except ValueError:
        raise ValueError(f"{value!r} is not known; use none, ledoit-wolf, oas or a number from 0 to 1") from None
    if isinstance(fraction, float) and not 0.0 <= fraction <= 1.0:
        raise ValueError(f"{value!r} is not from 0 to 1")
    return fraction


def longer_than_nothing(duration: Duration) -> Duration:
    if duration.nanoseconds <= 0:
        raise ValueError("must be longer than 0")
    return duration


def confidence_levels(levels: tuple[float, ...]) -> tuple[float, ...]:
    for level in levels:
        if not 0.0 < level < 1.0:
            raise ValueError(f"{level:g} is not between 0 and 1; write 99 % as 0.99")
    if not levels or len(set(levels)) < len(levels):
        raise ValueError("must name at least one level, each of them once")
    return levels


def currency_code(text: str) -> str:
    if not re.fullmatch(r"[A-Z][A-Z0-9]{2,9}", text):
        raise ValueError(f"{text!r} is not a currency code such as USD or USDT")
    return text


def named_symbols(symbols: tuple[str, ...]) -> tuple[str, ...]:
    for symbol in symbols:
        if not _SYMBOL.fullmatch(symbol):
            raise ValueError(f"{symbol!r} is not a symbol: use letters, digits and . _ : / - only")
    return tuple(dict.fromkeys(symbols))


def publish_moment(value: object) -> object:
    return value if value is None or value == "bar" else longer_than_nothing(parse_duration(value))


def websocket_address(url: str) -> str:
    if not re.fullmatch(r"wss?://[^/\s@]+(/\S*)?", url):
        raise ValueError(f"{url!r} is not a WebSocket address such as ws://127.0.0.1:9000")
    return url


def postgres_address(url: SecretStr) -> SecretStr:
    if not re.match(r"postgres(ql)?://", url.get_secret_value()):
        raise ValueError("must be an address such as postgresql://user@host:5432/database")
    return url


def ip_address(host: str) -> str:
    try:
        return host if host == "localhost" else str(ipaddress.ip_address(host))
    except ValueError:
        raise ValueError(f"{host!r} is not an address such as 127.0.0.1 or 0.0.0.0") from None


def web_address(url: SecretStr) -> SecretStr:
    if not re.match(r"https?://", url.get_secret_value()):
        raise ValueError("must be an address such as https://pager.example/hook")
    return url


def hosts_and_networks(hosts: tuple[str, ...]) -> tuple[str, ...]:
    for host in hosts:
        try:
            ipaddress.ip_network(host, strict=False)
        except ValueError:
            host_names((host,))
    return hosts


def host_names(hosts: tuple[str, ...]) -> tuple[str, ...]:
    for host in hosts:
        if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?", host):
            raise ValueError(f"{host!r} is not a host name such as risk.example, without port and path")
    return hosts


def web_origins(origins: tuple[str, ...]) -> tuple[str, ...]:
    for origin in origins:
        if not re.fullmatch(r"https?://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?", origin):
            raise ValueError(f"{origin!r} is not an origin such as https://desk.example, without path and wildcard")
    return origins


def directory(path: Path) -> Path:
    there = next(part for part in (path, *path.absolute().parents) if os.path.exists(part))  # noqa: PTH110 - never raises
    if not there.is_dir():
        raise ValueError(f"{there} is no directory; name one that is there or can be made")
    return path


PathSetting = Annotated[Path, AfterValidator(Path.expanduser)]

DirectorySetting = Annotated[PathSetting, AfterValidator(directory)]
DurationSetting = Annotated[Duration, BeforeValidator(parse_duration)]
PositiveDuration = Annotated[DurationSetting, AfterValidator(longer_than_nothing)]
SizeSetting = Annotated[Size, BeforeValidator(parse_size)]
