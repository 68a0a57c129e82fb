"""Alerts about the platform itself, which no record of the journal has caused: what their tellers share.

They are for everybody (``portfolio: "*"``), stand in the outbox of the run behind what the engine told last, and are
covered by silences for all portfolios.
"""

from collections.abc import Iterable
from dataclasses import replace
from hashlib import sha256

import msgspec

from flows.commands import Silence
from flows.encoding import encode_alert
from flows.timestamps import format_timestamp
from riskcore.messages import Alert
from storage.outbox import ALL, OutboxStore


def alert_id(rule: str, *said: object) -> str:
    """The id of one transition, the same whoever tells it."""
    return sha256(msgspec.json.encode((ALL, rule, *said))).hexdigest()[:24]


def firing(
    rule: str,
    run: str,
    since_what: int,
    reason: str,
    *,
    since: int,
    now: int,
    place: int,
    value: float | None = None,
    limit: float | None = None,
    silenced: bool = False,
) -> Alert:
    """The alert of a rule that begins: its id is a function of the run and of what it began with, ``since_what``."""
    return Alert(
        id=alert_id(rule, run, since_what, "firing"),
        portfolio=ALL,
        rule=rule,
        method=None,
        confidence=None,
        state="firing",
        level="breach",
        value=value,
        limit=limit,
        since=format_timestamp(since),
        event_time=format_timestamp(now),
        journal_offset=place,
        reason=reason,
        silenced=silenced,
    )


def is_announced(silences: Iterable[bytes], rule: str, now: int) -> bool:
    """Whether a silence or a maintenance window covers the rule now."""
    told = (msgspec.json.decode(one, type=Silence) for one in silences)
    of_it = (one for one in told if one.portfolio is None and one.rule in (None, rule))
    return any(one.starts <= now < one.ends for one in of_it)


def standing(store: OutboxStore, rule: str) -> Alert | None:
    """The alert of this rule that fires, as it was told; None where none does."""
    newest = store.newest_of_all(rule)
    alert = None if newest is None else msgspec.json.decode(newest, type=Alert)
    return alert if alert is not None and alert.state == "firing" else None


def tell(store: OutboxStore, alert: Alert, now: int) -> None:
    """Store it, once by its id."""
    store.tell_all(alert.id, now, encode_alert(alert))


def tell_resolved(store: OutboxStore, fired: Alert, run: str, now: int, reason: str) -> None:
    """Say that it is over."""
    over = replace(
        fired,
        id=alert_id(fired.rule, run, fired.id, "resolved"),
        state="resolved",
        event_time=format_timestamp(now),
        reason=reason,
    )
    tell(store, over, now)
