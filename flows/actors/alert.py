"""Limits over the moments of all shards: which alerts fire, rise, fall and resolve."""

from collections.abc import Iterator
from hashlib import sha256
from typing import Any, Literal

import msgspec

from flows.actors.feed_silence import FeedSilence, SilenceState
from flows.actors.merge import Merged
from flows.actors.watched import Watched, limit_row, silence_row, watched_by_name
from flows.commands import Acknowledge, Asked, Limits, Silence, decode_command
from flows.messages import Moment
from flows.timestamps import format_timestamp
from riskcore.alerting import LEVELS
from riskcore.limits import STREAM, figure
from riskcore.messages import Alert, RiskSnapshot
from riskcore.state import StateError
from storage.rows import AnswerRow, LimitRow, SilenceRow


class AlertActor:
    """Judges every limit of a portfolio at each moment that has its figures, and at each second of the journal.

    One actor behind the merged shards. What it says is a function of the journal. A moment costs O(its limits).
    """

    def __init__(self) -> None:
        self._watched: dict[str, dict[str, Watched]] = {}
        self._silences: dict[str, Silence] = {}
        self._uncovered: dict[str, int] = {}
        self._feeds = FeedSilence()
        self._newest = 0
        self._moment = Moment(-1, 0, 0, 0, ())
        self._alerts: list[tuple[int, Alert]] = []
        self._limits: list[LimitRow] = []
        self._ended: list[SilenceRow] = []
        self._answers: list[AnswerRow] = []

    def on_message(self, message: Merged) -> list[Merged]:
        """Add to a moment the alerts that it causes, the gravest first; to a checkpoint, this actor's state."""
        if isinstance(message, AnswerRow):
            return [message]
        if not isinstance(message, Moment):
            state = self.snapshot()
            return [tuple(part._replace(alert_state=state) for part in message)]
        self._moment, self._alerts, self._limits, self._ended, self._answers = message, [], [], [], []
        if message.command is not None:
            self._on_command(message.command.payload)
        if message.stream is not None:
            self._feeds.advance(message.stamp, message.stream)
        for snapshot in message.snapshots:
            self._measure(snapshot)
        for portfolio in self._watched if message.stream else [one.portfolio for one in message.snapshots]:
            self._judge(portfolio)
        self._newest = max(self._newest, self._event_time()) if self._alerts or message.snapshots else self._newest
        self._alerts.sort(key=lambda graded: (-graded[0], graded[1].portfolio))
        alerts = tuple(alert for _, alert in self._alerts)
        said = message.said._replace(answers=(*message.said.answers, *self._answers))
        limits, silences = tuple(self._limits), tuple(self._ended)
        return [message._replace(said=said, alerts=alerts, limits=limits, silences=silences)]

    def _event_time(self) -> int:
        """The time of the figures; between them the journal's, but never before what was told."""
        moment = self._moment
        return moment.event_time if moment.snapshots else max(moment.stamp, moment.event_time, self._newest)

    def _on_command(self, payload: bytes) -> None:
        match decode_command(payload):
            case Limits() as command:
                self._limit(command)
                self._answer(command, 200, {})
            case Silence() as command:
                self._silence(command)
                self._answer(command, 200, {})
            case Acknowledge() as command:
                self._acknowledge(command)

    def _answer(self, command: Asked, status: int, said: Any) -> None:
        if command.asked:
            self._answers.append(AnswerRow(command.asked, status, msgspec.json.encode(said)))

    def _limit(self, command: Limits) -> None:
        stated = watched_by_name(command.limits)
        portfolios = {*stated, *self._watched} if command.portfolio is None else {command.portfolio}
        for portfolio in sorted(portfolios):
            before, after = self._watched.pop(portfolio, {}), stated.get(portfolio, {})
            for name, one in before.items():
                if name not in after:
                    self._take_away(one)
            for name, one in after.items():
                known = before.get(name)
                if known is not None:
                    after[name] = Watched(one.limit, known.standing, known.value, known.reason)
            if after:
                self._watched[portfolio] = after
            self._limits += [limit_row(one, self._moment.offset) for one in after.values()]
        self._watched = dict(sorted(self._watched.items()))

    def _take_away(self, one: Watched) -> None:
        level, one.standing.level = one.standing.level, 0
        if level:
            self._tell(one, level, "the limit was taken away")
        self._limits.append(limit_row(one, self._moment.offset, gone=True))

    def _silence(self, command: Silence) -> None:
        if command.ends <= command.starts:
            self._silences.pop(command.id, None)
        else:
            self._silences[command.id] = command
        self._ended.append(silence_row(command, self._moment.offset))

    def _acknowledge(self, command: Acknowledge) -> None:
        one = next((one for one in self._all() if one.standing.alert == command.alert), None)
        if one is None or not one.standing.level:
            detail = (
                "this alert has resolved, or another one of its limit has taken its place; /api/v1/alerts lists them"
            )
            self._answer(command, 409, {"detail": detail})
            return
        if not one.standing.acknowledged:
            one.standing.acknowledged = True
            self._tell(one, one.standing.level, f"acknowledged by {command.by}" if command.by else None)
            self._answer(command, 200, self._alerts[-1][1])
            return
        self._answer(command, 409, {"detail": "this alert was acknowledged before"})

    def _all(self) -> Iterator[Watched]:
        return (one for portfolio in self._watched.values() for one in portfolio.values())

    def _measure(self, snapshot: RiskSnapshot) -> None:
        watched = self._watched.get(snapshot.portfolio)
        if watched is not None:
            self._uncovered[snapshot.portfolio] = len(snapshot.quality.uncovered)
            for one in watched.values():
                if one.limit.rule not in STREAM:
                    one.value, one.reason = figure(one.limit, snapshot)

    def _judge(self, portfolio: str) -> None:
        stamp = self._moment.stamp
        for one in self._watched.get(portfolio, {}).values():
            if one.limit.rule in STREAM:
                one.value, one.reason = self._of_stream(one)
            standing, before = one.standing, one.standing.level
            if one.limit.rule == "watchdog":
                if not before or stamp - standing.changed >= one.limit.hold:
                    standing.level, standing.changed = 1, stamp
                    self._tell(one, before)
            elif standing.advance(one.limit, one.value, stamp) or (standing.silenced and not self._covered(one)):
                self._tell(one, before)

    def _of_stream(self, one: Watched) -> tuple[float | None, str | None]:
        match one.limit.rule:
            case "silence":
                return self._feeds.longest_s, None
            case "gaps":
                return float(self._feeds.recent_gaps), None
            case "data_quality":
                return self._missing(one.limit.portfolio)
        return None, None

    def _missing(self, portfolio: str) -> tuple[float, str | None]:
        missing = [
            f"{name}: {one.reason}"
            for name, one in self._watched[portfolio].items()
            if one.value is None and one.limit.rule not in STREAM
        ]
        uncovered = self._uncovered.get(portfolio, 0)
        if uncovered:
            missing.append(f"{uncovered} position{'s are' if uncovered > 1 else ' is'} in no figure")
        return float(len(missing)), "; ".join(missing[:3]) or None

    def _covered(self, one: Watched) -> bool:
        return any(silence.covers(one.limit, self._moment.stamp) for silence in self._silences.values())

    def _tell(self, one: Watched, before: int, reason: str | None = None) -> None:
        standing, limit, event_time = one.standing, one.limit, self._event_time()
        if not before:
            standing.since = event_time
        shown = standing.level or before
        state: Literal["firing", "resolved", "acknowledged"] = "firing"
        if not standing.level:
            state, standing.acknowledged = "resolved", False
        elif standing.acknowledged:
            state = "acknowledged"
        standing.alert = self._name(one)
        standing.silenced = self._covered(one) and standing.level > 0
        alert = Alert(
            id=standing.alert,
            portfolio=limit.portfolio,
            rule=limit.rule,
            method=limit.method,
            confidence=limit.confidence,
            state=state,
            level="breach" if LEVELS[shown] == "breach" else "warning",
            value=one.value,
            limit=limit.levels[shown - 1],
            since=format_timestamp(standing.since),
            event_time=format_timestamp(event_time),
            journal_offset=self._moment.offset,
            scenario=limit.scenario,
            reason=reason or one.reason,
            silenced=self._covered(one),
        )
        self._alerts.append((shown, alert))
        self._limits.append(limit_row(one, self._moment.offset))

    def _name(self, one: Watched) -> str:
        """What tells this transition from all others, the same in every replay: it contains the event time, because
        another journal has the same offsets."""
        moment, limit = self._moment, one.limit
        said = (limit.portfolio, limit.name, moment.offset, moment.ordinal, self._event_time())
        return sha256(msgspec.json.encode(said)).hexdigest()[:24]

    def snapshot(self) -> bytes:
        """Everything as bytes."""
        watched = list(self._all())
        state = _State(watched, list(self._silences.values()), self._uncovered, self._feeds.state(), self._newest)
        return msgspec.msgpack.encode(state)

    def restore(self, state: bytes) -> None:
        """Become the actor that made this snapshot.

        Raises
        ------
        StateError
            It is damaged.
        """
        try:
            saved = msgspec.msgpack.decode(state, type=_State)
        except msgspec.DecodeError as error:
            raise StateError(f"the state of the alert actor is damaged: {error}") from error
        self._watched = {}
        for one in saved.watched:
            self._watched.setdefault(one.limit.portfolio, {})[one.limit.name] = one
        self._silences = {one.id: one for one in saved.silences}
        self._uncovered, self._newest = saved.uncovered, saved.newest
        self._feeds.restore(saved.feeds)


class _State(msgspec.Struct):
    watched: list[Watched]
    silences: list[Silence]
    uncovered: dict[str, int]
    feeds: SilenceState
    newest: int
