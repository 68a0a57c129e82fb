"""The webhook as the settings describe it."""

from typing import TYPE_CHECKING

from riskcore.errors import InputError
from tailwatch.configuration import flag
from tailwatch.settings import Settings

if TYPE_CHECKING:
    from flows.webhook import Webhook


def webhook_of(settings: Settings, database_url: str) -> "Webhook":
    """What to send, and where to.

    Raises
    ------
    InputError
        Address or secret are missing, or may not be used.
    """
    from flows.webhook import Destination, Webhook, read_secret

    if settings.webhook_url is None:
        raise InputError(f"webhook_url: there is nowhere to send alerts to; name it with {flag('webhook_url')}")
    secret = read_secret("" if settings.webhook_secret is None else settings.webhook_secret.get_secret_value())
    destination = Destination(settings.webhook_url.get_secret_value(), settings.webhook_hosts)
    return Webhook(database_url, destination, secret)
