"""The health of the whole, put together from the parts' heartbeats and from what the hub sees."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from api.ages import Ages
from api.hub import Hub
from api.metrics import Metrics
from api.models import Account, Feed, Health, Ledger, Part, PortfolioSummary, Readiness
from api.models.health import State
from api.reading import Reader
from api.settings import ApiSettings
from api.summary import UnreadableSnapshotError, summarize
from riskcore.errors import TailwatchError

EXPECTED = ("archive", "engine")
BESIDE = frozenset({"jobs"})
"""Whose trouble leaves the figures as good as they are; giving way to all others, they may be late with a word."""
APART = frozenset({"replay"})
"""What ends by itself, and is told elsewhere."""
LOOK_S = 0.5
"""Between two looks at the parts: one that falls silent is told at once."""
GOOD_FEED_STATES = ("connected",)
_RANKS: tuple[State, ...] = ("ok", "unknown", "degraded", "down")


class Heartbeat(NamedTuple):
    """What a part last said of itself, and how old that was when it was read."""

    age_s: float
    state: Mapping[str, Any]


class StatusBoard:
    """Tells the state of each part; with the database away it tells that, and how old the rest is."""

    def __init__(self, hub: Hub, reader: Reader, settings: ApiSettings, metrics: Metrics) -> None:
        self._hub = hub
        self._reader = reader
        self._settings = settings
        self._metrics = metrics
        self._heartbeats: Mapping[str, Heartbeat] = {}
        self._ages = Ages()
        self._read_at = time.monotonic()
        self._trouble: str | None = None
        self._undelivered: int | None = None

    async def publish(self) -> None:
        """Send a ``status`` event at every interval, and when run, database or a part changes, until cancelled."""
        clock = asyncio.get_running_loop().time
        while True:
            health = await self.health()
            self._hub.publish_status(health.model_copy(update={"accounts": []}).model_dump_json().encode())
            seen, due = self._seen(), clock() + self._settings.status_interval_s
            while clock() < due and seen == self._seen():
                look = min(due, clock() + LOOK_S)
                while clock() < look and seen[:2] == (self._hub.generation, self._hub.trouble):
                    await self._hub.change(look - clock())
                await self._read()

    def _seen(self) -> tuple[Any, ...]:
        return self._hub.generation, self._hub.trouble, [(part.name, part.state) for part in self._parts()]

    async def health(self) -> Health:
        """Judge the parts by their heartbeats. Never fails, and takes at most the database's deadline."""
        await self._read()
        run = self._hub.run
        await self._count_undelivered()
        engine = self._heartbeats.get("engine")
        told = {} if engine is None else engine.state
        feeds = [_feed(feed, self._elapsed()) for feed in _objects(told.get("feeds"))]
        risk = self._risk()
        parts = [self._database(), *self._parts(), *(_feed_part(feed) for feed in feeds), risk]
        health = Health(
            schema=1,
            state=max((part.state for part in parts), key=_RANKS.index),
            server_time=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}",
            run=None if run is None else run.run,
            newest_id=self._hub.cursor,
            risk_age_s=risk.age_s,
            clients=self._hub.clients,
            parts=parts,
            feeds=feeds,
            ledger=_ledger(told.get("ledger")),
            undelivered=self._undelivered,
            accounts=self._accounts(),
        )
        self._count(health)
        return health

    async def readiness(self) -> Readiness:
        """Judge whether figures can be relied on: every part is well, every feed connected, risk recent."""
        parts = (await self.health()).parts
        ready = all(part.state == "ok" for part in parts if part.name not in BESIDE)
        return Readiness(ready=ready, parts=parts)

    async def _read(self) -> None:
        try:
            rows = await self._reader.parts()
        except TailwatchError as error:
            self._trouble = str(error)
            return
        shown = None if self._hub.run is None else self._hub.run.run
        self._heartbeats = {
            row.part: Heartbeat(self._ages.of(f"part {row.part}", row.beat, row.age_s), _object(row.state))
            for row in rows
            if shown is None or row.run in (shown, None)
        }
        self._read_at = time.monotonic()
        self._trouble = None

    async def _count_undelivered(self) -> None:
        run = self._hub.run
        if run is None or not self._live():
            self._undelivered = None
            return
        if self._trouble is not None:
            return  # one deadline of the database is enough to wait for
        with suppress(TailwatchError):
            self._undelivered = await self._reader.undelivered(run.run)

    def _elapsed(self) -> float:
        return time.monotonic() - self._read_at

    def _live(self) -> bool:
        return self._hub.run is None or self._hub.run.kind == "live"

    def _database(self) -> Part:
        trouble = self._trouble or self._hub.trouble
        state: State = "down" if trouble else "ok"
        return Part(name="database", state=state, reason=trouble, age_s=self._elapsed(), detail={})

    def _parts(self) -> list[Part]:
        expected = EXPECTED if self._live() else ()
        return [self._part(name) for name in sorted({*expected, *self._heartbeats} - APART)]

    def _part(self, name: str) -> Part:
        heartbeat = self._heartbeats.get(name)
        if heartbeat is None:
            return Part(name=name, state="down", reason="never heard of", age_s=None, detail={})
        age = heartbeat.age_s + self._elapsed()
        state, reason = _judged(heartbeat.state)
        if age > self._settings.heartbeat_limit_s:
            state = "degraded" if name in BESIDE else "down"
            reason = f"no heartbeat for {age:.0f} s"
        detail = {key: value for key, value in heartbeat.state.items() if key not in _TAKEN}
        return Part(name=name, state=state, reason=reason, age_s=age, detail=detail)

    def _accounts(self) -> list[Account]:
        ledger = self._heartbeats.get("ledger")
        told = () if ledger is None else _objects(ledger.state.get("accounts"))
        return [Account(feed=str(one.get("feed")), symbol=str(one.get("symbol")), **_fates(one)) for one in told]

    def _summaries(self) -> list[PortfolioSummary]:
        """The newest figures of each portfolio, without those that cannot be read."""
        found = []
        for event in self._hub.latest.values():
            with suppress(UnreadableSnapshotError):
                found.append(summarize(event))
        return found

    def _risk(self) -> Part:
        summaries = self._summaries()
        age = self._age(summaries) if self._live() else None
        state: State = "ok"
        reason = None
        if not any(summary.state == "ok" for summary in summaries):
            state = "degraded"
            reason = next((summary.reason for summary in summaries), "there are no figures yet")
        elif age is not None and age > self._settings.risk_limit_s:
            state, reason = "down", f"the newest figures are {age:.0f} s old"
        return Part(name="risk", state=state, reason=reason, age_s=age, detail={})

    def _age(self, summaries: Sequence[PortfolioSummary]) -> float | None:
        published = max((one.published_at for one in summaries if one.published_at is not None), default=None)
        if published is None:
            return None
        told_s = (datetime.now(UTC) - datetime.fromisoformat(published)).total_seconds()
        return self._ages.of("risk", published, told_s)

    def _count(self, health: Health) -> None:
        for part in health.parts:
            self._metrics.part_up.labels(part.name).set(part.state == "ok")
        if health.ledger is not None:
            counts = health.ledger.model_dump(exclude={"rejected"})
            for fate, count in {**counts, "rejected": sum(health.ledger.rejected.values())}.items():
                self._metrics.ticks.labels(fate).set(count)
        engine = self._heartbeats.get("engine")
        self._metrics.undelivered.set(health.undelivered or 0)
        self._count_numerics(_mapping(engine.state.get("numerics")) if engine else {})
        webhook = self._heartbeats.get("webhook")
        for state in ("sent", "waiting", "parked"):
            if webhook is not None:
                self._metrics.webhook.labels(state).set(_number(webhook.state.get(state)) or 0.0)
        for account in health.accounts:
            counts = account.model_dump(include=set(_COUNTS))
            for fate, count in {**counts, "rejected": sum(account.rejected.values())}.items():
                self._metrics.ticks_of.labels(account.feed, account.symbol, fate).set(count)

    def _count_numerics(self, numerics: Mapping[str, Any]) -> None:
        for kept in ("vector", "covariance"):
            if (drift := _number(numerics.get(f"{kept}_drift"))) is not None:
                self._metrics.drift.labels(kept).set(drift)
        if (rate := _number(numerics.get("factor_hit_rate"))) is not None:
            self._metrics.factor_hit_rate.set(rate)


_COUNTS = ("received", "accepted", "duplicate", "late", "missing")
_TAKEN = ("state", "reason", "feeds", "ledger", "accounts")


def _judged(told: Mapping[str, Any]) -> tuple[State, str | None]:
    state = told.get("state", "ok")
    reason = told.get("reason")
    known: State = state if state in _RANKS else "degraded"
    return known, str(reason) if reason is not None else None if known == "ok" else str(state)


def _object(stored: bytes) -> Mapping[str, Any]:
    read = msgspec.json.decode(stored)
    return read if isinstance(read, dict) else {}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _objects(value: Any) -> Sequence[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) else None


def _feed(told: Mapping[str, Any], elapsed: float) -> Feed:
    age = _number(told.get("age_s"))
    ahead, reason = _number(told.get("clock_offset_ms")), told.get("reason")
    return Feed(
        name=str(told.get("name", "feed")),
        state=str(told.get("state", "unknown")),
        reason=None if reason is None else str(reason),
        age_s=None if age is None else age + elapsed,
        frames=_count(told.get("frames")),
        rate=_number(told.get("rate")),
        reconnects=_count(told.get("reconnects")),
        missing=_count(told.get("missing")),
        lag_ms=None if ahead is None else 0.0 - ahead,
    )


def _feed_part(feed: Feed) -> Part:
    good = feed.state in GOOD_FEED_STATES
    state: State = "ok" if good else "down"
    return Part(
        name=f"feed {feed.name}",
        state=state,
        reason=None if good else feed.reason or feed.state,
        age_s=feed.age_s,
        detail={},
    )


def _ledger(told: Any) -> Ledger | None:
    if not isinstance(told, Mapping):
        return None
    return Ledger(**_fates(told))


def _fates(told: Mapping[str, Any]) -> dict[str, Any]:
    rejected = told.get("rejected")
    counts: dict[str, Any] = {name: int(told.get(name, 0)) for name in _COUNTS}
    return counts | {"rejected": {str(k): int(v) for k, v in rejected.items()} if isinstance(rejected, Mapping) else {}}
