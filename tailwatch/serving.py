"""What the API is told by the settings."""

import ipaddress
from typing import TYPE_CHECKING, Any

from tailwatch.settings import Settings

if TYPE_CHECKING:
    from api.settings import ApiSettings


def is_loopback(host: str) -> bool:
    """Whether only programs of this machine reach an address that is listened on."""
    return host == "localhost" or ipaddress.ip_address(host).is_loopback


def asks_for_tokens(settings: Settings) -> bool:
    """Whether the API lets nobody in without a token: always, where other machines reach it."""
    return settings.access == "token" or not is_loopback(settings.host)


def api_settings(settings: Settings, database_url: str, **more: Any) -> "ApiSettings":
    """The settings of the API."""
    from api.settings import ApiSettings

    return ApiSettings(
        database_url,
        host=settings.host,
        port=settings.port,
        allowed_hosts=settings.allow_hosts,
        allowed_origins=settings.allow_origins,
        tokens=asks_for_tokens(settings),
        **more,
    )
