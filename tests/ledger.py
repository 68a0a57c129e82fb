"""The verdict of every fault test: from journal, database and clients, was anything lost, counted twice or changed?

::

    L1  sent = journaled + declared gaps               by feed and symbol, from what the sender says it sent
    L2  journaled = accepted + duplicate + late + rejected    by feed and symbol
    L3  accepted keys = rows in the database, each once
    L4  figures = those of an undisturbed run over the same journal
    L5  a client's events = the outbox from its first id on, no gap, no other bytes
    L6  alerts of an undisturbed run = alerts in the outbox
    L7  every record acknowledged as durable is in the journal

Each check returns what is wrong, in words; an empty list is a sound ledger. The journal is decoded anew here, by
a decoder of its own, so a fault in the live one does not hide itself.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

from flows.actors.feed import FeedActor
from flows.actors.ledger import Settled, settled_accounts
from flows.actors.risk import RiskActor
from flows.journal.verification import salvage
from flows.messages import Accepted, Gap, Moment, Record, Refused
from flows.universe import Universe
from riskcore.settings import RiskSettings

Name = tuple[str, str]
Place = tuple[int, int]


class Account(NamedTuple):
    """What an undisturbed run makes of a journal."""

    records: int
    end: int
    ticks: dict[Place, tuple[str, str, int, float]]
    """Feed, symbol, event time and price of every tick that the decoder accepted, by its place."""
    verdicts: dict[Place, str]
    refused: dict[Place, tuple[str, str]]
    gaps: Counter[tuple[str, str, int, int]]
    accounts: dict[Name, Settled]
    figures: dict[tuple[int, str, str], dict[str, Any]]
    """Snapshots of bars by (journal offset, portfolio, event time)."""


def read_journal(journal: Path) -> list[Record]:
    """Every record; damage is an error."""
    found = list(salvage(journal))
    damage = [part for part in found if isinstance(part, str)]
    assert not damage, damage
    return [record for part in found for record in part]


def account_of(
    records: Sequence[Record], settings: RiskSettings, *, settings_hash: str = "", publish: int | None = None
) -> Account:
    """Run the actors over the records, in this process, without Bytewax and without a checkpoint."""
    feed = FeedActor(Universe(), settings.price)
    risk = RiskActor(settings, settings_hash=settings_hash, publish=publish)
    account = Account(len(records), records[-1].offset if records else -1, {}, {}, {}, Counter(), {}, {})
    for start in range(0, len(records), 500):
        batch = feed.on_batch(records[start : start + 500])
        for event in batch.events:
            if isinstance(event, Accepted):
                tick = event.tick
                account.ticks[event.offset, event.ordinal] = (tick.feed, tick.symbol, tick.event_time, tick.price)
            elif isinstance(event, Refused):
                account.refused[event.offset, event.ordinal] = (event.fate, event.reason)
            elif isinstance(event, Gap):
                account.gaps[event.feed, event.symbol, event.first, event.last] += 1
        for moment in risk.on_batch(batch):
            if isinstance(moment, Moment):
                _take(account, moment)
    # What is decided and not told yet waits for the next second of journal time, here as in the engine.
    account.accounts.update(settled_accounts(feed.ledger.rows(), risk.tally.decided))
    return account


def _take(account: Account, moment: Moment) -> None:
    for verdict in moment.said.verdicts:
        account.verdicts[verdict.journal_offset, verdict.ordinal] = verdict.fate
    for snapshot in moment.snapshots:
        if snapshot.moment == "bar":
            place = (moment.offset, snapshot.portfolio, snapshot.event_time)
            account.figures[place] = {
                "market_value": snapshot.market_value,
                "measures": [(one.method, one.confidence, one.var, one.es) for one in snapshot.measures],
            }


def l1_sent(account: Account, sent: Mapping[Name, Iterable[int]], seen: Mapping[Name, Iterable[int]]) -> list[str]:
    """Every number that was sent came, or lies in a declared gap."""
    wrong = []
    for name, numbers in sent.items():
        declared = {
            n for (feed, symbol, first, last) in account.gaps if (feed, symbol) == name for n in range(first, last + 1)
        }
        missing = set(numbers) - set(seen.get(name, ())) - declared
        if missing:
            wrong.append(f"L1 {name}: {len(missing)} were sent, did not come and are in no gap, first {min(missing)}")
    return wrong


def l2_fates(account: Account) -> list[str]:
    """Every tick has one fate."""
    wrong = [f"L2 {name}: {one}" for name, one in account.accounts.items() if not one.is_balanced]
    received = sum(one.received for one in account.accounts.values())
    if received != len(account.ticks) + len(account.refused):
        wrong.append(f"L2: {received} received, {len(account.ticks)} + {len(account.refused)} judged")
    return wrong


def l3_rows(account: Account, url: str, run: str) -> list[str]:
    """The tables hold what the journal holds, each once, with the same fate. The archive must have come to its end."""
    with psycopg.connect(url) as connection:

        def rows(query: str) -> list[tuple[Any, ...]]:
            return connection.execute(query.encode(), [run]).fetchall()

        stored = {row[:2]: row[2:] for row in rows(
            "select journal_offset, ordinal, feed, symbol, event_ns, price from ticks where run = %s"
        )}  # fmt: skip
        count = rows("select count(*) from ticks where run = %s")[0][0]
        fates = {row[:2]: row[2] for row in rows("select journal_offset, ordinal, fate from verdicts where run = %s")}
        refused = {
            row[:2]: row[2:]
            for row in rows("select journal_offset, ordinal, fate, reason from quarantine where run = %s")
        }
        gaps = Counter(rows("select feed, symbol, first, last from gaps where run = %s"))
    wrong = [] if count == len(stored) else [f"L3: {count} rows at {len(stored)} places"]
    wrong += _different("L3 ticks", account.ticks, stored)
    wrong += _different("L3 verdicts", account.verdicts, fates)
    wrong += _different("L3 quarantine", account.refused, refused)
    return wrong + _different("L3 gaps", account.gaps, gaps)


def l4_figures(account: Account, url: str, run: str) -> list[str]:
    """Every figure of a bar that was published is the one of an undisturbed run, at the same offset."""
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "select journal_offset, payload::text from risk_snapshots where run = %s and not transient", [run]
        ).fetchall()
    stored = {}
    for offset, text in rows:
        payload = json.loads(text)
        measures = [(one["method"], one["confidence"], one["var"], one["es"]) for one in payload["measures"]]
        place = (offset, payload["portfolio"], payload["event_time"])
        stored[place] = {"market_value": payload["market_value"], "measures": measures}
    return _different("L4", account.figures, stored)


def l5_client(events: Sequence[tuple[int, bytes]], outbox: Mapping[int, bytes]) -> list[str]:
    """What a client took is the outbox from its first id on: in order, without a hole, byte for byte."""
    ids = [number for number, _ in events]
    if not ids:
        return []
    expected = [number for number in sorted(outbox) if ids[0] <= number <= ids[-1]]
    distinct = list(dict.fromkeys(ids))
    wrong = [] if distinct == expected else [f"L5: ids {distinct[:5]}... are not those of the outbox"]
    return wrong + [f"L5: event {number} has other bytes" for number, data in events if outbox.get(number) != data]


def l6_alerts(expected: Iterable[str], url: str, run: str) -> list[str]:
    """The alerts of the outbox are those of an undisturbed run."""
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "select payload::text from outbox where run = %s and kind = 'alert' and portfolio <> '*' order by id", [run]
        ).fetchall()
    said = [_transition(json.loads(text)) for (text,) in rows]
    return _different("L6", Counter(expected), Counter(said))


def _transition(alert: Mapping[str, Any]) -> str:
    return f"{alert['id']} {alert['state']} {alert['level']}"


def l7_acknowledged(records: Sequence[Record], acknowledged: Mapping[int, bytes]) -> list[str]:
    """What was said to be durable is there."""
    found = {record.offset: record.payload for record in records}
    return [
        f"L7: record {offset} was acknowledged" for offset, data in acknowledged.items() if found.get(offset) != data
    ]


def _different(what: str, expected: Mapping[Any, Any], found: Mapping[Any, Any]) -> list[str]:
    lost = [place for place in expected if place not in found]
    extra = [place for place in found if place not in expected]
    changed = [place for place in expected if place in found and found[place] != expected[place]]
    told = (("lost", lost), ("not expected", extra), ("changed", changed))
    return [f"{what}: {len(places)} {word}, first {places[0]}" for word, places in told if places]
