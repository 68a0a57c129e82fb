"""The webhook: one alert after the other, in the order in which they were told."""

import time
from dataclasses import dataclass
from functools import partial
from threading import Event
from typing import Any

import structlog

from flows.feeds.backoff import Backoff
from flows.heartbeat import heartbeat
from flows.insistence import Insistence
from flows.watch import watching
from flows.webhook.destination import Destination
from flows.webhook.poster import Outcome, Poster
from storage.deliveries import Delivery, DeliveryStore

_log = structlog.get_logger(__name__)
PATIENCE = 5
"""Attempts before an alert that the receiver refuses is parked."""
_LOOK_S = 0.5
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.5, 60.0


@dataclass(frozen=True, slots=True)
class Webhook:
    """What to send from, and where to."""

    database_url: str
    destination: Destination
    secret: bytes


class Sender:
    """Sends what waits until told to stop.

    The place is stored behind each alert that was taken: a kill in between sends it again, under the same id. One that
    the receiver cannot take now holds those behind it, so that their order is kept; one that it refuses is parked.
    """

    def __init__(self, store: DeliveryStore, poster: Poster, stopping: Event, name: str = "") -> None:
        self._store, self._poster, self._stopping, self._name = store, poster, stopping, name
        self._storing = Insistence("webhook", stopping)
        self._backoff = Backoff(_FIRST_WAIT_S, _LONGEST_WAIT_S)
        self._trouble: str | None = None
        self._failing_since = 0.0
        self._attempts = self._sent = self._waiting = self._parked = 0

    def run(self) -> None:
        """Begin with what was parked, and go on for ever."""
        for delivery in self._read(self._store.parked):
            self._deliver(delivery)
        while not self._stopping.is_set():
            found = self._read(self._store.waiting)
            self._waiting = len(found)
            for delivery in found:
                if not self._deliver(delivery):
                    return
                self._waiting -= 1
            if not found:
                self._storing.insist(partial(self._store.wait, _LOOK_S))

    def describe(self) -> dict[str, Any]:
        """How it is, for its heartbeat; read from another thread."""
        reason, since = self._trouble, self._failing_since
        if reason is not None:
            reason = f"{self._name} {reason}; {self._attempts} attempts in {time.monotonic() - since:.0f} s"
        elif self._parked:
            reason = f"{self._parked} alerts are parked: {self._name} refused them; a restart tries them again"
        return {
            "state": "degraded" if reason else "ok",
            "reason": reason,
            "sent": self._sent,
            "waiting": self._waiting,
            "parked": self._parked,
        }

    def _read(self, read: Any) -> list[Delivery]:
        found: list[Delivery] = []
        self._storing.insist(lambda: found.extend(read()))
        return found

    def _deliver(self, delivery: Delivery) -> bool:
        self._attempts = 0
        while not self._stopping.is_set():
            outcome = self._poster.post(delivery.alert, delivery.payload)
            self._attempts += 1
            if outcome.is_taken:
                return self._done(delivery)
            self._tell(outcome)
            if outcome.is_refused and self._attempts >= PATIENCE:
                return self._park(delivery, outcome)
            self._stopping.wait(max(self._backoff.next_s(), outcome.retry_after_s or 0.0))
        return False

    def _done(self, delivery: Delivery) -> bool:
        if self._trouble is not None:
            _log.info("the webhook takes alerts again", receiver=self._name)
        self._trouble = None
        self._backoff.reset()
        self._sent += 1
        return self._storing.insist(partial(self._store.sent, delivery))

    def _park(self, delivery: Delivery, outcome: Outcome) -> bool:
        _log.error("alert parked", alert=delivery.alert, receiver=self._name, reason=outcome.reason)
        self._trouble = None
        self._backoff.reset()
        self._parked += 1
        return self._storing.insist(partial(self._store.park, delivery, outcome.reason))

    def _tell(self, outcome: Outcome) -> None:
        if outcome.reason != self._trouble and not self._stopping.is_set():
            _log.warning("the webhook does not take alerts; trying again", receiver=self._name, reason=outcome.reason)
        if self._trouble is None:
            self._failing_since = time.monotonic()
        self._trouble = outcome.reason


def run_webhook(webhook: Webhook, stopping: Event) -> None:
    """Run until ``stopping`` is set; a database or a receiver that is away is waited for."""
    store = DeliveryStore(webhook.database_url)
    with Poster(webhook.destination, webhook.secret, stopping) as poster:
        sender = Sender(store, poster, stopping, str(webhook.destination))
        url = webhook.database_url
        with heartbeat(url, "webhook", None, sender.describe, leaves=True), watching(url):
            sender.run()
    store.close()
