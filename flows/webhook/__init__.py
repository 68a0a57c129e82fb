"""Alerts out of the outbox to a pager: each in its order, signed, until the receiver has taken it."""

from flows.webhook.destination import Destination
from flows.webhook.sender import Webhook, run_webhook
from flows.webhook.signature import read_secret

__all__ = ["Destination", "Webhook", "read_secret", "run_webhook"]
