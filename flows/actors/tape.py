"""The tape: what the ticks of all instruments make of prices and bars, and which of them count."""

from dataclasses import asdict, dataclass, field
from math import isnan
from typing import Any, Literal

from flows.messages import Accepted
from riskcore.bars import BarSampler
from riskcore.jumps import JumpFilter
from riskcore.model import MarketModel
from riskcore.settings import RiskSettings
from storage.rows import VerdictRow


@dataclass(slots=True)
class Tally:
    """What the stream has been like so far; the counts are the run's, not one portfolio's."""

    late: int = 0
    rejected: int = 0
    suspect: int = 0
    """Rejected here, by what the book of prices makes of them: jumps that no next tick confirmed."""
    gaps: int = 0
    event_time: int = 0
    """Largest event time of an accepted tick, nanoseconds."""
    decided: dict[str, dict[str, list[int]]] = field(default_factory=dict)
    """By feed and symbol, how many are late and how many suspect."""

    def add(self, fate: Literal["late", "suspect"], feed: str, symbol: str) -> None:
        """Count a tick that bars or jumps have decided on."""
        counts = self.decided.setdefault(feed, {}).setdefault(symbol, [0, 0])
        if fate == "late":
            self.late += 1
            counts[0] += 1
        else:
            self.suspect += 1
            counts[1] += 1


class Tape:
    """Bars and newest prices of accepted ticks, without those that come too late or jump too far to be believed."""

    def __init__(self, settings: RiskSettings) -> None:
        self._settings = settings
        self.sampler = BarSampler(0, settings)
        self.tally = Tally()
        self._jumps: JumpFilter[Accepted] = JumpFilter(settings.jump, settings.min_observations)
        self.verdicts: list[VerdictRow] = []
        """What was decided since :meth:`decided` on ticks that do not count."""

    def take(self, event: Accepted) -> bool:
        """Take a tick in, or hold back one that jumps until the next; whether a price or a bar has changed."""
        number, jumps = event.instrument, self._jumps
        newest = self.sampler.newest[number]
        if abs(event.tick.price - newest) > jumps.limits[number] * abs(newest) or number in jumps.suspects:
            return self._judge(event, newest)
        self._believe(event)
        return True

    def finish(self) -> None:
        """The input has ended: nothing comes that could confirm what is held back."""
        for _, one in self._jumps.suspects.values():
            self._decide("suspect", one)
        self._jumps.suspects.clear()
        self.sampler.finish()

    def widen(self, more: int) -> None:
        """Make room for so many more instruments."""
        self.sampler.add(more)
        self._jumps.widen(len(self.sampler.newest))

    def learn(self, model: MarketModel) -> None:
        """Judge jumps by the volatilities that the model has now."""
        self._jumps.learn(model.volatility, model.observations, model.absolute)

    def has_ticks(self, number: int) -> bool:
        """Whether an instrument has had a tick."""
        return not isnan(self.sampler.newest[number])

    def decided(self) -> tuple[VerdictRow, ...]:
        """Hand the verdicts over."""
        verdicts, self.verdicts = tuple(self.verdicts), []
        return verdicts

    def state(self) -> dict[str, Any]:
        """What :meth:`restore` needs; without the verdicts: hand them over first."""
        return {"sampler": self.sampler.snapshot(), "tally": asdict(self.tally), "suspects": self._jumps.suspects}

    def restore(
        self, sampler: bytes, tally: dict[str, Any], suspects: dict[int, tuple[float, Accepted]], model: MarketModel
    ) -> None:
        """Become the tape that gave this state, beside this model."""
        self.sampler, self.tally = BarSampler.restore(sampler, self._settings), Tally(**tally)
        self.learn(model)
        self._jumps.suspects = suspects

    def _believe(self, event: Accepted) -> None:
        tick = event.tick
        if event.is_history:
            self.sampler.on_history(event.instrument, tick.event_time, tick.price)
            self._decide("late", event)
            return
        if self.sampler.on_tick(event.instrument, tick.feed, tick.event_time, tick.price, event.stamp):
            self._decide("late", event)
        self.tally.event_time = max(self.tally.event_time, tick.event_time)

    def _judge(self, event: Accepted, newest: float) -> bool:
        believed, refused = self._jumps.judge(event.instrument, event.tick.price, newest, event)
        for one in refused:
            self._decide("suspect", one)
        for one in believed:
            self._believe(one)
        return bool(believed)

    def _decide(self, fate: Literal["late", "suspect"], event: Accepted) -> None:
        tick = event.tick
        self.tally.add(fate, tick.feed, tick.symbol)
        self.verdicts.append(VerdictRow(event.offset, event.ordinal, fate, tick.feed, tick.symbol, tick.event_time))
